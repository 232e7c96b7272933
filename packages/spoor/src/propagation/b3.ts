import type { CarrierAccess, Propagator } from '../api/propagator.ts'
import { FLAG_DEBUG, FLAG_DEFERRED, FLAG_SAMPLED, type TraceContext } from '../api/span-context.ts'
import { hasIds, padId } from './hex.ts'

/**
 * B3, Zipkin's format (https://github.com/openzipkin/b3-propagation), in one header: `b3: trace-span-state-parent`.
 *
 * Both this and {@link b3Multi} read either form, the single header first, as OpenTelemetry's specification asks; they
 * differ in what they write. Trace ids of 64 bits are padded with zeros. A state without ids (`b3: 0`) is found too:
 * the context has no ids then, and its flags are the caller's decision on the trace that starts here. No state
 * means that the decision is ours (`FLAG_DEFERRED`).
 */
export const b3: Propagator = {
  name: 'b3',
  fields: ['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags'],
  extract,

  inject(context, carrier, access) {
    if (!hasIds(context)) return
    const state = stateOf(context.traceFlags)
    access.set(carrier, 'b3', `${context.traceId}-${context.spanId}${state === '' ? '' : `-${state}`}`)
  },
}

/** B3 in one header for each part: `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled` or `x-b3-flags`. */
export const b3Multi: Propagator = {
  name: 'b3multi',
  fields: b3.fields,
  extract,

  inject(context, carrier, access) {
    if (!hasIds(context)) return
    access.set(carrier, 'x-b3-traceid', context.traceId)
    access.set(carrier, 'x-b3-spanid', context.spanId)
    const state = stateOf(context.traceFlags)
    // Debug implies "accept", which is then not sent as well.
    if (state === 'd') access.set(carrier, 'x-b3-flags', '1')
    else if (state !== '') access.set(carrier, 'x-b3-sampled', state)
  },
}

function extract(context: TraceContext, carrier: unknown, access: CarrierAccess): boolean {
  if (context.traceId !== '') return false
  const single = access.get(carrier, 'b3')
  if (single !== undefined && readSingle(context, single)) return true
  return readMulti(context, carrier, access)
}

const DIGITS_64 = 16
const DIGITS_128 = 32
/** Both ids of full length, the state, a parent, three dashes. */
const LONGEST = 68

function readSingle(context: TraceContext, header: string): boolean {
  if (header.length > LONGEST) return false
  const first = header.indexOf('-')
  if (first === -1) return readDecision(context, flagsOf(header))
  const second = header.indexOf('-', first + 1)
  const spanId = second === -1 ? header.slice(first + 1) : header.slice(first + 1, second)
  const rest = second === -1 ? '' : header.slice(second + 1)
  // `trace-span-parent` is not in the specification, but brave writes it where the state is deferred.
  const flags = rest === '' ? FLAG_DEFERRED : (flagsOf(rest.split('-', 1)[0] as string) ?? FLAG_DEFERRED)
  return readIds(context, header.slice(0, first), spanId, flags)
}

function readMulti(context: TraceContext, carrier: unknown, access: CarrierAccess): boolean {
  const traceId = access.get(carrier, 'x-b3-traceid')
  const state = access.get(carrier, 'x-b3-flags') === '1' ? 'd' : access.get(carrier, 'x-b3-sampled')
  const flags = state === undefined ? undefined : flagsOf(state)
  if (traceId === undefined) return readDecision(context, flags)
  return readIds(context, traceId, access.get(carrier, 'x-b3-spanid') ?? '', flags ?? FLAG_DEFERRED)
}

function readIds(context: TraceContext, trace: string, span: string, flags: number): boolean {
  if ((trace.length !== DIGITS_128 && trace.length !== DIGITS_64) || span.length !== DIGITS_64) return false
  const traceId = padId(trace, DIGITS_128)
  const spanId = padId(span, DIGITS_64)
  if (traceId === '' || spanId === '') return false
  context.traceId = traceId
  context.spanId = spanId
  context.traceFlags = flags
  return true
}

function readDecision(context: TraceContext, flags: number | undefined): boolean {
  if (flags === undefined) return false
  context.traceFlags = flags
  return true
}

/** `true` and `false` are what Zipkin's earliest instrumentations wrote. */
function flagsOf(state: string): number | undefined {
  switch (state) {
    case '1':
    case 'true':
    case 'True':
      return FLAG_SAMPLED
    case '0':
    case 'false':
    case 'False':
      return 0
    case 'd':
      return FLAG_SAMPLED | FLAG_DEBUG
    default:
      return undefined
  }
}

function stateOf(flags: number): '' | '0' | '1' | 'd' {
  if ((flags & FLAG_DEFERRED) !== 0) return ''
  if ((flags & FLAG_DEBUG) !== 0) return 'd'
  return (flags & FLAG_SAMPLED) !== 0 ? '1' : '0'
}
