import type { Span, TagMap } from '../api/span.ts'
import type { SpanContext } from '../api/span-context.ts'
import type { MockTracer } from './mock-tracer.ts'

/** The context of a {@link MockSpan}. Identifiers are small numbers, so that a failing test is easy to read. */
export class MockContext implements SpanContext {
  readonly traceId: number
  readonly spanId: number
  readonly baggage: ReadonlyMap<string, string>

  constructor(traceId: number, spanId: number, baggage: ReadonlyMap<string, string> = new Map()) {
    this.traceId = traceId
    this.spanId = spanId
    this.baggage = baggage
  }

  /** Hexadecimal. */
  toTraceId(): string {
    return this.traceId.toString(16)
  }

  /** Hexadecimal. */
  toSpanId(): string {
    return this.spanId.toString(16)
  }

  baggageItems(): Iterable<[string, string]> {
    return this.baggage.entries()
  }
}

/** A reference as the mock tracer keeps it. The context may be one of another tracer's. */
export interface MockReference {
  readonly type: string
  readonly context: SpanContext
}

export interface MockLog {
  readonly fields: TagMap
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number
}

/** What a mock tracer decides about a span before it exists. */
export interface MockSpanStart {
  readonly tracer: MockTracer
  readonly operationName: string
  readonly context: MockContext
  readonly parentId: number | null
  readonly references: readonly MockReference[]
  readonly startTime: number
  readonly tags: TagMap
}

/** A span whose every detail can be read back. Times are milliseconds since the Unix epoch. */
export class MockSpan implements Span {
  operationName: string
  readonly startTime: number
  /** -1 until the span is finished. */
  finishTime = -1
  /** Span id of the parent, or null for a root. */
  readonly parentId: number | null
  /** Every reference the span was started with, `childOf` first; the first one names the parent. */
  readonly references: readonly MockReference[]
  readonly tags: TagMap
  readonly logs: MockLog[] = []
  readonly #tracer: MockTracer
  #context: MockContext

  /** Made by {@link MockTracer} only. */
  constructor(start: MockSpanStart) {
    this.#tracer = start.tracer
    this.#context = start.context
    this.operationName = start.operationName
    this.startTime = start.startTime
    this.parentId = start.parentId
    this.references = start.references
    this.tags = { ...start.tags }
  }

  get finished(): boolean {
    return this.finishTime !== -1
  }

  /** The context's trace id, in its own notation. */
  get traceId(): string {
    return this.#context.toTraceId()
  }

  /** The context's span id, in its own notation. */
  get spanId(): string {
    return this.#context.toSpanId()
  }

  /** The parent's span id in the notation of {@link spanId}; `''` for a root. */
  get parentSpanId(): string {
    return this.parentId === null ? '' : this.parentId.toString(16)
  }

  context(): MockContext {
    return this.#context
  }

  tracer(): MockTracer {
    return this.#tracer
  }

  setOperationName(name: string): this {
    if (!this.finished) this.operationName = name
    return this
  }

  setBaggageItem(key: string, value: string): this {
    if (this.finished) return this
    const { traceId, spanId, baggage } = this.#context
    this.#context = new MockContext(traceId, spanId, new Map(baggage).set(key, value))
    return this
  }

  getBaggageItem(key: string): string | undefined {
    return this.#context.baggage.get(key)
  }

  setTag(key: string, value: unknown): this {
    if (!this.finished) this.tags[key] = value
    return this
  }

  addTags(tags: TagMap): this {
    if (!this.finished) Object.assign(this.tags, tags)
    return this
  }

  log(fields: TagMap, timestamp: number = this.#tracer.now()): this {
    if (!this.finished) this.logs.push({ fields: { ...fields }, timestamp })
    return this
  }

  logEvent(event: string, payload: unknown): void {
    this.log({ event, payload })
  }

  finish(finishTime: number = this.#tracer.now()): void {
    if (this.finished) return
    this.finishTime = finishTime
    this.#tracer.recordFinished(this)
  }
}
