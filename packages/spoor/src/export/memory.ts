import type { FinishedSpan, SpanSink } from '../tracer/finished-span.ts'
import { type SpanData, snapshot } from './span-data.ts'

export interface MemorySinkOptions {
  /** How many spans are kept; beyond it the oldest goes. Default 10,000. */
  limit?: number | undefined
}

/**
 * Keeps finished spans in memory, for tests and for looking at them in a debugger.
 *
 * @example
 * const sink = new MemorySink()
 * // … run what is under test with a tracer that records into the sink …
 * assert.equal(sink.spans[0].name, 'GET /hello')
 */
export class MemorySink implements SpanSink {
  /** Finished spans in the order in which they finished. */
  readonly spans: SpanData[] = []
  /** How many spans went because of the limit. */
  dropped = 0
  readonly #limit: number
  #closed = false

  constructor(options: MemorySinkOptions = {}) {
    this.#limit = options.limit ?? 10_000
  }

  record(span: FinishedSpan): void {
    if (this.#closed) return
    this.spans.push(snapshot(span))
    if (this.spans.length <= this.#limit) return
    this.spans.shift()
    this.dropped++
  }

  /** Forgets all spans. */
  reset(): void {
    this.spans.length = 0
    this.dropped = 0
  }

  async flush(): Promise<void> {}

  /** Nothing is recorded any more; the spans stay readable. */
  async close(): Promise<void> {
    this.#closed = true
  }
}
