import type { ScopeManager } from '../api/scope.ts'
import { recordError, type Span } from '../api/span.ts'
import { report } from '../log.ts'
import { settle } from '../settle.ts'

/**
 * Runs a callback with a span active; records what it throws or rejects with; finishes the span when its result has
 * settled. Shared by every tracer that Spoor runs, foreign ones too.
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
