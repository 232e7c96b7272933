/**
 * The library's own voice: quiet, on stderr, and once per cause. A tracing library that fills the log of the
 * application it serves does more harm than the fault it tells of.
 */
import { shared } from './api/global.ts'

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/** Receives one line without a line end. */
export type LogWriter = (line: string) => void

interface LogState {
  level: LogLevel
  write: LogWriter
  reported: Set<string>
}

const SEVERITY: Record<LogLevel, number> = { silent: 0, error: 1, warn: 2, info: 3, debug: 4 }

/** Causes hold addresses and status codes, so there are few; a bound keeps a hostile server from growing the set. */
const MAX_CAUSES = 500
const MAX_LINE = 2000

const state: LogState = shared('log.1', () => ({ level: 'warn', write: writeToStderr, reported: new Set() }))

/**
 * Says that something went wrong, the first time that this cause occurs.
 *
 * @param cause identifies the cause; a code that begins with `SPOOR_` is printed with the message
 * @param message what happened, and what to do about it
 * @param error its message is appended; its stack too at level `debug`
 * @param level `warn` by default
 * @returns whether it was printed
 */
export function report(cause: string, message: string, error?: unknown, level: LogLevel = 'warn'): boolean {
  if (state.reported.has(cause)) return false
  // At the bound nothing new is said: forgetting old causes would make them print again and again.
  if (state.reported.size >= MAX_CAUSES) return false
  state.reported.add(cause)
  return print(level, (cause.startsWith('SPOOR_') ? `${message} [${cause}]` : message) + detail(error))
}

/** Allows a cause to be reported again, because its end has been told. */
export function forget(cause: string): void {
  state.reported.delete(cause)
}

/** Says that a reported fault has ended, or what it has cost. Each call prints. */
export function warn(message: string): void {
  print('warn', message)
}

/** Tells of something that is not a fault and happens seldom: the address of a viewer. */
export function info(message: string): void {
  print('info', message)
}

/** For those who look for a fault; each call prints. */
export function debug(message: string, error?: unknown): void {
  print('debug', message + detail(error))
}

/** @param level everything up to this level is printed; `warn` by default */
export function setLogLevel(level: LogLevel): void {
  state.level = level
}

export function logLevel(): LogLevel {
  return state.level
}

/** Replaces where lines go. Returns the function that puts the former writer back. */
export function setLogWriter(write: LogWriter): () => void {
  const former = state.write
  state.write = write
  return () => {
    state.write = former
  }
}

/** Forgets every reported cause. For tests. */
export function resetLog(): void {
  state.reported.clear()
}

function print(level: LogLevel, message: string): boolean {
  if (SEVERITY[level] > SEVERITY[state.level]) return false
  try {
    state.write(`spoor: ${message.length > MAX_LINE ? `${message.slice(0, MAX_LINE)}…` : message}`)
    return true
  } catch {
    return false // there is nobody left to tell
  }
}

function detail(error: unknown): string {
  if (error === undefined) return ''
  try {
    if (!(error instanceof Error)) return `: ${String(error)}`
    return `: ${state.level === 'debug' ? (error.stack ?? error.message) : error.message}`
  } catch {
    return ''
  }
}

// `console.error` and not `process.stderr.write`: it swallows the EPIPE of a closed stderr, which would otherwise
// be an uncaught exception in the application; and it exists in browsers.
function writeToStderr(line: string): void {
  console.error(line)
}
