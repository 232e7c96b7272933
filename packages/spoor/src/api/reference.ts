import type { Span } from './span.ts'
import type { SpanContext } from './span-context.ts'

/** The parent depends on the child's result in some degree. */
export const REFERENCE_CHILD_OF = 'child_of'
/** The parent caused the child and does not depend on it. */
export const REFERENCE_FOLLOWS_FROM = 'follows_from'

export type ReferenceType = typeof REFERENCE_CHILD_OF | typeof REFERENCE_FOLLOWS_FROM

/** What tracers read of a reference: `opentracing@0.14`'s own class has the same two methods. */
export interface SpanReference {
  type(): string
  referencedContext(): SpanContext | Span | null | undefined
}

/** A causal link from a new span to an earlier one (OpenTracing specification 1.1, "References between Spans"). */
export class Reference implements SpanReference {
  readonly #type: string
  readonly #context: SpanContext | null

  /** @param referenced a span, a context, or nothing: tracers ignore a reference to nothing, so that the result of `extract` can be passed straight on */
  constructor(type: string, referenced: Span | SpanContext | null | undefined) {
    this.#type = type
    this.#context = contextOf(referenced)
  }

  type(): string {
    return this.#type
  }

  /** @throws never; null when there was nothing to refer to */
  referencedContext(): SpanContext {
    return this.#context as SpanContext
  }
}

export function childOf(parent: Span | SpanContext | null | undefined): Reference {
  return new Reference(REFERENCE_CHILD_OF, parent)
}

export function followsFrom(predecessor: Span | SpanContext | null | undefined): Reference {
  return new Reference(REFERENCE_FOLLOWS_FROM, predecessor)
}

/** The context of a span, or the context itself; null for nothing. Duck-typed: spans of any tracer, of any copy. */
export function contextOf(source: Span | SpanContext | null | undefined): SpanContext | null {
  if (source === null || source === undefined) return null
  return typeof (source as Span).context === 'function' ? (source as Span).context() : (source as SpanContext)
}
