/**
 * `spoor/propagation`: the wire formats, each an object that reads and writes one of them, and what joins them.
 * All of them are total: no header, however malformed, huge or hostile, makes them throw.
 *
 * @example
 * import { FLAG_SAMPLED, TraceContext } from 'spoor/api'
 * import { b3, baggage, carrierAccess, composite, traceContext } from 'spoor/propagation'
 *
 * const formats = composite([traceContext, b3, baggage], { policy: 'continue' })
 *
 * const incoming = new TraceContext('', '', 0)
 * const headers = { b3: '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1', baggage: 'user=Zo%C3%AB' }
 * if (formats.extract(incoming, headers, carrierAccess)) {
 *   console.log(incoming.traceId, incoming.traceFlags === FLAG_SAMPLED, incoming.baggage.get('user'))
 * }
 *
 * const outgoing = {}
 * formats.inject(incoming, outgoing, carrierAccess)
 * console.log(outgoing) // traceparent, b3 and baggage
 */
export type { CarrierAccess, Propagator } from '../api/propagator.ts'
export { b3, b3Multi } from './b3.ts'
export { baggage } from './baggage.ts'
export { decodeBinary, encodeBinary } from './binary.ts'
export { carrierAccess } from './carrier.ts'
export { type CompositeOptions, composite, type ExtractPolicy } from './composite.ts'
export { datadog } from './datadog.ts'
export { jaeger } from './jaeger.ts'
export { ottrace, ottrace128 } from './ot.ts'
export { DEFAULT_PROPAGATORS, propagatorsFromNames } from './select.ts'
export { traceContext, traceContextLevel1 } from './w3c.ts'
export { xray } from './xray.ts'
