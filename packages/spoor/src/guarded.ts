import { report } from './log.ts'

/**
 * Calls what the user gave. What it throws is reported once and goes no further. It may be asynchronous: nobody waits for
 * it, and nobody else would see it reject.
 *
 * @param cause as {@link report} takes it
 * @param message what happened, and what it means for the rest
 * @returns what the callback returns; undefined where it throws
 */
export function guarded(cause: string, message: string, callback: () => unknown): unknown {
  const complain = (error: unknown): void => void report(cause, message, error)
  try {
    const result = callback()
    if (result instanceof Promise) result.then(undefined, complain)
    return result
  } catch (error) {
    complain(error)
    return undefined
  }
}
