import type { SpanContext } from './span-context.ts'
import { ERROR } from './tags.ts'
import type { OpenTracer } from './tracer.ts'

/** Tag and log values. Strings, numbers and booleans travel as they are; anything else is rendered as text. */
export type TagValue = unknown

export type TagMap = { [key: string]: TagValue }

/**
 * A timed operation (OpenTracing specification 1.1, "Span"). Times are milliseconds since the Unix epoch, with
 * fractions. After {@link finish} only {@link context} has a defined meaning; other calls do nothing.
 */
export interface Span {
  /** The span's context. It stays usable after `finish()`. */
  context(): SpanContext
  /** The tracer that made this span. */
  tracer(): OpenTracer
  setOperationName(name: string): this
  /** Passes an item on to *future* children, here and across the wire. The span's context is replaced. */
  setBaggageItem(key: string, value: string): this
  getBaggageItem(key: string): string | undefined
  /** Sets one tag; the last value of a key wins. */
  setTag(key: string, value: TagValue): this
  addTags(tags: TagMap): this
  /**
   * Records something that happened during the span.
   *
   * @param fields what happened; `event` is its stable name
   * @param timestamp milliseconds since the epoch, now by default
   */
  log(fields: TagMap, timestamp?: number): this
  /** @deprecated since OpenTracing 1.0; use `log({ event, payload })`. */
  logEvent(event: string, payload: unknown): void
  /** @param finishTime milliseconds since the epoch, now by default */
  finish(finishTime?: number): void
}

/**
 * Marks a span as failed, in the one shape that errors have everywhere: tag `error=true` and one log with
 * `event`, `error.object`, `error.kind`, `message` and `stack` (OpenTracing semantic conventions, "Log fields").
 *
 * @param error whatever was thrown; it need not be an `Error`
 */
export function recordError(span: Span, error: unknown): void {
  span.setTag(ERROR, true)
  span.log(errorFields(error))
}

/** The log fields that describe an error. Total: an error that throws when it is read is described as such. */
export function errorFields(error: unknown): TagMap {
  const fields: TagMap = { event: 'error', 'error.object': error, 'error.kind': typeof error }
  try {
    if (error !== null && typeof error === 'object') {
      const { name, message, stack } = error as Partial<Error>
      fields['error.kind'] = typeof name === 'string' ? name : 'Error'
      fields['message'] = typeof message === 'string' ? message : String(message ?? '')
      if (typeof stack === 'string') fields['stack'] = stack
    } else fields['message'] = String(error)
  } catch {
    fields['message'] = '[error that cannot be read]'
  }
  return fields
}
