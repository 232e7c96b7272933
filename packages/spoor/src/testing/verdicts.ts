import { nameOf, type TestedSpan } from './assertions.ts'
import { describeFilter, filterOf, fits, isQuery, type SpanFilter, type SpanWanted } from './span-filter.ts'
import { errorOf, isChild, isFailed, type Spans, spansOf, traceTree } from './trace-tree.ts'

/** What is claimed of a trace, and what is so: the assertions throw it, the matchers hand it to `expect`. */
export interface Verdict {
  readonly pass: boolean
  /** What was expected, without its verb: `at most 2 queries`. */
  readonly claim: string
  /** What was found in its place. */
  readonly found: string
  readonly actual: unknown
  readonly expected: unknown
  /** The trace, with a `>` before the spans that decided. */
  readonly picture: string
}

export function atMost(trace: Spans, limit: number, filter: SpanFilter = {}): Verdict {
  return countVerdict(trace, limit, describeFilter(filter), (span) => fits(span, filter))
}

export function atMostQueries(trace: Spans, limit: number): Verdict {
  return countVerdict(trace, limit, 'queries', isQuery)
}

export function oneRoot(trace: Spans): Verdict {
  const spans = spansOf(trace)
  const roots = spans.filter((span) => !spans.some((other) => other !== span && isChild(span, other)))
  return verdict(trace, roots.length === 1, 'one root', listed(roots), (span) => roots.includes(span), {
    actual: roots.map(nameOf),
    expected: roots.slice(0, 1).map(nameOf),
  })
}

export function noErrors(trace: Spans): Verdict {
  const failed = spansOf(trace).filter(isFailed)
  return verdict(trace, failed.length === 0, 'no errors', listed(failed), isFailed, {
    actual: failed.map((span) => `${nameOf(span)}: ${errorOf(span)}`),
    expected: [],
  })
}

export function oneTrace(trace: Spans): Verdict {
  const spans = spansOf(trace)
  const firsts = spans.filter(
    (span, index) => spans.findIndex(({ traceId }) => traceId === span.traceId) === index,
  )
  const found = `${firsts.length} traces: ${firsts.map(quoted).join(', ')}`
  return verdict(trace, firsts.length === 1, 'one trace', found, (span) => firsts.includes(span), {
    actual: firsts.length,
    expected: 1,
  })
}

export function hasSpan(trace: Spans, wanted: SpanWanted, tags?: SpanFilter['tags']): Verdict {
  const filter = tags === undefined ? filterOf(wanted) : { ...filterOf(wanted), tags }
  const fitting = spansOf(trace).filter((span) => fits(span, filter))
  const claim = `at least one of the ${describeFilter(filter)}`
  return verdict(trace, fitting.length > 0, claim, listed(fitting), (span) => fitting.includes(span), {
    actual: spansOf(trace).map(nameOf),
    expected: filter,
  })
}

export function parentOf(parent: TestedSpan, child: TestedSpan): Verdict {
  const pass = isChild(child, parent)
  const claim = `${quoted(parent)} to be the parent of ${quoted(child)}`
  const found =
    child.traceId !== parent.traceId
      ? 'they are in different traces'
      : child.parentSpanId === ''
        ? `${quoted(child)} is a root`
        : `the parent of ${quoted(child)} is ${pass ? quoted(parent) : 'another span'}`
  return verdict([parent, child], pass, claim, found, () => false, {
    actual: child.parentSpanId,
    expected: parent.spanId,
  })
}

export function sameTrace(one: TestedSpan, other: TestedSpan): Verdict {
  const claim = `${quoted(one)} and ${quoted(other)} in the same trace`
  const pass = one.traceId === other.traceId
  return verdict([one, other], pass, claim, pass ? 'one trace' : 'two traces', () => false, {
    actual: other.traceId,
    expected: one.traceId,
  })
}

/** The message of a verdict that is not what was wanted. */
export function messageOf({ claim, found, picture }: Verdict, negated = false): string {
  return `Expected ${negated ? 'anything but ' : ''}${claim}; found ${found}\n\n${picture}`
}

function countVerdict(
  trace: Spans,
  limit: number,
  what: string,
  counts: (span: TestedSpan) => boolean,
): Verdict {
  const counted = spansOf(trace).filter(counts)
  const claim = `at most ${limit} ${what}`
  return verdict(trace, counted.length <= limit, claim, String(counted.length), counts, {
    actual: counted.map(nameOf),
    expected: counted.slice(0, Math.max(0, limit)).map(nameOf),
  })
}

function verdict(
  trace: Spans,
  pass: boolean,
  claim: string,
  found: string,
  mark: (span: TestedSpan) => boolean,
  values: Pick<Verdict, 'actual' | 'expected'>,
): Verdict {
  const picture = spansOf(trace).length === 0 ? '  (no spans)' : traceTree(trace, { mark })
  return { pass, claim, found, picture, ...values }
}

function listed(spans: readonly TestedSpan[]): string {
  return spans.length === 0 ? 'none' : `${spans.length}: ${spans.map(quoted).join(', ')}`
}

function quoted(span: TestedSpan): string {
  return JSON.stringify(nameOf(span))
}
