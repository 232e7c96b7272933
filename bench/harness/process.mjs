/** Child processes of the bench: started on a core, awaited until they listen, and gone when the bench is. */
import { spawn, spawnSync } from 'node:child_process'

const children = new Set()

process.on('exit', () => {
  for (const child of children) child.kill(child.stopSignal)
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130))

/** Moves this process, and with it every child that it starts from now on, to one core. */
export function pinSelf(core) {
  const { status, error } = spawnSync('taskset', ['-cp', String(core), String(process.pid)])
  if (status !== 0) {
    throw new Error(
      `taskset cannot use core ${core} (${error?.message ?? `status ${status}`}); ` +
        'the bench needs Linux, two cores and util-linux',
    )
  }
}

/**
 * Starts a process and waits until it prints `listening <port>`.
 *
 * @param {string[]} command
 * @param {{ core?: number, env?: Record<string, string>, cwd?: string }} [options] `core`: else that of the bench
 * @returns {Promise<{ pid: number, port: number, startMs: number, stop: () => Promise<void> }>} `startMs` is
 *   the time from spawn to that line
 */
export async function startServer(command, { core, env = {}, cwd } = {}) {
  const began = performance.now()
  const child = start(command, { core, env, cwd })
  const { port, startMs } = await new Promise((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output = (output + chunk).slice(-4000)
      const line = /^listening (\d+)$/m.exec(output)
      if (line) resolve({ port: Number(line[1]), startMs: performance.now() - began })
    })
    child.once('exit', (code, signal) => reject(failure(command, code ?? signal, child)))
    child.once('error', reject)
    setTimeout(() => reject(failure(command, 'no `listening` line within 30 s', child)), 30_000).unref()
  })
  return { pid: child.pid, port, startMs, stop: () => stop(child) }
}

/** Runs a process to its end and returns what it printed; throws when it fails or takes longer than `timeoutMs`. */
export async function run(command, { core, env = {}, cwd, timeoutMs = 120_000 } = {}) {
  const child = start(command, { core, env, cwd })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const [code, signal] = await closed(child)
  clearTimeout(timer)
  if (code !== 0) throw failure(command, code ?? signal, child)
  return output
}

/**
 * Starts a process that stays, with the end of its stderr kept for error messages.
 *
 * @param {string[]} command
 * @param {object} [options]
 * @param {{ uid: number, gid: number }} [options.user] else that of the bench
 * @param {NodeJS.Signals} [options.stopSignal] how to end it
 */
export function start(command, { core, env = {}, cwd, user = {}, stopSignal = 'SIGKILL' } = {}) {
  const [file, ...args] = core === undefined ? command : ['taskset', '-c', String(core), ...command]
  const { PATH, HOME, LANG } = process.env
  // Nothing else of the environment: a NODE_OPTIONS or OTEL_* of the shell must not take part.
  const child = spawn(file, args, {
    ...user,
    cwd,
    env: { PATH, HOME, LANG: LANG ?? 'C.UTF-8', NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stopSignal = stopSignal
  child.complaint = ''
  child.stderr.on('data', (chunk) => {
    child.complaint = (child.complaint + chunk).slice(-4000)
  })
  children.add(child)
  child.once('close', () => children.delete(child))
  return child
}

/** Ends a process as its `stopSignal` says, and by force when that has not worked within five seconds. */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = closed(child)
  child.kill(child.stopSignal)
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(timer)
}

function closed(child) {
  return new Promise((resolve, reject) => {
    child.once('close', (code, signal) => resolve([code, signal]))
    child.once('error', reject)
  })
}

function failure(command, reason, child) {
  return new Error(`${command.join(' ')} ended: ${reason}\n${child.complaint}`)
}
