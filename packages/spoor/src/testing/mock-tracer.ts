import { UnsupportedFormat } from '../api/errors.ts'
import { isSilentSpan, silentSpan } from '../api/noop.ts'
import { contextOf, REFERENCE_CHILD_OF, type SpanReference } from '../api/reference.ts'
import type { Scope, ScopeManager } from '../api/scope.ts'
import type { Span } from '../api/span.ts'
import type { SpanContext } from '../api/span-context.ts'
import type { StartActiveSpanOptions, StartSpanOptions, Tracer } from '../api/tracer.ts'
import { AsyncLocalStorageScopeManager } from '../scope/async-local-storage.ts'
import { observation } from '../tracer/observation.ts'
import { startActive } from '../tracer/start-active.ts'
import { type MockPropagator, mockPropagators } from './mock-propagators.ts'
import { MockContext, type MockReference, MockSpan } from './mock-span.ts'

export interface MockTracerOptions {
  /** Follows asynchronous flows by default. Hand in a `StackScopeManager` to test code that must not rely on that. */
  readonly scopeManager?: ScopeManager
  /**
   * Whether `extract` throws `SpanContextCorrupted` for a carrier without a context, as the mock tracer of
   * opentracing-python does, so that callers prove that they survive it. `false` returns null instead. Default true.
   */
  readonly strictExtract?: boolean
}

/**
 * An OpenTracing tracer that keeps its spans in memory, with the behaviour of opentracing-python's `MockTracer`. It
 * shares no code with Spoor's own spans and contexts, so what works with it works with somebody else's tracer.
 *
 * @example
 * const tracer = new MockTracer()
 * await handle(request, { tracer })
 * assertNamesEqual(tracer.finishedSpans(), ['SELECT', 'GET /orders/:id'])
 */
export class MockTracer implements Tracer {
  readonly scopeManager: ScopeManager
  /** That its spans are told to `observation`. */
  readonly observed = true
  readonly #propagators: Map<string, MockPropagator>
  readonly #unfinished = new Set<MockSpan>()
  #finished: MockSpan[] = []
  #lastId = 0

  constructor(options: MockTracerOptions = {}) {
    this.scopeManager = options.scopeManager ?? new AsyncLocalStorageScopeManager()
    this.#propagators = mockPropagators(options.strictExtract ?? true)
  }

  get activeSpan(): Span | null {
    return this.scopeManager.activeSpan
  }

  /** The finished spans in the order in which they finished; a fresh array every time. */
  finishedSpans(): MockSpan[] {
    return [...this.#finished]
  }

  /** The spans that were started and not finished, in the order of their start. Empty after a clean test. */
  unfinishedSpans(): MockSpan[] {
    return [...this.#unfinished]
  }

  /** Forgets the finished spans. Identifiers go on counting, and spans still open will be recorded. */
  reset(): void {
    this.#finished = []
  }

  /** Sets or replaces the codec of a format, which may be one of your own. */
  registerPropagator(format: string, propagator: MockPropagator): void {
    this.#propagators.set(format, propagator)
  }

  startSpan(name: string, options: StartSpanOptions = {}): MockSpan {
    // Below a request that is ignored nothing is recorded, by this tracer as by any other.
    const silent = isSilentSpan(options.childOf) || (options.childOf == null && isSilentSpan(this.activeSpan))
    if (silent && options.ignoreActiveSpan !== true) return silentSpan as unknown as MockSpan
    const references = readReferences(options)
    const active = options.ignoreActiveSpan === true ? null : contextOf(this.activeSpan)
    if (references.length === 0 && active !== null) {
      references.push({ type: REFERENCE_CHILD_OF, context: active })
    }
    const parent = references.map(({ context }) => context).find((context) => context instanceof MockContext)
    const traceId = parent?.traceId ?? this.#nextId()
    const span = new MockSpan({
      tracer: this,
      operationName: name,
      context: new MockContext(traceId, this.#nextId(), parent?.baggage),
      parentId: parent?.spanId ?? null,
      references,
      startTime: options.startTime ?? this.now(),
      tags: options.tags ?? {},
    })
    this.#unfinished.add(span)
    observation.observer?.started(span)
    return span
  }

  startActiveSpan<Result>(name: string, fn: (span: Span) => Result): Result
  startActiveSpan<Result>(name: string, options: StartActiveSpanOptions, fn: (span: Span) => Result): Result
  startActiveSpan(name: string, options?: StartActiveSpanOptions): Scope
  startActiveSpan<Result>(
    name: string,
    optionsOrFn?: StartActiveSpanOptions | ((span: Span) => Result),
    fn?: (span: Span) => Result,
  ): Result | Scope {
    return startActive(this, name, optionsOrFn, fn)
  }

  /** Writes `ot-tracer-traceid`, `ot-tracer-spanid` and `ot-baggage-*`, or bytes. */
  inject(source: SpanContext | Span, format: string, carrier: unknown): void {
    const propagator = this.#propagator(format)
    const context = contextOf(source)
    if (context instanceof MockContext) propagator.inject(context, carrier)
  }

  /**
   * @throws {SpanContextCorrupted} also for a carrier without a context, unless `strictExtract` is false
   * @throws {UnsupportedFormat} for a format without a propagator
   * @throws {InvalidCarrier} for a carrier of the wrong kind
   */
  extract(format: string, carrier: unknown): MockContext | null {
    return this.#propagator(format).extract(carrier)
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** The tracer's clock: milliseconds since the Unix epoch, with fractions, never running backwards. */
  now(): number {
    return performance.timeOrigin + performance.now()
  }

  /** Called by a span that finishes. */
  recordFinished(span: MockSpan): void {
    this.#unfinished.delete(span)
    this.#finished.push(span)
    observation.observer?.finished(span)
  }

  #nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  #propagator(format: string): MockPropagator {
    const propagator = this.#propagators.get(format)
    if (propagator === undefined) throw new UnsupportedFormat(format)
    return propagator
  }
}

function readReferences({ childOf, references = [] }: StartSpanOptions): MockReference[] {
  const parent = contextOf(childOf)
  const first = parent === null ? [] : [{ type: REFERENCE_CHILD_OF, context: parent }]
  return [...first, ...references.flatMap(readReference)]
}

function readReference(reference: SpanReference): MockReference[] {
  const context = contextOf(reference.referencedContext())
  return context === null ? [] : [{ type: reference.type(), context }]
}
