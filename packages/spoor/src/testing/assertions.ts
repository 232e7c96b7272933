import type { TagMap } from '../api/span.ts'
import { ERROR, SPAN_KIND } from '../api/tags.ts'
import { CheckFailed, check, checkList, checkSame } from './check.ts'

/** What the assertions read of a span: of a `MockSpan`, or of the `SpanData` that a `MemorySink` keeps. */
export interface TestedSpan {
  readonly traceId: string
  readonly spanId: string
  /** `''` for a root. */
  readonly parentSpanId: string
  /** The name, of a mock span. */
  readonly operationName?: string
  /** The name, of a finished span. */
  readonly name?: string
  /** The tags of a mock span. */
  readonly tags?: TagMap
  /** The tags of a finished span, without those that have a field of their own. */
  readonly attributes?: TagMap
  readonly kind?: string
  readonly status?: { readonly code: string; readonly message?: string }
  /** Milliseconds since the epoch. */
  readonly startTime?: number
  /** False for a span that has only been started. */
  readonly finished?: boolean
  readonly logs?: readonly unknown[]
  readonly events?: readonly unknown[]
}

export function assertSameTrace(one: TestedSpan, other: TestedSpan): void {
  checkSame(
    one.traceId,
    other.traceId,
    `Trace id of ${called(one)}, which shares a trace with ${called(other)}`,
  )
}

export function assertNotSameTrace(one: TestedSpan, other: TestedSpan): void {
  check(one.traceId !== other.traceId, `${called(one)} and ${called(other)} belong to different traces`)
}

/** The child names the parent as its parent, and is in the same trace. */
export function assertChildOf(child: TestedSpan, parent: TestedSpan): void {
  checkSame(child.parentSpanId, parent.spanId, `Parent of ${called(child)}, a child of ${called(parent)}`)
  assertSameTrace(child, parent)
}

/** The span is the root of its trace. */
export function assertNoParent(span: TestedSpan): void {
  checkSame(span.parentSpanId, '', `Parent of ${called(span)}, a root`)
}

/** The spans have these names, in this order. */
export function assertNamesEqual(spans: readonly TestedSpan[], names: readonly string[]): void {
  checkList(spans.map(nameOf), names, 'Names of the spans')
}

/** The span has this name and nothing else: no parent, no tags, no logs. */
export function assertEmptySpan(span: TestedSpan, name: string): void {
  checkSame(nameOf(span), name, 'Name of the span')
  assertNoParent(span)
  checkList(Object.keys(tagsOf(span)), [], `Tags of ${called(span)}`)
  checkSame((span.logs ?? span.events ?? []).length, 0, `Number of logs of ${called(span)}`)
}

/**
 * The one span with this tag.
 *
 * @returns undefined when there is none
 * @throws when there are several
 */
export function findOneByTag<Found extends TestedSpan>(
  spans: readonly Found[],
  key: string,
  value: unknown,
): Found | undefined {
  return findOne(spans, (span) => tagsOf(span)[key] === value, `tag ${key}=${String(value)}`)
}

/**
 * The one span with this name.
 *
 * @returns undefined when there is none
 * @throws when there are several
 */
export function findOneByName<Found extends TestedSpan>(
  spans: readonly Found[],
  name: string,
): Found | undefined {
  return findOne(spans, (span) => nameOf(span) === name, `name ${JSON.stringify(name)}`)
}

/**
 * Waits until so many spans are finished.
 *
 * @param finished says which are, at any time: `() => tracer.finishedSpans()`
 * @param count how many to wait for
 * @param timeout milliseconds to wait at most
 * @returns the finished spans, `count` of them or more
 * @throws when the time is up; the message names the spans that did finish
 */
export async function waitUntilFinished<Finished extends TestedSpan>(
  finished: () => readonly Finished[],
  count: number,
  timeout = 5000,
): Promise<readonly Finished[]> {
  const deadline = Date.now() + timeout
  for (;;) {
    const spans = finished()
    if (spans.length >= count) return spans
    if (Date.now() >= deadline) {
      const names = spans.map(nameOf)
      throw new CheckFailed(
        `${spans.length} of ${count} spans finished within ${timeout} ms: [${names.join(', ')}]`,
        names.length,
        count,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** The name of a span of either kind. */
export function nameOf(span: TestedSpan): string {
  return span.operationName ?? span.name ?? ''
}

/** The tags of a span of either kind, by their OpenTracing names. */
export function tagsOf(span: TestedSpan): TagMap {
  if (span.tags !== undefined) return span.tags
  const tags: TagMap = { ...span.attributes }
  if (span.kind !== undefined && span.kind !== 'internal') tags[SPAN_KIND] = span.kind
  if (span.status?.code === 'error') tags[ERROR] = true
  return tags
}

function findOne<Found extends TestedSpan>(
  spans: readonly Found[],
  matches: (span: Found) => boolean,
  sought: string,
): Found | undefined {
  const found = spans.filter(matches)
  if (found.length < 2) return found[0]
  throw new CheckFailed(`${found.length} spans have the ${sought}; one was expected`, found.length, 1)
}

function called(span: TestedSpan): string {
  return `the span ${JSON.stringify(nameOf(span))}`
}
