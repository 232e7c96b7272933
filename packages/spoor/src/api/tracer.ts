import type { SpanReference } from './reference.ts'
import type { Scope, ScopeManager } from './scope.ts'
import type { Span, TagMap } from './span.ts'
import type { SpanContext } from './span-context.ts'

export interface StartSpanOptions {
  /** The parent. Given together with `references` it comes first. Null and undefined are ignored. */
  childOf?: Span | SpanContext | null | undefined
  /** Zero or more references; those that refer to nothing are ignored. */
  references?: readonly SpanReference[] | undefined
  tags?: TagMap | undefined
  /** Milliseconds since the Unix epoch, with fractions; now by default. */
  startTime?: number | undefined
  /** Do not take the active span as parent when no other is given. */
  ignoreActiveSpan?: boolean | undefined
}

export interface StartActiveSpanOptions extends StartSpanOptions {
  /** Finish the span when its scope is closed, or when the callback has settled. Default true. */
  finishOnClose?: boolean | undefined
}

/** The three operations every OpenTracing tracer has. Tracers written for `opentracing@0.14.7` satisfy it. */
export interface OpenTracer {
  startSpan(name: string, options?: StartSpanOptions): Span
  /**
   * Writes a context into a carrier.
   *
   * @throws {UnsupportedFormat} for a format the tracer does not know
   * @throws {InvalidCarrier} for a carrier of the wrong kind
   */
  inject(context: SpanContext | Span, format: string, carrier: unknown): void
  /**
   * Reads a context from a carrier.
   *
   * @returns null when there is none
   * @throws {UnsupportedFormat}, {InvalidCarrier} as above; {SpanContextCorrupted} for bytes that cannot be read.
   *   Text carriers never make it throw: what cannot be read is ignored, as W3C Trace Context asks.
   */
  extract(format: string, carrier: unknown): SpanContext | null
}

/** An OpenTracing tracer with what its JavaScript version never got: the scope manager. */
export interface Tracer extends OpenTracer {
  readonly scopeManager: ScopeManager
  /** The active span of the current asynchronous flow, or null. */
  readonly activeSpan: Span | null
  /**
   * Runs `fn` with a new span active. A thrown or rejected error is recorded on the span; the span is finished when
   * what `fn` returned has settled: a promise, an async iterator, a stream, or at once.
   *
   * @returns exactly what `fn` returned
   */
  startActiveSpan<Result>(name: string, fn: (span: Span) => Result): Result
  startActiveSpan<Result>(name: string, options: StartActiveSpanOptions, fn: (span: Span) => Result): Result
  /** Starts a span and makes it active until the scope is closed. See {@link ScopeManager.activate} for its limits. */
  startActiveSpan(name: string, options?: StartActiveSpanOptions): Scope
  /** Sends what is finished. Resolves when it has been handed over or given up; never rejects. */
  flush(): Promise<void>
  /** Flushes and stops. Idempotent; spans finished later are dropped. Never rejects. */
  close(): Promise<void>
}
