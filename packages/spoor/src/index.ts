/**
 * `spoor`: what an application needs.
 *
 * @example
 * import { init, withSpan } from 'spoor'
 *
 * init({ serviceName: 'shop' })
 * await withSpan('checkout', async (span) => {
 *   span.setTag('cart.items', 3)
 * })
 */
import { currentTracer, globalTracer } from './api/global.ts'
import type { Span } from './api/span.ts'
import type { Tracer } from './api/tracer.ts'

export { recordError } from './api/span.ts'
export * as Tags from './api/tags.ts'
export { type ContextCarrier, carryContext, carryEnvironment, withContext } from './carry.ts'
export { type TracedOptions, traced } from './decorators/traced.ts'
export { type WithSpanOptions, withActiveSpan, withSpan } from './decorators/with-span.ts'
export { init, instrument, shutdown } from './init.ts'
export type { InitOptions } from './options.ts'
export * as Samplers from './tracer/sampler.ts'

/** The global tracer: a delegate that may be taken before `init()`. */
export const tracer: Tracer = globalTracer()

/** The active span of the current asynchronous flow, or null. */
export function activeSpan(): Span | null {
  return currentTracer().activeSpan
}
