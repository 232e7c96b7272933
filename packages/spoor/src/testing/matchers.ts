import type { TestedSpan } from './assertions.ts'
import type { SpanFilter, SpanWanted } from './span-filter.ts'
import type { Spans } from './trace-tree.ts'
import {
  atMost,
  atMostQueries,
  hasSpan,
  messageOf,
  noErrors,
  oneRoot,
  oneTrace,
  parentOf,
  sameTrace,
  type Verdict,
} from './verdicts.ts'

/**
 * What {@link spoorMatchers} add to `expect`, for the declarations of Vitest and Jest.
 *
 * @example
 * declare module 'vitest' {
 *   interface Matchers<T = any> extends SpoorMatchers<T> {}
 * }
 * declare module 'expect' {
 *   interface Matchers<R extends void | Promise<void>> extends SpoorMatchers<R> {}
 * }
 */
export interface SpoorMatchers<Result = void> {
  /** Of a trace: no more than so many spans that fit. */
  toHaveAtMostSpans(limit: number, filter?: SpanFilter): Result
  /** Of a trace: no more than so many calls of databases. */
  toHaveAtMostQueries(limit: number): Result
  /** Of a trace: all spans hang below one of them. */
  toHaveOneRoot(): Result
  /** Of a trace: all spans have the same trace id. */
  toBeOneTrace(): Result
  /** Of a trace: no span has failed. */
  toHaveNoErrors(): Result
  /** Of a trace: there is such a span. */
  toHaveSpan(wanted: SpanWanted, tags?: SpanFilter['tags']): Result
  /** Of a span: it is the parent of that one. */
  toBeParentOf(child: TestedSpan): Result
  /** Of a span: that one is in the same trace. */
  toShareTraceWith(other: TestedSpan): Result
}

/** What a matcher tells `expect`. */
export interface MatcherResult {
  readonly pass: boolean
  message(): string
  readonly actual?: unknown
  readonly expected?: unknown
}

/** The matchers as functions of what is expected and their own arguments. */
export type SpoorMatcherFunctions = {
  [Name in keyof SpoorMatchers]: (received: any, ...args: Parameters<SpoorMatchers[Name]>) => MatcherResult
}

/**
 * Matchers for Vitest and Jest, on captured traces, lists of spans and single spans.
 *
 * @example
 * expect.extend(spoorMatchers)
 * expect(await captureTrace(() => listOrders())).toHaveAtMostQueries(2)
 */
export const spoorMatchers: SpoorMatcherFunctions = {
  toHaveAtMostSpans: (trace: Spans, limit, filter) => told(atMost(trace, limit, filter)),
  toHaveAtMostQueries: (trace: Spans, limit) => told(atMostQueries(trace, limit)),
  toHaveOneRoot: (trace: Spans) => told(oneRoot(trace)),
  toBeOneTrace: (trace: Spans) => told(oneTrace(trace)),
  toHaveNoErrors: (trace: Spans) => told(noErrors(trace)),
  toHaveSpan: (trace: Spans, wanted, tags) => told(hasSpan(trace, wanted, tags)),
  toBeParentOf: (parent: TestedSpan, child) => told(parentOf(parent, child)),
  toShareTraceWith: (one: TestedSpan, other) => told(sameTrace(one, other)),
}

function told(verdict: Verdict): MatcherResult {
  const { pass, actual, expected } = verdict
  return { pass, message: () => messageOf(verdict, pass), actual, expected }
}
