import { report } from '../log.ts'
import type { FinishedSpan, SpanSink } from '../tracer/finished-span.ts'
import type { BatchSender, EncodedBatch } from './batch-types.ts'

/** Collects encoded spans until a batch is full. */
export interface BatchEncoder {
  /** What has been collected since the last {@link take}. */
  readonly spans: number
  readonly bytes: number
  /** Encodes one span. If it throws, nothing of the span is kept. */
  add(span: FinishedSpan): void
  /** Hands over what has been collected, and begins anew, also when it throws. */
  take(): EncodedBatch
  /** The batch has been dealt with: its memory may be used again. */
  release?(batch: EncodedBatch): void
}

export interface BatchOptions {
  /** Spans in one request at the most. */
  readonly maxSpans: number
  /** Bytes in one request at the most, before compression. Real collectors refuse more than 4 MB over gRPC. */
  readonly maxBytes: number
  /** Milliseconds a finished span waits for company. */
  readonly delay: number
  /** Bytes kept in memory while the collector is slow or absent; beyond it new spans are dropped and counted. */
  readonly maxQueueBytes: number
  /** Spans kept in memory, if that is to be bounded too. */
  readonly maxQueueSpans?: number | undefined
}

export const defaultBatchOptions: BatchOptions = {
  maxSpans: 2048,
  maxBytes: 1024 * 1024,
  delay: 1000,
  maxQueueBytes: 16 * 1024 * 1024,
}

/**
 * The queue between the tracer and a collector: full batches wait in line while one is on its way. Bounded in bytes:
 * what comes over the bound is dropped, counted, and said once.
 */
export class BatchSink implements SpanSink {
  readonly #encoder: BatchEncoder
  readonly #sender: BatchSender
  readonly #options: BatchOptions
  readonly #waiting: EncodedBatch[] = []
  #sending: EncodedBatch | null = null
  #queuedBytes = 0
  #queuedSpans = 0
  #timer: ReturnType<typeof setTimeout> | null = null
  /** The delay has passed while another batch was on its way. */
  #overdue = false
  #sealed = 0
  #settled = 0
  /** Who waits until so many batches have settled, in the order of these numbers. */
  readonly #flushes: { until: number; resolve: () => void }[] = []
  /** Spans that were dropped because the queue was full. */
  dropped = 0

  constructor(encoder: BatchEncoder, sender: BatchSender, options: Partial<BatchOptions> = {}) {
    this.#encoder = encoder
    this.#sender = sender
    this.#options = { ...defaultBatchOptions, ...options }
  }

  record(span: FinishedSpan): void {
    const { maxSpans, maxBytes, maxQueueBytes, maxQueueSpans = Infinity } = this.#options
    if (this.#queuedBytes >= maxQueueBytes || this.#queuedSpans + this.#encoder.spans >= maxQueueSpans) {
      this.#drop()
      return
    }
    this.#encoder.add(span)
    const { spans, bytes } = this.#encoder
    if (spans >= maxSpans || bytes >= maxBytes || spans >= maxQueueSpans) this.#seal()
    else if (this.#timer === null && !this.#overdue) this.#arm()
  }

  /** Resolves when what has been recorded so far is dealt with; what comes meanwhile is not waited for. */
  flush(): Promise<void> {
    this.#seal()
    const until = this.#sealed
    if (this.#settled >= until) return Promise.resolve()
    return new Promise((resolve) => this.#flushes.push({ until, resolve }))
  }

  hurry(): void {
    this.#sender.hurry()
  }

  async close(): Promise<void> {
    // Only a process that waits for us calls this: it should not have to wait for a collector that is not there.
    this.hurry()
    await this.flush()
    await this.#sender.close()
  }

  exit(): void {
    this.#disarm()
    const last = this.#take()
    if (last !== null) this.#waiting.push(last)
    const left = this.#sending === null ? this.#waiting : [this.#sending, ...this.#waiting]
    if (left.length > 0) this.#sender.sendSync(left)
    this.#waiting.length = 0
  }

  #seal(): void {
    this.#disarm()
    const batch = this.#take()
    if (batch === null) return
    this.#sealed += 1
    this.#queuedBytes += batch.bytes
    this.#queuedSpans += batch.spans
    this.#waiting.push(batch)
    if (this.#sending === null) void this.#work()
  }

  #take(): EncodedBatch | null {
    const { spans } = this.#encoder
    if (spans === 0) return null
    try {
      return this.#encoder.take()
    } catch (error) {
      report('encoder', `${spans} spans cannot be made into a request; they are lost`, error)
      return null
    }
  }

  /** Sends one batch after the other until none is waiting. */
  async #work(): Promise<void> {
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      this.#sending = batch
      try {
        await this.#sender.send(batch)
        this.#encoder.release?.(batch)
      } catch (error) {
        report('sender', 'the exporter failed to send a batch of spans; they are lost', error)
      }
      this.#sending = null
      this.#queuedBytes -= batch.bytes
      this.#queuedSpans -= batch.spans
      this.#settled += 1
      while ((this.#flushes[0]?.until ?? Infinity) <= this.#settled) this.#flushes.shift()?.resolve()
    }
    if (this.#overdue) this.#seal()
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      // While a batch is on its way the next one goes on growing: a collector that is away for an hour would
      // otherwise leave thousands of small ones.
      if (this.#sending === null) this.#seal()
      else this.#overdue = true
    }, this.#options.delay)
    // A tracer must not keep a process alive; what is left is sent when it ends.
    ;(this.#timer as { unref?(): void }).unref?.()
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#overdue = false
  }

  #drop(): void {
    this.dropped += 1
    if (this.dropped === 1) {
      report(
        'queue.full',
        `the collector takes spans more slowly than they are made: ${this.#queuedSpans + this.#encoder.spans} spans of ` +
          `${this.#queuedBytes + this.#encoder.bytes} bytes are waiting, further spans are dropped. ` +
          'Sample less (OTEL_TRACES_SAMPLER) or give the collector more room.',
      )
    }
  }
}
