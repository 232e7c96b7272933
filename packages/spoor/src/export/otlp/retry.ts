/** The longest wait between attempts, in milliseconds, unless the collector asks for a longer one. */
const MAX_DELAY = 15_000

/**
 * How long to wait before the next attempt: as long as the collector asks, else exponentially longer with full
 * jitter, so that the processes of a fleet do not come back all at once (OTLP specification, "OTLP/HTTP Throttling").
 *
 * @param attempt how many attempts were made, at least 1
 * @param first milliseconds up to which the wait after the first attempt may be
 * @param retryAfter the header of that name: seconds, or a date (RFC 9110, section 10.2.3)
 * @returns milliseconds
 */
export function retryDelay(attempt: number, first: number, retryAfter?: string | undefined): number {
  const asked = parseRetryAfter(retryAfter)
  if (asked !== undefined) return asked
  return Math.random() * Math.min(MAX_DELAY, first * 2 ** (attempt - 1))
}

/** Milliseconds from now; undefined for a value that is neither seconds nor a date. */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  if (/^\d+$/.test(text)) return Math.min(Number(text), 86_400) * 1000
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
