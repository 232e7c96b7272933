import { shared } from '../api/global.ts'

/**
 * Hears of every span that a tracer of ours starts and finishes, whichever tracer it is. `spoor/testing` listens while a
 * capture runs; otherwise nobody does, and a span costs one comparison with null.
 */
export interface SpanObserver {
  /** Called synchronously at the start, in the flow that starts the span. Must not throw. */
  started(span: object): void
  /** Called when the span is handed in: not for spans that are not sampled, or belong to a request that is ignored. */
  finished(span: object): void
}

/** One for all copies of the package: tests load `spoor/testing` from another file than the application loads `spoor`. */
export const observation: { observer: SpanObserver | null } = shared('observation.1', () => ({
  observer: null,
}))
