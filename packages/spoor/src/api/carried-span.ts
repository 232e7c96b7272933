import { followsFrom } from './reference.ts'
import type { Span } from './span.ts'
import type { SpanContext } from './span-context.ts'
import type { OpenTracer, StartSpanOptions } from './tracer.ts'

/**
 * Stands for a span of another thread or process where that is active: its children continue the trace. It is that one's
 * to describe and to finish, so all else does nothing.
 */
export class CarriedSpan implements Span {
  /** By this, copies of the package know each other's. */
  readonly carried = true
  /** Nothing of it is kept here, and nobody may take it for work that goes on in this process. */
  readonly recording = false
  readonly finished = true
  /** Whether what continues it does so without being its child. */
  readonly follows: boolean
  readonly #context: SpanContext
  readonly #tracer: OpenTracer

  constructor(context: SpanContext, tracer: OpenTracer, follows = false) {
    this.follows = follows
    this.#context = context
    this.#tracer = tracer
  }

  context(): SpanContext {
    return this.#context
  }

  tracer(): OpenTracer {
    return this.#tracer
  }

  setOperationName(_name: string): this {
    return this
  }

  setBaggageItem(_key: string, _value: string): this {
    return this
  }

  getBaggageItem(key: string): string | undefined {
    for (const [name, value] of this.#context.baggageItems?.() ?? []) if (name === key) return value
    return undefined
  }

  setTag(_key: string, _value: unknown): this {
    return this
  }

  addTags(_tags: object): this {
    return this
  }

  log(_fields: object, _timestamp?: number): this {
    return this
  }

  logEvent(_event: string, _payload: unknown): void {}

  finish(_finishTime?: number): void {}
}

/**
 * How to name a parent: tracers of others know their own contexts, but not a span that is none of theirs.
 */
export function referenceTo(parent: Span | SpanContext | null): StartSpanOptions {
  if (!(parent as Partial<CarriedSpan> | null)?.carried) return { childOf: parent }
  const context = (parent as CarriedSpan).context()
  return (parent as CarriedSpan).follows ? { references: [followsFrom(context)] } : { childOf: context }
}
