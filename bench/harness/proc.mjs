/** What the kernel knows about a process (Linux, proc(5)). */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU time of all threads of a process so far, in microseconds.
 *
 * `schedstat` counts nanoseconds; `utime` and `stime` of `stat` come in ticks of 10 ms, which at 12 µs per request
 * would be an error of several percent. A thread that has ended is missing from the first and counted in the
 * second, so the second is taken where it is ahead by more than its own graininess.
 */
export function cpuMicroseconds(pid) {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    } catch (error) {
      // ENOENT and ESRCH: the thread ended after it was listed, or the kernel keeps no such statistics.
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error
    }
  }
  const fine = nanoseconds / 1000
  const coarse = ticksMicroseconds(pid)
  return coarse - fine > 2 * tickMicroseconds ? coarse : fine
}

/** @returns {{ residentMb: number, peakMb: number }} VmRSS and VmHWM */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]) / 1024
  return { residentMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') }
}

// USER_HZ is 100 on every architecture that Node is built for.
const tickMicroseconds = 10_000

function ticksMicroseconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field, the name, is in parentheses and may contain spaces; utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMicroseconds
}
