import { currentTracer } from '../api/global.ts'
import { noopSpan } from '../api/noop.ts'
import type { Span } from '../api/span.ts'
import type { StartActiveSpanOptions } from '../api/tracer.ts'
import { runActive } from '../tracer/start-active.ts'

export interface WithSpanOptions extends StartActiveSpanOptions {
  /** Trace only inside a trace: without an active span the function gets a span that keeps nothing. Default false. */
  requireActiveTrace?: boolean | undefined
}

/**
 * Runs a function in a new active span of the global tracer. See {@link Tracer.startActiveSpan}.
 *
 * @returns exactly what `fn` returned
 * @example
 * const user = await withSpan('load user', async (span) => {
 *   span.setTag('user.id', id)
 *   return users.find(id)
 * })
 */
export function withSpan<Result>(name: string, fn: (span: Span) => Result): Result
export function withSpan<Result>(name: string, options: WithSpanOptions, fn: (span: Span) => Result): Result
export function withSpan<Result>(
  name: string,
  optionsOrFn: WithSpanOptions | ((span: Span) => Result),
  fn?: (span: Span) => Result,
): Result {
  const tracer = currentTracer()
  if (typeof optionsOrFn === 'function') return tracer.startActiveSpan(name, optionsOrFn)
  const { requireActiveTrace, ...options } = optionsOrFn
  const callback = fn as (span: Span) => Result
  if (requireActiveTrace === true && tracer.activeSpan === null) return callback(noopSpan)
  return tracer.startActiveSpan(name, options, callback)
}

/**
 * Runs a function with a span active that is somebody else's to finish: one that was started elsewhere, or carried over a
 * queue. What the function throws or rejects with is recorded on it.
 *
 * @param span null makes nothing active: what the function starts are roots
 * @returns exactly what `fn` returned
 * @example
 * queue.on('job', (job) => withActiveSpan(job.span, () => work(job)))
 */
export function withActiveSpan<Result>(span: Span | null, fn: () => Result): Result {
  const { scopeManager } = currentTracer()
  return span === null ? scopeManager.noParent(fn) : runActive(scopeManager, span, false, fn)
}
