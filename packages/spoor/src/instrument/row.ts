import type { Span } from '../api/span.ts'
import type { SpanContext } from '../api/span-context.ts'
import type { FactWriter } from '../semantics/dialect.ts'
import type { Runtime } from './runtime.ts'

/**
 * What one kind of event means. Rows are made by the categories (`database`, `httpClient`, `route`, …) from the small
 * functions of a table; the engine alone calls them, and guards every call.
 */
export interface Row<Event> {
  /** `span`: opens a span of its own · `enrich`: adds to a span that is there · `context`: carries the context over a queue. */
  readonly does: 'span' | 'enrich' | 'context'
  /** OTLP kind of the span that it opens. */
  readonly kind: number
  /** Operation name, at start. */
  name(event: Event): string
  /** True for events that are nobody's business: nothing is allocated for them. */
  skip?(event: Event): boolean
  /** The span's parent, where that is not the active span; undefined for the active one. */
  parent?(event: Event): EngineParent | undefined
  /** Whether to open a span only where another is active. */
  readonly onlyInTrace?: boolean
  /** Which span to enrich; null when there is none. */
  target?(event: Event, runtime: Runtime): EngineSpan | null
  /** Facts that are known at start. Only called when somebody keeps them. */
  describe(event: Event, to: FactWriter, runtime: Runtime): void
  /** The span is there, and nothing of it has left the process yet. */
  began?(event: Event, span: EngineSpan, runtime: Runtime): void
  /** Facts that are known at the end. `span` may be renamed too. */
  conclude?(event: Event, span: EngineSpan, runtime: Runtime): void
  /** What the event says went wrong, where that is neither thrown nor rejected. */
  failure?(event: Event): unknown
  /** How to tell that it went wrong, where the span is not the operation's own; by default the span is marked as failed. */
  fail?(event: Event, span: EngineSpan, error: unknown): void
}

/** One call of a wrapped method. */
export interface Call<Self = any, Args extends readonly unknown[] = readonly any[], Result = any> {
  readonly self: Self
  readonly args: Args
  /** What it returned, resolved to, or passed to its callback. */
  result?: Result
  /** What it threw, rejected with, or passed to its callback. */
  error?: unknown
}

/** What the engine uses of a span beyond OpenTracing where it is there: Spoor's own spans have it, foreign ones need not. */
export interface EngineSpan extends Span, Partial<FactWriter> {
  /** False when nothing is kept of it. */
  readonly recording?: boolean
  readonly finished?: boolean
  readonly muted?: boolean
  readonly kind?: number
  /** Where its trace entered this process: the server span, in a request. */
  readonly root?: EngineSpan
  /** A name that gives way to one of the application's. */
  suggestName?(name: string): void
  /** Sends nothing of its trace from this process. */
  mute?(): void
  /** Keeps back what is finished below it until it is known whether it is of interest. */
  hold?(): void
  /** Sends what was kept back. */
  release?(): void
}

/** What a span may continue. */
export type EngineParent = EngineSpan | SpanContext | null

/** Writes to any span: without a search on ours, as tags on foreign ones. */
export function writerOf(span: EngineSpan): FactWriter {
  return typeof span.append === 'function'
    ? (span as FactWriter)
    : { append: (key, value) => span.setTag(key, value) }
}
