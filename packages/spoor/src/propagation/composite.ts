import type { Propagator } from '../api/propagator.ts'
import { FLAG_DEFERRED } from '../api/span-context.ts'
import { isSpanId, isTraceId } from './hex.ts'

/**
 * What to do with the trace of a caller:
 *
 * - `continue` it: our spans become its children;
 * - `restart`: begin a trace of our own that links to it (for services that take requests from strangers); baggage
 *   is taken over;
 * - `ignore` it, baggage included.
 *
 * What we send on to others is the same in all three.
 */
export type ExtractPolicy = 'continue' | 'restart' | 'ignore'

export interface CompositeOptions {
  /** Default `continue`. */
  readonly policy?: ExtractPolicy
  /** Told what a propagator of your own has thrown. It counts as having found nothing. */
  readonly onError?: (error: unknown, propagator: Propagator) => void
}

/**
 * Several formats as one. Reading, the first in order that finds ids decides on ids, flags and state, and baggage is
 * gathered from all of them; writing, all of them write. One that is given twice counts once.
 *
 * A context that is returned without ids may hold a decision nevertheless (`b3: 0`, `jaeger-debug-id`): then its flags
 * lack `FLAG_DEFERRED`, and the trace that starts here follows them.
 */
export function composite(propagators: readonly Propagator[], options: CompositeOptions = {}): Propagator {
  const { policy = 'continue', onError = () => {} } = options
  const parts = [...new Set(propagators)]
  return {
    name: parts.map((part) => part.name).join(','),
    fields: [...new Set(parts.flatMap((part) => part.fields))],

    inject(context, carrier, access) {
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i] as Propagator
        try {
          part.inject(context, carrier, access)
        } catch (error) {
          tell(onError, error, part)
        }
      }
    },

    extract(context, carrier, access) {
      if (policy === 'ignore') return false
      if (context.traceId === '') context.traceFlags = FLAG_DEFERRED
      let found = false
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i] as Propagator
        try {
          if (part.extract(context, carrier, access)) found = true
        } catch (error) {
          // It may have stopped half way: no ids are better than half of them.
          if (!isTraceId(context.traceId) || !isSpanId(context.spanId)) {
            context.traceId = ''
            context.spanId = ''
            context.traceFlags = FLAG_DEFERRED
          }
          tell(onError, error, part)
        }
      }
      if (policy === 'restart' && context.traceId !== '') context.relation = 'link'
      return found
    },
  }
}

function tell(
  onError: (error: unknown, propagator: Propagator) => void,
  error: unknown,
  part: Propagator,
): void {
  try {
    onError(error, part)
  } catch {
    // Reporting is no reason to fail a request either.
  }
}
