/**
 * `spoor/api`: OpenTracing's types and constants, the no-op tracer, and the global slot. It imports nothing and does
 * nothing until an application sets a tracer, so a library may depend on it freely.
 *
 * @example
 * import { globalTracer, Tags } from 'spoor/api'
 *
 * const span = globalTracer().startSpan('compress', { tags: { [Tags.COMPONENT]: 'my-library' } })
 * span.finish()
 */
export { InvalidCarrier, SpanContextCorrupted, SpoorError, UnsupportedFormat } from './errors.ts'
export { BinaryCarrier, FORMAT_BINARY, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from './format.ts'
export { globalTracer, isGlobalTracerRegistered, resetGlobalTracer, setGlobalTracer } from './global.ts'
export { noopScope, noopScopeManager, noopSpan, noopSpanContext, noopTracer } from './noop.ts'
export type { CarrierAccess, Propagator } from './propagator.ts'
export {
  childOf,
  followsFrom,
  REFERENCE_CHILD_OF,
  REFERENCE_FOLLOWS_FROM,
  Reference,
  type ReferenceType,
  type SpanReference,
} from './reference.ts'
export type { Scope, ScopeManager } from './scope.ts'
export { errorFields, recordError, type Span, type TagMap, type TagValue } from './span.ts'
export {
  FLAG_DEBUG,
  FLAG_DEFERRED,
  FLAG_RANDOM,
  FLAG_SAMPLED,
  isTraceContext,
  type SpanContext,
  TraceContext,
} from './span-context.ts'
export * as Tags from './tags.ts'
export type { OpenTracer, StartActiveSpanOptions, StartSpanOptions, Tracer } from './tracer.ts'
