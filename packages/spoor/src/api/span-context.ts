/** The part of a span that crosses process boundaries (OpenTracing specification 1.1, "SpanContext"). */
export interface SpanContext {
  /** Trace id in the tracer's own notation, `''` if unknown (trace-identifiers RFC). */
  toTraceId(): string
  /** Span id in the tracer's own notation, `''` if unknown. */
  toSpanId(): string
  /** Every baggage item. Missing on contexts of tracers written for `opentracing@0.14`, which cannot iterate. */
  baggageItems?(): Iterable<[key: string, value: string]>
}

/** Bit of {@link TraceContext.traceFlags}: the caller may have recorded the trace (W3C level 1). */
export const FLAG_SAMPLED = 0x01
/** Bit: the low 56 bits of the trace id are random (W3C level 2). */
export const FLAG_RANDOM = 0x02
/** Bit, never on the W3C wire: keep this trace whatever the sampler says (B3 `d`, Jaeger debug). */
export const FLAG_DEBUG = 0x100
/** Bit, never on the W3C wire: the caller left the sampling decision to us (B3 without state, X-Ray `?`). */
export const FLAG_DEFERRED = 0x200

/** The bits that travel in a `traceparent`. */
export const W3C_FLAGS: number = FLAG_SAMPLED | FLAG_RANDOM

export const NO_BAGGAGE: ReadonlyMap<string, string> = new Map()

/**
 * Spoor's span context: W3C identifiers, flags and state, with immutable baggage. Propagators fill it, spans hand
 * it out. A value object: nothing may change it once a propagator has returned it.
 */
export class TraceContext implements SpanContext {
  /** 32 lower-case hex digits; `''` while only baggage is known. */
  traceId: string
  /** 16 lower-case hex digits; `''` while only baggage is known. */
  spanId: string
  /** `FLAG_*` bits. */
  traceFlags: number
  /** The `tracestate` header as it will be sent on, `''` for none. */
  traceState: string
  baggage: ReadonlyMap<string, string>
  /** True when it came over the wire. */
  remote: boolean
  /** `'link'`: whoever continues it starts a new trace that links here (the propagation policy `restart`). */
  relation: 'parent' | 'link' = 'parent'

  constructor(
    traceId: string,
    spanId: string,
    traceFlags: number,
    traceState = '',
    baggage: ReadonlyMap<string, string> = NO_BAGGAGE,
    remote = false,
  ) {
    this.traceId = traceId
    this.spanId = spanId
    this.traceFlags = traceFlags
    this.traceState = traceState
    this.baggage = baggage
    this.remote = remote
  }

  toTraceId(): string {
    return this.traceId
  }

  toSpanId(): string {
    return this.spanId
  }

  baggageItems(): Iterable<[string, string]> {
    return this.baggage.entries()
  }
}

/** Whether a context carries Spoor's fields, whichever copy of the package made it. */
export function isTraceContext(context: SpanContext): context is TraceContext {
  return (
    typeof (context as TraceContext).traceId === 'string' &&
    typeof (context as TraceContext).spanId === 'string'
  )
}
