/** Times small functions. One process per contestant; the figures of several processes are medianed by micro.mjs. */

// Short, so that no queue of a contestant fills up before the event loop empties it.
const batchMs = 10
const batches = 51

/**
 * @param {Record<string, (times: number) => unknown>} cases each does its work `times` times, and returns something
 *   that depends on it so that the compiler cannot leave the work out
 * @param {() => void} [between] called between batches, outside of the time
 * @returns {Promise<Record<string, number>>} nanoseconds per time, median of the batches
 */
export async function clock(cases, between = () => {}) {
  const figures = {}
  for (const [name, work] of Object.entries(cases)) {
    const times = await calibrate(work, between)
    const samples = []
    for (let i = 0; i < batches; i++) {
      samples.push(nanoseconds(work, times) / times)
      await pause(between)
    }
    figures[name] = samples.sort((a, b) => a - b)[batches >> 1]
  }
  return figures
}

let kept

/** CPU time of the process: what others compute meanwhile does not count, garbage collection on its threads does. */
function nanoseconds(work, times) {
  const began = process.cpuUsage()
  kept = work(times)
  const { user, system } = process.cpuUsage(began)
  return (user + system) * 1000
}

/** Finds how often fits into a batch, and lets the compiler finish before the first sample. */
async function calibrate(work, between) {
  let times = 1000
  const until = performance.now() + 400
  for (;;) {
    const took = nanoseconds(work, times) / 1e6
    await pause(between)
    if (took < batchMs / 2) times *= 2
    else if (performance.now() > until) return Math.max(1, Math.round((times * batchMs) / took))
  }
}

/** The event loop gets its turn, so that timers and sockets of the contestant are served, but not in the time. */
async function pause(between) {
  between()
  await new Promise(setImmediate)
}

/** @param {Record<string, number>} figures */
export function report(figures) {
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(kept === figures ? 1 : 0))
}
