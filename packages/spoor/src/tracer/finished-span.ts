import type { TraceContext } from '../api/span-context.ts'

/** OTLP status codes (trace.proto, `Status.StatusCode`). */
export const STATUS_UNSET = 0
export const STATUS_OK = 1
export const STATUS_ERROR = 2

/** Keys and values in turn: `[key, value, key, value, …]`. Keys are unique. */
export type FlatAttributes = unknown[]

/** Something that happened during a span. */
export interface SpanEvent {
  readonly name: string
  /** Milliseconds since the epoch, with fractions. */
  readonly time: number
  readonly attributes: FlatAttributes
  readonly droppedAttributes: number
}

/** A reference beyond the parent. */
export interface SpanLink {
  readonly context: TraceContext
  readonly attributes: FlatAttributes
}

/**
 * What the recorder is given at `finish()`: a read-only view of the live span. A sink encodes or copies it before it
 * returns, and keeps no reference, so that spans die young.
 */
export interface FinishedSpan {
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits. */
  readonly spanId: string
  /** 16 lower-case hex digits, `''` for a root. */
  readonly parentSpanId: string
  /** True when the parent is in another process. */
  readonly parentIsRemote: boolean
  /** `FLAG_*` bits. */
  readonly traceFlags: number
  readonly traceState: string
  readonly name: string
  /** OTLP kind, 1 to 5. */
  readonly kind: number
  /** Milliseconds since the epoch, with fractions. */
  readonly startTime: number
  readonly endTime: number
  readonly attributes: FlatAttributes
  readonly droppedAttributes: number
  readonly events: readonly SpanEvent[] | null
  readonly droppedEvents: number
  readonly links: readonly SpanLink[] | null
  readonly droppedLinks: number
  /** OTLP status code, 0 to 2. */
  readonly statusCode: number
  readonly statusMessage: string
}

/**
 * Where finished spans go. `record` runs on the application's hot path: it must be synchronous and quick; the
 * recorder catches what it throws, reports it once and goes on.
 */
export interface SpanSink {
  record(span: FinishedSpan): void
  /** Resolves when everything recorded so far has been handed over or given up. Never rejects. */
  flush(): Promise<void>
  /** Flushes and releases everything. Idempotent, never rejects. */
  close(): Promise<void>
  /** The process is about to end: patience costs somebody's time from here on. */
  hurry?(): void
  /** Called from the process's `exit` event: whatever can still be done synchronously. */
  exit?(): void
}
