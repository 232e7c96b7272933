import { appendFileSync, closeSync, openSync } from 'node:fs'
import { SpoorError } from '../api/errors.ts'
import { report } from '../log.ts'
import type { FinishedSpan, SpanSink } from '../tracer/finished-span.ts'
import { encodeJsonSpan, joinJson } from './otlp/json.ts'
import { type PlainAttributes, snapshot } from './span-data.ts'

export interface FileSinkOptions {
  /** Appended to; created if it does not exist. */
  path: string
  /** Resource attributes written into every line. */
  resource?: PlainAttributes | undefined
  /** Spans per line at most. Default 512. */
  batchSize?: number | undefined
  /** Milliseconds between writes. Default 1,000. */
  scheduleDelay?: number | undefined
  /** Characters held in memory while the disk cannot take them; beyond it spans are dropped. Default 16 Mi. */
  limit?: number | undefined
}

/**
 * Appends OTLP JSON lines to a file: one `ExportTraceServiceRequest` per line, as the OTLP file exporter
 * specification asks and as the OpenTelemetry Collector's `otlpjsonfile` receiver and `spoor-viewer` read.
 */
export class FileSink implements SpanSink {
  /** How many spans could not be kept. */
  dropped = 0
  readonly #path: string
  readonly #resource: PlainAttributes
  readonly #batchSize: number
  readonly #scheduleDelay: number
  readonly #limit: number
  /** Encoded spans that are not being written yet. */
  #pending: string[] = []
  #pendingSize = 0
  /** The text that a write in progress is to append. */
  #inFlight = ''
  #writing: Promise<void> | undefined
  /** A failed write may have left half a line behind; the next one begins on a line of its own. */
  #torn = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  /** @throws {SpoorError} `SPOOR_FILE_NOT_WRITABLE` when the file cannot be opened for appending */
  constructor(options: FileSinkOptions) {
    this.#path = options.path
    this.#resource = options.resource ?? {}
    this.#batchSize = Math.max(1, options.batchSize ?? 512)
    this.#scheduleDelay = options.scheduleDelay ?? 1000
    this.#limit = options.limit ?? 16 * 1024 * 1024
    assertWritable(this.#path)
  }

  record(span: FinishedSpan): void {
    if (this.#closed) return
    const text = encodeJsonSpan(snapshot(span))
    if (this.#pendingSize + text.length > this.#limit) {
      this.#drop(1, undefined)
      return
    }
    this.#pending.push(text)
    this.#pendingSize += text.length
    if (this.#pending.length >= this.#batchSize) void this.#write()
    else this.#schedule()
  }

  async flush(): Promise<void> {
    await this.#writing
    await this.#write()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.flush()
    clearTimeout(this.#timer)
  }

  exit(): void {
    // A write in progress ends with the process, at an unknown place; its spans are appended once more.
    const text = this.#inFlight + this.#lines(this.#pending.splice(0))
    this.#pendingSize = 0
    if (text === '') return
    try {
      appendFileSync(this.#path, this.#inFlight === '' && !this.#torn ? text : `\n${text}`)
    } catch (error) {
      this.#drop(0, error)
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#write()
    }, this.#scheduleDelay)
    this.#timer.unref()
  }

  /** Writes all that is pending; one write at a time, so that lines keep their order. */
  #write(): Promise<void> {
    this.#writing ??= this.#writePending().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #writePending(): Promise<void> {
    while (this.#pending.length > 0) {
      const spans = this.#pending
      this.#pending = []
      this.#pendingSize = 0
      this.#inFlight = this.#lines(spans)
      try {
        // Loaded when the first file is written: it brings half of the streams library with it.
        await process
          .getBuiltinModule('node:fs/promises')
          .appendFile(this.#path, this.#torn ? `\n${this.#inFlight}` : this.#inFlight)
        this.#torn = false
      } catch (error) {
        this.#torn = true
        this.#drop(spans.length, error)
      }
      this.#inFlight = ''
    }
  }

  #lines(spans: readonly string[]): string {
    let text = ''
    for (let index = 0; index < spans.length; index += this.#batchSize) {
      text += `${joinJson(spans.slice(index, index + this.#batchSize), this.#resource)}\n`
    }
    return text
  }

  #drop(spans: number, error: unknown): void {
    this.dropped += spans
    const code = (error as NodeJS.ErrnoException | undefined)?.code ?? 'full'
    report(
      `file ${this.#path} ${code}`,
      error === undefined
        ? `the disk takes the spans for ${this.#path} more slowly than they come; some are dropped. ` +
            'Sample fewer requests, or raise the limit of the file sink'
        : `cannot append spans to ${this.#path}, they are dropped${REMEDIES[code] ?? ''}`,
      error,
    )
  }
}

const REMEDIES: Record<string, string> = {
  ENOSPC: '; free some space on the disk',
  EDQUOT: '; free some space on the disk',
  EACCES: '; check the permissions',
  EROFS: '; choose a path that can be written to',
}

function assertWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a'))
  } catch (error) {
    throw new SpoorError(
      'SPOOR_FILE_NOT_WRITABLE',
      `Cannot append to ${JSON.stringify(path)} (${(error as NodeJS.ErrnoException).code}). ` +
        'Give the file sink a path in an existing folder that this process may write to.',
      { cause: error },
    )
  }
}
