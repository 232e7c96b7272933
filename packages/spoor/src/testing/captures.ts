import { AsyncLocalStorage } from 'node:async_hooks'
import {
  currentTracer,
  isGlobalTracerRegistered,
  resetGlobalTracer,
  setGlobalTracer,
  shared,
} from '../api/global.ts'
import { observation, type SpanObserver } from '../tracer/observation.ts'
import { type CapturedSpan, captured, isMock, type LiveSpan } from './captured-span.ts'
import { MockTracer } from './mock-tracer.ts'

/**
 * Which span belongs to which capture. A capture is a mark in the asynchronous flow of its function, beside the active
 * span: spans without a parent are real roots then, `requireActiveTrace` sees no trace that is not there, and parallel
 * captures share nothing. Where a flow is lost and the trace goes on (a request that comes in over a socket, to a server
 * that somebody else has started), the trace tells.
 */
export class Captures implements SpanObserver {
  readonly #marks = new AsyncLocalStorage<Capture>()
  readonly #owners = new WeakMap<object, Capture>()
  readonly #traces = new Map<string, Capture>()
  /** Mock tracers count their traces from 1: the tracer belongs to the name of the trace. */
  readonly #tracers = new WeakMap<object, number>()
  #countedTracers = 0
  #open = 0
  /** For captures where no tracer is set. It lasts, so that no two of its traces have the same number. */
  #private: MockTracer | null = null

  /** Runs a function in a capture of its own, which is listened to until {@link close}. */
  run<Result>(fn: (capture: Capture) => Result): Result {
    if (this.#open === 0) this.#listen()
    this.#open += 1
    const capture = new Capture(this.#marks.getStore() ?? null)
    return this.#marks.run(capture, fn, capture)
  }

  close(capture: Capture): void {
    if (capture.closed) return
    capture.closed = true
    for (const [trace, owner] of this.#traces) if (owner === capture) this.#traces.delete(trace)
    this.#open -= 1
    if (this.#open > 0) return
    observation.observer = null
    if (this.#private !== null && currentTracer() === this.#private) resetGlobalTracer()
    this.#private?.reset()
  }

  started(span: LiveSpan): void {
    const trace = this.#traceOf(span)
    const mark = living(this.#marks.getStore() ?? null)
    const owner = this.#traces.get(trace) ?? null
    // The innermost of the two that know of it: a capture inside of a capture goes on with the outer one's trace.
    const capture = owner === null || mark?.isWithin(owner) ? mark : owner
    if (capture === null) return
    // Only a trace that begins here: one that is continued may be continued by others too.
    if (owner === null && span.parentSpanId === '') this.#traces.set(trace, capture)
    this.#owners.set(span, capture)
    capture.add(span)
  }

  finished(span: LiveSpan): void {
    this.#owners.get(span)?.finish(span)
  }

  #listen(): void {
    observation.observer = this
    if (isGlobalTracerRegistered()) return
    this.#private ??= new MockTracer({ strictExtract: false })
    setGlobalTracer(this.#private)
  }

  #traceOf(span: LiveSpan): string {
    if (!isMock(span)) return span.traceId
    const tracer = span.tracer()
    if (!this.#tracers.has(tracer)) this.#tracers.set(tracer, ++this.#countedTracers)
    return `${this.#tracers.get(tracer)} ${span.traceId}`
  }
}

/** One for all copies of the package. */
export const captures: Captures = shared('captures.1', () => new Captures())

/** What is started in one flow, until it is closed. */
export class Capture {
  closed = false
  readonly #outer: Capture | null
  readonly #started: LiveSpan[] = []
  /** As they were when they finished. */
  readonly #finished = new Map<LiveSpan, CapturedSpan>()

  constructor(outer: Capture | null) {
    this.#outer = outer
  }

  get outer(): Capture | null {
    return this.#outer
  }

  get finishedCount(): number {
    return this.#finished.size
  }

  /** Whether everything that was started is over. A span that is not sampled, or ignored, is not waited for. */
  get settled(): boolean {
    return this.#started.every((span) => this.#finished.has(span) || !isRecording(span))
  }

  /** Whether this capture is the other one, or inside of it. */
  isWithin(other: Capture): boolean {
    return this === other || (this.#outer?.isWithin(other) ?? false)
  }

  add(span: LiveSpan): void {
    if (!this.closed) this.#started.push(span)
    this.#outer?.add(span)
  }

  finish(span: LiveSpan): void {
    if (!this.closed) this.#finished.set(span, captured(span))
    this.#outer?.finish(span)
  }

  /** In the order of their start. */
  spans(): CapturedSpan[] {
    return this.#started.flatMap((span) => {
      const finished = this.#finished.get(span)
      if (finished !== undefined) return [finished]
      return isRecording(span) ? [captured(span)] : []
    })
  }
}

/** A flow may outlive its capture; what it starts then belongs to the one around it, or is not remembered at all. */
function living(capture: Capture | null): Capture | null {
  return capture?.closed === true ? living(capture.outer) : capture
}

/** Open, and going to be handed in. */
function isRecording(span: LiveSpan): boolean {
  const {
    finished,
    recording = true,
    muted = false,
  } = span as LiveSpan & {
    readonly recording?: boolean
    readonly muted?: boolean
  }
  return !finished && recording && !muted
}
