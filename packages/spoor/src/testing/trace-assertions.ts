import { AssertionError } from 'node:assert'
import type { TestedSpan } from './assertions.ts'
import { filterOf, fits, type SpanFilter, type SpanWanted } from './span-filter.ts'
import { type Spans, spansOf } from './trace-tree.ts'
import {
  atMost,
  atMostQueries,
  hasSpan,
  messageOf,
  noErrors,
  oneRoot,
  oneTrace,
  parentOf,
  type Verdict,
} from './verdicts.ts'

/**
 * There are no more than `limit` such spans.
 *
 * @example
 * assertAtMost(trace, 3, { kind: 'client', tag: 'db.system.name' })
 */
export function assertAtMost(trace: Spans, limit: number, filter?: SpanFilter): void {
  requirePass(atMost(trace, limit, filter), assertAtMost)
}

/** There are no more than `limit` calls of databases: client spans with `db.system.name`, `db.system` or `db.type`. */
export function assertAtMostQueries(trace: Spans, limit: number): void {
  requirePass(atMostQueries(trace, limit), assertAtMostQueries)
}

/** All spans hang below one of them. */
export function assertOneRoot(trace: Spans): void {
  requirePass(oneRoot(trace), assertOneRoot)
}

/** All spans belong to one trace, and there is at least one. */
export function assertOneTrace(trace: Spans): void {
  requirePass(oneTrace(trace), assertOneTrace)
}

/** No span has failed. */
export function assertNoErrors(trace: Spans): void {
  requirePass(noErrors(trace), assertNoErrors)
}

/** The first span is the parent of the second. */
export function assertParentOf(parent: TestedSpan, child: TestedSpan): void {
  requirePass(parentOf(parent, child), assertParentOf)
}

/**
 * There is such a span.
 *
 * @param wanted its name, or more of it
 * @param tags tags that it has, in place of those of `wanted`
 * @returns the first one
 * @example
 * const query = assertHasSpan(trace, 'SELECT orders', { 'db.system.name': 'postgresql' })
 */
export function assertHasSpan<Found extends TestedSpan>(
  trace: readonly Found[] | { readonly spans: readonly Found[] },
  wanted: SpanWanted,
  tags?: SpanFilter['tags'],
): Found {
  requirePass(hasSpan(trace, wanted, tags), assertHasSpan)
  const filter = tags === undefined ? filterOf(wanted) : { ...filterOf(wanted), tags }
  return (spansOf(trace) as readonly Found[]).find((span) => fits(span, filter)) as Found
}

function requirePass(verdict: Verdict, assertion: (...args: any[]) => unknown): void {
  if (verdict.pass) return
  const { actual, expected } = verdict
  // The stack begins at the test.
  throw new AssertionError({ message: messageOf(verdict), actual, expected, stackStartFn: assertion })
}
