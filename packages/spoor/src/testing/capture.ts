import timers from 'node:timers'
import { SpoorError } from '../api/errors.ts'
import { currentTracer } from '../api/global.ts'
import { nameOf } from './assertions.ts'
import type { CapturedSpan } from './captured-span.ts'
import { type Capture, captures } from './captures.ts'
import { CheckFailed } from './check.ts'
import { traceTree } from './trace-tree.ts'

export interface CaptureOptions {
  /**
   * Milliseconds to wait at most, once the function is done, for spans that are still open: the server's span when the
   * client has its answer, work that nobody awaits. Default 1000, or 5000 with `until`. 0 does not wait.
   */
  readonly settle?: number
  /** Waits until so many spans are finished, for work that starts its spans after the function is done. */
  readonly until?: number
}

/** What a function did, as a trace. */
export interface CapturedTrace<Result = unknown> {
  /** What the function returned. */
  readonly result: Result
  /** All spans, in the order of their start; those that were never finished too. */
  readonly spans: readonly CapturedSpan[]
  /** The spans without a parent among them; the others hang below, as `children`. */
  readonly roots: readonly CapturedSpan[]
  /** {@link traceTree} of the spans. */
  readonly tree: string
}

/** Taken before a test can replace them: a clock that stands still must not keep a capture waiting. */
const { setTimeout, clearTimeout } = timers

/**
 * Runs a function and gives everything that was traced inside of it, on whichever tracer: that of `init()`, a `MockTracer`,
 * several. Without any it runs on a mock tracer that is the global one meanwhile. Captures may run in parallel, in one
 * process, and see their own spans only; what a span of theirs continues over the wire into a server of this process is
 * theirs too. The function starts outside of every span. What a sampler drops, and what is ignored, is not there. Spans of
 * a foreign tracer cannot be read: with nothing but such a tracer it fails.
 *
 * @throws what the function throws, the very same; {@link traceOf} gives what was traced until then
 * @throws {SpoorError} `SPOOR_NOT_CAPTURABLE`
 * @throws {CheckFailed} when fewer spans than `until` are finished in time; the message names them
 * @example
 * const trace = await captureTrace(() => fetch(`${url}/orders/7`))
 * assertAtMostQueries(trace, 2)
 * t.assert.snapshot(trace, { serializers: [traceTree] })
 */
export function captureTrace<Result>(
  fn: () => Result | PromiseLike<Result>,
  options: CaptureOptions = {},
): Promise<CapturedTrace<Result>> {
  return captures.run(async (capture) => {
    try {
      const result = await running(capture, fn, options)
      await settled(capture, options)
      requireReadable(capture)
      return traceFrom(capture, result)
    } finally {
      captures.close(capture)
    }
  })
}

/**
 * What was traced before a captured function failed.
 *
 * @param error what {@link captureTrace} rejected with
 * @returns undefined for an error of something else, and for one that is no object
 */
export function traceOf(error: unknown): CapturedTrace<undefined> | undefined {
  return isKey(error) ? failures.get(error) : undefined
}

/** Beside the errors, which stay as they are: frozen ones, and those that a test compares with others. */
const failures = new WeakMap<object, CapturedTrace<undefined>>()

function isKey(error: unknown): error is object {
  return (typeof error === 'object' && error !== null) || typeof error === 'function'
}

async function running<Result>(
  capture: Capture,
  fn: () => Result | PromiseLike<Result>,
  { settle }: CaptureOptions,
): Promise<Result> {
  try {
    return await currentTracer().scopeManager.noParent(fn)
  } catch (error) {
    await settled(capture, settle === undefined ? {} : { settle })
    if (isKey(error)) failures.set(error, traceFrom(capture, undefined))
    throw error
  }
}

/** Nothing at all would prove whatever one asks of it: it must be known that there was nothing. */
function requireReadable(capture: Capture): void {
  const tracer = currentTracer()
  if ('observed' in tracer || capture.spans().length > 0) return
  throw new SpoorError(
    'SPOOR_NOT_CAPTURABLE',
    'captureTrace() cannot read the spans of the global tracer, which is not one of Spoor. ' +
      'Give init() no tracer in this test, or a MockTracer.',
  )
}

async function settled(capture: Capture, { until = 0, settle }: CaptureOptions): Promise<void> {
  const limit = settle ?? (until > 0 ? 5000 : 1000)
  const done = (): boolean => capture.settled && capture.finishedCount >= until
  let expired = limit <= 0
  const timer = setTimeout(() => {
    expired = true
  }, limit)
  while (!done() && !expired) await new Promise((resolve) => setTimeout(resolve, 2))
  clearTimeout(timer)
  if (capture.finishedCount >= until) return
  const names = capture.spans().filter(({ finished }) => finished)
  throw new CheckFailed(
    `${names.length} of ${until} spans finished within ${limit} ms: [${names.map(nameOf).join(', ')}]`,
    names.length,
    until,
  )
}

function traceFrom<Result>(capture: Capture, result: Result): CapturedTrace<Result> {
  const spans = capture.spans()
  const byId = new Map(spans.map((span) => [`${span.traceId} ${span.spanId}`, span]))
  const roots = spans.filter((span) => {
    const parent = byId.get(`${span.traceId} ${span.parentSpanId}`)
    if (parent === undefined || parent === span) return true
    ;(parent.children as CapturedSpan[]).push(span)
    return false
  })
  return { result, spans, roots, tree: traceTree(spans) }
}
