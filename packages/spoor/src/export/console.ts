import { report } from '../log.ts'
import type { FinishedSpan, SpanSink } from '../tracer/finished-span.ts'
import { STATUS_ERROR } from '../tracer/finished-span.ts'
import { wantsColor } from './terminal.ts'
import { renderWaterfall, type WaterfallSpan } from './waterfall.ts'

export interface ConsoleSinkOptions {
  /** Name shown for this process. */
  serviceName?: string | undefined
  /** Where text goes; `process.stderr` by default, because stdout belongs to the application. */
  stream?: ConsoleStream | undefined
  /** Decides on colours with `NO_COLOR`, `FORCE_COLOR` and `TERM`. */
  env?: Record<string, string | undefined> | undefined
  /** Overrules the environment. */
  color?: boolean | undefined
  /** Columns; those of the terminal by default, 100 where there is none. */
  width?: number | undefined
  /** Milliseconds after which spans are printed whose local root has not finished. Default 5,000. */
  delay?: number | undefined
  /** How many spans are held back at most; beyond it everything is printed as it is. Default 10,000. */
  limit?: number | undefined
}

export interface ConsoleStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

interface HeldSpan extends WaterfallSpan {
  localRoot: boolean
}

interface HeldTrace {
  spans: HeldSpan[]
  since: number
}

/**
 * Prints every local trace as a waterfall when its local root has finished: a span without a parent, or with a
 * parent in another process. Spans that finish after their root are printed a little later.
 */
export class ConsoleSink implements SpanSink {
  readonly #options: ConsoleSinkOptions
  readonly #delay: number
  readonly #limit: number
  readonly #traces = new Map<string, HeldTrace>()
  #held = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(options: ConsoleSinkOptions = {}) {
    this.#options = options
    this.#delay = options.delay ?? 5000
    this.#limit = options.limit ?? 10_000
  }

  record(span: FinishedSpan): void {
    if (this.#closed) return
    let trace = this.#traces.get(span.traceId)
    if (trace === undefined) {
      trace = { spans: [], since: Date.now() }
      this.#traces.set(span.traceId, trace)
    }
    const held = this.#hold(span)
    trace.spans.push(held)
    this.#held++
    if (held.localRoot) this.#printBelow(span.traceId, trace, held)
    else if (this.#held > this.#limit) this.#printAll()
    this.#schedule()
  }

  async flush(): Promise<void> {
    this.#printAll()
  }

  async close(): Promise<void> {
    this.#printAll()
    clearTimeout(this.#timer)
    this.#closed = true
  }

  exit(): void {
    this.#printAll()
  }

  #hold(span: FinishedSpan): HeldSpan {
    const failed = span.statusCode === STATUS_ERROR
    return {
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      localRoot: span.parentSpanId === '' || span.parentIsRemote,
      name: span.name,
      service: this.#options.serviceName,
      startTime: span.startTime,
      endTime: span.endTime,
      error: failed,
      message: failed ? span.statusMessage || errorMessage(span) : undefined,
    }
  }

  /** Prints a local root and its descendants; others of the trace, under a second root, wait for theirs. */
  #printBelow(traceId: string, trace: HeldTrace, root: HeldSpan): void {
    const below = descendants(trace.spans, root)
    const rest = trace.spans.filter((span) => !below.has(span))
    if (rest.length === 0) this.#traces.delete(traceId)
    else trace.spans = rest
    this.#held -= below.size
    this.#print(traceId, [...below])
  }

  #printAll(olderThan: number = Number.POSITIVE_INFINITY): void {
    for (const [traceId, trace] of this.#traces) {
      if (trace.since > olderThan) continue
      this.#traces.delete(traceId)
      this.#held -= trace.spans.length
      this.#print(traceId, trace.spans)
    }
  }

  #print(traceId: string, spans: readonly HeldSpan[]): void {
    const stream = this.#options.stream ?? terminal
    const text = renderWaterfall(spans, {
      width: this.#options.width ?? stream.columns,
      color: this.#options.color ?? wantsColor(stream, this.#options.env ?? {}),
    })
    try {
      stream.write(text.replace('\n', `  ${traceId}\n`))
    } catch (error) {
      report('console write', 'a trace cannot be printed', error)
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#traces.size === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#printAll(Date.now() - this.#delay)
      this.#schedule()
    }, this.#delay)
    this.#timer.unref?.()
  }
}

// Through `console.error`, which survives a closed stderr; a bare write would raise EPIPE in the application.
const terminal: ConsoleStream = {
  write: (text) => console.error(text),
  get isTTY() {
    return process.stderr.isTTY === true
  },
  get columns() {
    return process.stderr.columns ?? 100
  },
}

function descendants(spans: readonly HeldSpan[], root: HeldSpan): Set<HeldSpan> {
  const children = new Map<string, HeldSpan[]>()
  for (const span of spans) {
    if (span.localRoot) continue
    const siblings = children.get(span.parentSpanId)
    if (siblings) siblings.push(span)
    else children.set(span.parentSpanId, [span])
  }
  const found = new Set([root])
  for (const span of found) for (const child of children.get(span.spanId) ?? []) found.add(child)
  return found
}

function errorMessage(span: FinishedSpan): string | undefined {
  for (const event of span.events ?? []) {
    const { attributes } = event
    for (let index = 0; index + 1 < attributes.length; index += 2) {
      const key = attributes[index]
      if (key === 'exception.message' || key === 'message') return String(attributes[index + 1])
    }
  }
  return undefined
}
