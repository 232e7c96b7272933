import { shared } from '../api/global.ts'
import { report } from '../log.ts'

/** Somebody who has spans to save when the process ends. */
export interface ProcessEndOptions {
  /** Hands everything over; the process waits for it, but not longer than `timeout`. */
  flush(): Promise<void>
  /** The last resort, in the `exit` event: synchronous. */
  exit(): void
  /** Called before `flush`: from here on, patience costs somebody's time. */
  hurry?: (() => void) | undefined
  /** Milliseconds. Default 3,000. */
  timeout?: number | undefined
}

/**
 * Saves spans when the process ends, and lets it end as it would have ended without us:
 *
 * * when the event loop runs dry, it is kept open until the flush is done, once;
 * * SIGTERM, SIGINT and SIGHUP, if the application does not listen for them: flush, then die of the same signal, so
 *   that the parent sees the same status. A second signal does not wait. If the application listens, it decides, and
 *   the flush runs alongside;
 * * `process.exit()` and uncaught exceptions: the synchronous last resort.
 *
 * What cannot be avoided: a process that is stuck in a loop no longer dies of these signals, because Node delivers
 * them through the event loop as soon as anybody listens; and `process.listenerCount()` counts our listener.
 *
 * @returns undoes everything
 */
export function onProcessEnd(options: ProcessEndOptions): () => void {
  if (ending.participants.size === 0) ending.uninstall = install()
  ending.participants.add(options)
  return () => {
    if (!ending.participants.delete(options) || ending.participants.size > 0) return
    ending.uninstall?.()
    ending.uninstall = undefined
  }
}

/**
 * Waits for a promise and keeps the process alive meanwhile: the exporter's own sockets and timers do not.
 *
 * @param timeout milliseconds, after which it is waited for no more
 */
export async function holdOpen(promise: Promise<unknown>, timeout: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeout)
  })
  try {
    await Promise.race([promise, bound])
  } catch (error) {
    report('flush at end', 'spans could not be handed over while the process ended', error)
  } finally {
    clearTimeout(timer)
  }
}

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

const SIGNALS: readonly Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP']
const TIMEOUT = 3000

/** One set of listeners for all copies of this package: two sets would each take the other for the application's. */
const ending = shared('process-end.1', () => ({
  participants: new Set<ProcessEndOptions>(),
  uninstall: undefined as (() => void) | undefined,
}))

function install(): () => void {
  let flushed = false
  let dying = false

  const onBeforeExit = (): void => {
    // Waiting turns the event loop once more, and Node emits `beforeExit` again: do not wait again.
    if (flushed) return
    flushed = true
    void flushAll()
  }

  const onExit = (): void => {
    for (const participant of ending.participants) {
      try {
        participant.exit()
      } catch (error) {
        report('exit', 'spans could not be saved while the process ended', error)
      }
    }
  }

  const onSignal = (signal: NodeJS.Signals): void => {
    if (dying) {
      die(signal)
      return
    }
    const listened = process.rawListeners(signal).some((listener) => listener !== onSignal)
    if (!listened) dying = true
    void flushAll().then(() => {
      if (!listened) die(signal)
    })
  }

  /** With the last listener gone the signal has its default effect again. */
  const die = (signal: NodeJS.Signals): void => {
    process.off(signal, onSignal)
    process.kill(process.pid, signal)
  }

  process.on('beforeExit', onBeforeExit)
  process.on('exit', onExit)
  for (const signal of SIGNALS) process.on(signal, onSignal)
  const unhide = hide(onSignal)

  return () => {
    unhide()
    process.off('beforeExit', onBeforeExit)
    process.off('exit', onExit)
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}

async function flushAll(): Promise<void> {
  const flushes = [...ending.participants].map(async (participant) => {
    participant.hurry?.()
    await holdOpen(participant.flush(), participant.timeout ?? TIMEOUT)
  })
  await Promise.allSettled(flushes)
}

/**
 * Leaves our listener out of `process.listeners(signal)`. `signal-exit`, which half of npm depends on, kills the
 * process only if it finds there nobody but itself (signal-exit 4.1, src/index.ts, "exit if we have no other
 * listeners"); with us in that list, neither would, and the process would go on for ever.
 */
function hide(listener: (signal: NodeJS.Signals) => void): () => void {
  const original = process.listeners
  const listeners = function (this: NodeJS.Process, event: string): unknown[] {
    return (original as (event: string) => unknown[]).call(this, event).filter((item) => item !== listener)
  } as typeof process.listeners
  const before = Object.getOwnPropertyDescriptor(process, 'listeners')
  Object.defineProperty(process, 'listeners', { value: listeners, configurable: true, writable: true })
  return () => {
    if (process.listeners !== listeners) return // somebody has put theirs on top; ours then does no harm
    if (before !== undefined) Object.defineProperty(process, 'listeners', before)
    else delete (process as { listeners?: unknown }).listeners
  }
}
