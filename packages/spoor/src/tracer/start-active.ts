import type { Scope, ScopeManager } from '../api/scope.ts'
import { recordError, type Span } from '../api/span.ts'
import type { StartActiveSpanOptions, Tracer } from '../api/tracer.ts'
import { report } from '../log.ts'
import { settle } from '../settle.ts'

/**
 * The three forms of `startActiveSpan`, for every tracer: with a callback, with options and a callback, and without one,
 * which gives a scope.
 */
export function startActive<Result>(
  tracer: Pick<Tracer, 'scopeManager' | 'startSpan'>,
  name: string,
  optionsOrFn: StartActiveSpanOptions | ((span: Span) => Result) = {},
  fn?: (span: Span) => Result,
): Result | Scope {
  const { finishOnClose = true, ...options } = typeof optionsOrFn === 'function' ? {} : optionsOrFn
  const callback = typeof optionsOrFn === 'function' ? optionsOrFn : fn
  const span = tracer.startSpan(name, options)
  if (callback === undefined) return tracer.scopeManager.activate(span, finishOnClose)
  return runActive(tracer.scopeManager, span, finishOnClose, callback)
}

/**
 * Runs a callback with a span active; records what it throws or rejects with; finishes the span, if that is wanted, when
 * its result has settled. Shared by every tracer that Spoor runs, foreign ones too.
 *
 * @returns exactly what `fn` returned
 */
export function runActive<Result>(
  scopeManager: ScopeManager,
  span: Span,
  finishOnClose: boolean,
  fn: (span: Span) => Result,
): Result {
  const settled = (failed: boolean, error?: unknown): void => {
    try {
      if (failed) recordError(span, error)
      if (finishOnClose) span.finish()
    } catch (problem) {
      report('span', 'the tracer threw while a span was finished; what was traced is not affected', problem)
    }
  }
  let result: Result
  try {
    result = scopeManager.with<undefined, [Span], Result>(span, fn, undefined, span)
  } catch (error) {
    settled(true, error)
    throw error
  }
  return settle(
    result,
    settled,
    (step) => scopeManager.with(span, step),
    (callback) => scopeManager.bind(callback),
  )
}
