/** Everything known of single spans, fetched when somebody looks at them, kept while the trace is open. */
import { type Signal, signal } from '@preact/signals'
import type { SpanDetail } from '../../api.ts'
import { type Failure, fetchSpan } from '../client.ts'

export type Loaded = { readonly detail: SpanDetail } | { readonly failure: Failure } | null

const KEPT = 300

export class SpanDetails {
  readonly #traceId: string
  readonly #arrivals: Signal<number> = signal(0)
  readonly #known: Map<string, Signal<Loaded>> = new Map()

  constructor(traceId: string) {
    this.#traceId = traceId
  }

  /** Asks for the span unless that was done already. @returns what is known of it now and later; null while it loads. */
  of(spanId: string): Signal<Loaded> {
    let entry = this.#known.get(spanId)
    if (!entry) {
      entry = signal<Loaded>(null)
      this.#known.set(spanId, entry)
      if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value!)
      void this.#load(spanId, entry)
    }
    return entry
  }

  /** What is known of the span, without asking; whoever reads it hears when it arrives. */
  peek(spanId: string): Loaded {
    void this.#arrivals.value
    return this.#known.get(spanId)?.value ?? null
  }

  /** Tries the failed ones again; spans that arrived stay, since a finished span does not change. */
  retry(): void {
    for (const [spanId, entry] of this.#known) {
      if (entry.value && 'failure' in entry.value) void this.#load(spanId, entry)
    }
  }

  async #load(spanId: string, entry: Signal<Loaded>): Promise<void> {
    try {
      entry.value = { detail: await fetchSpan(this.#traceId, spanId) }
      this.#arrivals.value++
    } catch (error) {
      entry.value = { failure: error as Failure }
    }
  }
}
