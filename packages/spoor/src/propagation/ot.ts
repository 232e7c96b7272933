import type { CarrierAccess, Propagator } from '../api/propagator.ts'
import { FLAG_DEFERRED, FLAG_SAMPLED, type TraceContext } from '../api/span-context.ts'
import { hasIds, padId } from './hex.ts'
import { readPrefixedBaggage, writePrefixedBaggage } from './prefixed-baggage.ts'

const TRACE_ID = 'ot-tracer-traceid'
const SPAN_ID = 'ot-tracer-spanid'
const SAMPLED = 'ot-tracer-sampled'
const BAGGAGE_PREFIX = 'ot-baggage-'

/**
 * The keys of OpenTracing's basictracer, LightStep and the mock tracers: `ot-tracer-traceid`, `ot-tracer-spanid`
 * (hex digits, leading zeros optional), `ot-tracer-sampled`, `ot-baggage-<key>`. Without `ot-tracer-sampled`, as the
 * mock tracers write it, the decision is ours (`FLAG_DEFERRED`).
 *
 * The receivers this format is for read 64 bits, so the lower half of the trace id is written, as OpenTelemetry's
 * specification of it demands. Between services that all run Spoor use {@link ottrace128}.
 */
export const ottrace: Propagator = propagator(64)

/** The same with all 128 bits of the trace id, for receivers that read them, as Spoor does. */
export const ottrace128: Propagator = propagator(128)

function propagator(bits: 64 | 128): Propagator {
  return {
    name: 'ottrace',
    fields: [TRACE_ID, SPAN_ID, SAMPLED, `${BAGGAGE_PREFIX}*`],

    inject(context, carrier, access) {
      if (hasIds(context)) {
        access.set(carrier, TRACE_ID, bits === 64 ? context.traceId.slice(16) : context.traceId)
        access.set(carrier, SPAN_ID, context.spanId)
        if ((context.traceFlags & FLAG_DEFERRED) === 0) {
          access.set(carrier, SAMPLED, (context.traceFlags & FLAG_SAMPLED) !== 0 ? 'true' : 'false')
        }
      }
      writePrefixedBaggage(context, carrier, access, BAGGAGE_PREFIX, false)
    },

    extract(context, carrier, access) {
      const ids = context.traceId === '' && readIds(context, carrier, access)
      return readPrefixedBaggage(context, carrier, access, BAGGAGE_PREFIX) || ids
    },
  }
}

function readIds(context: TraceContext, carrier: unknown, access: CarrierAccess): boolean {
  const trace = access.get(carrier, TRACE_ID)
  const span = access.get(carrier, SPAN_ID)
  if (trace === undefined || span === undefined) return false
  const traceId = padId(trace, 32)
  const spanId = padId(span, 16)
  if (traceId === '' || spanId === '') return false
  context.traceId = traceId
  context.spanId = spanId
  context.traceFlags = flagsOf(access.get(carrier, SAMPLED))
  return true
}

function flagsOf(sampled: string | undefined): number {
  switch (sampled) {
    case 'true':
    case '1':
      return FLAG_SAMPLED
    case 'false':
    case '0':
      return 0
    default:
      return FLAG_DEFERRED
  }
}
