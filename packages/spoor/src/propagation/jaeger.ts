import type { CarrierAccess, Propagator } from '../api/propagator.ts'
import { FLAG_DEBUG, FLAG_SAMPLED, type TraceContext } from '../api/span-context.ts'
import { addBaggage, readMembers } from './baggage.ts'
import { hasIds, padId } from './hex.ts'
import { readPrefixedBaggage, writePrefixedBaggage } from './prefixed-baggage.ts'
import { percentDecode } from './text.ts'

const TRACE = 'uber-trace-id'
const BAGGAGE_PREFIX = 'uberctx-'
const BAGGAGE_LIST = 'jaeger-baggage'
const DEBUG_ID = 'jaeger-debug-id'

/** Bits of the last field (https://www.jaegertracing.io/sdk-migration/#propagation-format). */
const SAMPLED = 1
const DEBUG = 2

/** Three colons, escaped; ids of full length twice and a parent; two digits of flags. */
const LONGEST = 76

/**
 * Jaeger's own format: `uber-trace-id: trace:span:parent:flags`, ids without leading zeros, perhaps URL-encoded;
 * baggage as `uberctx-<key>`, and as the list `jaeger-baggage` that people type into curl. A `jaeger-debug-id`
 * without ids asks for the trace that starts here to be kept: the context has no ids then and its flags are
 * `FLAG_SAMPLED | FLAG_DEBUG`. (Its value is not kept; it is a header of the request like any other.)
 */
export const jaeger: Propagator = {
  name: 'jaeger',
  fields: [TRACE, DEBUG_ID, BAGGAGE_LIST, `${BAGGAGE_PREFIX}*`],

  inject(context, carrier, access) {
    if (hasIds(context)) {
      access.set(carrier, TRACE, `${context.traceId}:${context.spanId}:0:${flagsOf(context.traceFlags)}`)
    }
    writePrefixedBaggage(context, carrier, access, BAGGAGE_PREFIX, true)
  },

  extract(context, carrier, access) {
    const ids = context.traceId === '' && readTrace(context, carrier, access)
    const prefixed = readPrefixedBaggage(context, carrier, access, BAGGAGE_PREFIX)
    const list = access.get(carrier, BAGGAGE_LIST)
    const listed = list !== undefined && addBaggage(context, readMembers(list))
    return ids || prefixed || listed
  },
}

function readTrace(context: TraceContext, carrier: unknown, access: CarrierAccess): boolean {
  const header = access.get(carrier, TRACE)
  if (header !== undefined && header.length <= LONGEST && readIds(context, percentDecode(header))) return true
  const debugId = access.get(carrier, DEBUG_ID)
  if (debugId === undefined || debugId === '') return false
  context.traceFlags = FLAG_SAMPLED | FLAG_DEBUG
  return true
}

function readIds(context: TraceContext, text: string): boolean {
  const fields = text.split(':')
  const [trace = '', span = '', , flags = ''] = fields
  const traceId = padId(trace, 32)
  const spanId = padId(span, 16)
  const bits = readFlags(flags)
  if (fields.length !== 4 || traceId === '' || spanId === '' || bits === -1) return false
  context.traceId = traceId
  context.spanId = spanId
  context.traceFlags = (bits & SAMPLED ? FLAG_SAMPLED : 0) | (bits & DEBUG ? FLAG_SAMPLED | FLAG_DEBUG : 0)
  return true
}

/** One or two hex digits, -1 for anything else. */
function readFlags(text: string): number {
  const isByte = /^[0-9a-f]{1,2}$/i.test(text)
  return isByte ? Number.parseInt(text, 16) : -1
}

function flagsOf(flags: number): number {
  if ((flags & FLAG_SAMPLED) === 0) return 0
  return (flags & FLAG_DEBUG) !== 0 ? SAMPLED | DEBUG : SAMPLED
}
