import { contextOf, REFERENCE_CHILD_OF, type SpanReference } from '../api/reference.ts'
import type { Span } from '../api/span.ts'
import { FLAG_SAMPLED, isTraceContext, type SpanContext, TraceContext } from '../api/span-context.ts'
import type { SpanLink } from './finished-span.ts'
import { RecordingSpan } from './span.ts'

/** What a new span may continue: a live span of this tracer, or a context. */
export type Parent = RecordingSpan | TraceContext

/** Where a span comes from: OpenTracing's references, sorted into the one parent of OTLP and its links. */
export interface Lineage {
  parent: Parent | null
  /** Links for what one parent id cannot say: further references, and that the parent is not a `child_of`. */
  links: SpanLink[] | null
}

/** The attribute by which a link tells which kind of reference it was (OpenTelemetry, "OpenTracing Compatibility"). */
const REF_TYPE = 'opentracing.ref_type'

/**
 * The parent is `childOf`; else the first `child_of` reference, else the first of any kind. Everything else becomes
 * a link, and so does a parent that is not a `child_of`, so that nothing is lost. References to nothing are ignored.
 */
export function lineage(
  childOf: Span | SpanContext | null | undefined,
  references: readonly SpanReference[] | undefined,
): Lineage {
  let parent = asParent(childOf)
  if (references === undefined || references.length === 0) return { parent, links: null }
  const found = references.map(readReference).filter((reference) => reference !== null)
  if (parent === null) {
    const index = Math.max(
      0,
      found.findIndex((reference) => reference.type === REFERENCE_CHILD_OF),
    )
    parent = found[index]?.context ?? null
    if (found[index]?.type === REFERENCE_CHILD_OF) found.splice(index, 1)
  }
  const links = found.map(({ context, type }) => ({ context, attributes: [REF_TYPE, type] }))
  return { parent, links: links.length > 0 ? links : null }
}

/** A span or context of any tracer as something to continue; null for nothing, and for ids we cannot carry on. */
export function asParent(source: Span | SpanContext | null | undefined): Parent | null {
  if (source === null || source === undefined) return null
  if (source instanceof RecordingSpan) return source
  const context = contextOf(source)
  return context === null ? null : asContext(context)
}

function readReference(reference: SpanReference): { type: string; context: TraceContext } | null {
  // `opentracing@0.14.7` stores a span of another package as if it were a context, so it may be either.
  const context = contextOf(reference?.referencedContext?.())
  const parent = context === null ? null : asContext(context)
  return parent === null ? null : { type: reference.type(), context: parent }
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/

/** A context of ours, of another copy of ours, or of a foreign tracer whose ids have the same shape. */
function asContext(context: SpanContext): TraceContext | null {
  if (context instanceof TraceContext) return context
  if (isTraceContext(context)) {
    const { traceId, spanId, traceFlags, traceState, baggage, remote } = context as TraceContext
    return new TraceContext(traceId, spanId, traceFlags, traceState, baggage, remote)
  }
  const traceId = String(context.toTraceId?.() ?? '').padStart(32, '0')
  const spanId = String(context.toSpanId?.() ?? '').padStart(16, '0')
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId)) return null
  return new TraceContext(traceId, spanId, FLAG_SAMPLED)
}
