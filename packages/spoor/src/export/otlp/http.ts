import { AsyncResource } from 'node:async_hooks'
import { report } from '../../log.ts'
import type { BatchSender, DroppedBatch, EncodedBatch, SendResult } from '../batch-types.ts'
import { USER_AGENT } from '../sdk.ts'
import { readPartialSuccess } from './answer.ts'
import { type Answer, Connection } from './connection.ts'
import { type Diagnosis, diagnoseAnswer, diagnoseFailure } from './diagnosis.ts'
import { checkHeaders, parseEndpoint, readTls, type TlsOptions, withoutSecrets } from './endpoint.ts'
import { postAtExit } from './exit-post.ts'
import { Outage } from './outage.ts'
import { retryDelay } from './retry.ts'
import { Spill } from './spill.ts'

export interface OtlpHttpOptions {
  /** The full address, for example `http://localhost:4318/v1/traces`. */
  url: string
  headers?: Record<string, string> | undefined
  /** What the batches hold. Default `application/x-protobuf`. */
  contentType?: 'application/x-protobuf' | 'application/json' | undefined
  /** Default `none`. */
  compression?: 'none' | 'gzip' | undefined
  /** Milliseconds for one request from connecting to the end of its answer. Default 10,000. */
  timeout?: number | undefined
  /** Milliseconds after which a batch is given up that cannot be delivered. Default 60,000. */
  maxRetryTime?: number | undefined
  /** How often a batch is tried at most. Default 20. */
  maxAttempts?: number | undefined
  /** Milliseconds up to which the first wait between attempts may be; later ones double. Default 1,000. */
  retryDelay?: number | undefined
  tls?: TlsOptions | undefined
  /** Put before our own name in `User-Agent`. */
  userAgent?: string | undefined
  /** Requests at the same time. Default 1. */
  concurrency?: number | undefined
  /** A folder for batches that would otherwise be given up; they are sent when the collector is back. */
  spillDirectory?: string | undefined
  /** Bytes that folder may take. Default 64 MiB. */
  spillLimit?: number | undefined
  /** The environment, for the child process that sends what is left at exit. */
  env?: Record<string, string | undefined> | undefined
}

/** OTLP asks clients not to send more in one request (specification 1.11). */
const MAX_REQUEST = 64 * 1024 * 1024
/** Milliseconds for which {@link OtlpHttpSender.hurry} holds. */
const HURRY_TIME = 5000
const EXIT_TIME = 2000
const STUCK_AFTER = 250
const RESEND_DELAY = 30_000

/**
 * Sends batches to a collector by OTLP/HTTP: with retries, back-pressure, partial success, and a word about what goes
 * wrong, once per cause. Its requests are never traced, run outside of every application context, and do not keep
 * the process alive: whoever waits for a result and has nothing else to do must hold the process (`holdOpen`).
 */
export class OtlpHttpSender implements BatchSender {
  /** Spans given up so far. */
  lost = 0
  readonly #url: string
  readonly #connection: Connection
  readonly #headers: Record<string, string>
  readonly #contentType: string
  readonly #gzip: boolean
  readonly #timeout: number
  readonly #maxRetryTime: number
  readonly #maxAttempts: number
  readonly #retryDelay: number
  readonly #env: Record<string, string | undefined>
  readonly #spill: Spill | null
  /** The context of this sender's maker, instead of that of the request whose span filled a batch. */
  readonly #context = new AsyncResource('SpoorExport')
  readonly #outage: Outage
  readonly #sleepers = new Set<() => void>()
  readonly #waiting: (() => void)[] = []
  #free: number
  #hurriedUntil = 0
  /** When the request in flight was sent; 0 when there is none. */
  #attemptBegan = 0
  #resending = false
  #resendTimer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  /** @throws {SpoorError} with a code, for options that cannot work */
  constructor(options: OtlpHttpOptions) {
    const target = parseEndpoint(options.url)
    this.#url = withoutSecrets(options.url)
    this.#outage = new Outage(this.#url)
    this.#free = Math.max(1, options.concurrency ?? 1)
    this.#connection = new Connection(target, readTls(options.tls ?? {}), this.#free)
    this.#contentType = options.contentType ?? 'application/x-protobuf'
    this.#gzip = options.compression === 'gzip'
    this.#headers = {
      ...checkHeaders(options.headers ?? {}),
      'user-agent': options.userAgent ? `${options.userAgent} ${USER_AGENT}` : USER_AGENT,
    }
    if (this.#gzip) this.#headers['content-encoding'] = 'gzip'
    this.#timeout = options.timeout ?? 10_000
    this.#maxRetryTime = options.maxRetryTime ?? 60_000
    this.#maxAttempts = options.maxAttempts ?? 20
    this.#retryDelay = options.retryDelay ?? 1000
    this.#env = options.env ?? {}
    this.#spill = options.spillDirectory
      ? new Spill(options.spillDirectory, options.spillLimit ?? 64 * 1024 * 1024)
      : null
    if (this.#spill?.waiting) this.#resendLater(1000) // left behind by an earlier run
  }

  async send(batch: EncodedBatch): Promise<SendResult> {
    return this.#context.runInAsyncScope(() => this.#sendInTurn(batch))
  }

  sendSync(batches: readonly EncodedBatch[]): void {
    if (batches.length === 0) return
    // Known to be away: not worth holding up the end of the process.
    const away = this.#outage.isUnreachable || this.#isStuck()
    const accepted = away
      ? []
      : postAtExit({
          target: this.#connection.target,
          tls: this.#connection.tls,
          headers: { ...this.#headers, 'content-type': this.#contentType },
          gzip: this.#gzip,
          bodies: batches.map((batch) => batch.chunks),
          timeout: EXIT_TIME,
          env: this.#env,
        })
    let dropped = 0
    batches.forEach((batch, index) => {
      if (accepted[index] === true) return
      if (this.#giveUp(batch, 'the process has ended').outcome === 'dropped') dropped += batch.spans
    })
    if (dropped > 0 && !away) {
      report(
        'otlp exit',
        `${dropped} spans could not be sent to ${this.#url} while the process ended. ` +
          'Await shutdown() before process.exit() if they matter.',
      )
    }
  }

  hurry(): void {
    this.#hurriedUntil = Date.now() + HURRY_TIME
    for (const wake of this.#sleepers) wake()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#resendTimer)
    for (const wake of this.#sleepers) wake()
    this.#connection.close()
  }

  async #sendInTurn(batch: EncodedBatch): Promise<SendResult> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await this.#deliver(batch)
    } catch (error) {
      report('otlp send', 'a batch of spans cannot be sent, it is dropped', error)
      return this.#giveUp(batch, String(error))
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  async #deliver(batch: EncodedBatch): Promise<SendResult> {
    if (batch.bytes > MAX_REQUEST) return this.#divide(batch, `it is larger than ${MAX_REQUEST} bytes`)
    const body = await this.#compress(batch.chunks)
    const began = Date.now()
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) return this.#giveUp(batch, 'the exporter is closed')
      const outcome = await this.#attempt(body, this.#contentType)
      if (outcome.kind === 'accepted') return this.#accepted(batch, outcome.answer)
      if (outcome.kind === 'too large') return this.#divide(batch, outcome.diagnosis.what, outcome.diagnosis)
      if (outcome.kind === 'refused') return this.#refused(batch, outcome.diagnosis)
      const wait = retryDelay(attempt, this.#retryDelay, outcome.answer?.retryAfter)
      const deadline = this.#deadline(began, outcome.answer === undefined)
      const fate = this.#spill === null ? 'dropped' : 'set aside on disk'
      if (attempt >= this.#maxAttempts || Date.now() + wait > deadline) {
        this.#outage.tell(outcome.diagnosis, `spans are ${fate}`)
        return this.#giveUp(batch, outcome.diagnosis.what)
      }
      const seconds = Math.round(this.#maxRetryTime / 1000)
      this.#outage.tell(outcome.diagnosis, `spans are kept for ${seconds} s and then ${fate}`)
      await this.#sleep(wait)
    }
  }

  /** When to stop trying. A process that is about to end does not wait for a collector that is not there. */
  #deadline(began: number, unreachable: boolean): number {
    const patient = began + this.#maxRetryTime
    if (Date.now() >= this.#hurriedUntil) return patient
    return unreachable ? 0 : Math.min(patient, this.#hurriedUntil)
  }

  /** The flush before the end was in vain, because a request has long been waiting for its answer. */
  #isStuck(): boolean {
    const now = Date.now()
    return now < this.#hurriedUntil && this.#attemptBegan > 0 && now - this.#attemptBegan > STUCK_AFTER
  }

  async #attempt(chunks: readonly Uint8Array[], contentType: string): Promise<Outcome> {
    this.#attemptBegan = Date.now()
    try {
      const headers = { ...this.#headers, 'content-type': contentType }
      const answer = await this.#connection.post(chunks, headers, this.#timeout)
      this.#outage.isUnreachable = false
      if (answer.status >= 200 && answer.status < 300) return { kind: 'accepted', answer }
      const diagnosis = diagnoseAnswer(answer, this.#url)
      if (answer.status === 413) return { kind: 'too large', diagnosis }
      return { kind: RETRYABLE.has(answer.status) ? 'retry' : 'refused', diagnosis, answer }
    } catch (error) {
      this.#outage.isUnreachable = true
      return { kind: 'retry', diagnosis: diagnoseFailure(error, this.#url, this.#timeout) }
    } finally {
      this.#attemptBegan = 0
    }
  }

  #accepted(batch: EncodedBatch, answer: Answer): SendResult {
    this.#outage.end()
    if (this.#spill?.waiting) this.#resendLater(0)
    const { rejected, message } = readPartialSuccess(answer.body, answer.contentType)
    if (rejected > 0 || message !== '') {
      this.lost += Math.min(rejected, batch.spans)
      const says = message === '' ? '' : ` and says "${message}"`
      report(
        `otlp ${this.#url} partial ${message.slice(0, 80)}`,
        `the collector at ${this.#url} refused ${rejected} of ${batch.spans} spans${says}. Look into its log.`,
      )
    }
    return { outcome: 'sent', rejected, message }
  }

  #refused(batch: EncodedBatch, diagnosis: Diagnosis): DroppedBatch {
    report(
      `otlp ${this.#url} ${diagnosis.cause}`,
      `${diagnosis.what}; the spans are dropped. ${diagnosis.remedy}`,
    )
    this.lost += batch.spans
    return { outcome: 'dropped', reason: diagnosis.what, spans: batch.spans }
  }

  /** Sends a batch that is too large in two halves. */
  async #divide(batch: EncodedBatch, reason: string, diagnosis?: Diagnosis): Promise<SendResult> {
    const halves = batch.split?.() ?? null
    if (halves === null) {
      return this.#refused(
        batch,
        diagnosis ?? { cause: 'size', what: `a batch is dropped: ${reason}`, remedy: '' },
      )
    }
    const first = await this.#deliver(halves[0])
    const second = await this.#deliver(halves[1])
    return combine(first, second)
  }

  #giveUp(batch: EncodedBatch, reason: string): SendResult {
    if (this.#spill?.keep(batch, EXTENSIONS[this.#contentType] as string)) {
      this.#resendLater(RESEND_DELAY)
      return { outcome: 'spilled', spans: batch.spans }
    }
    this.lost += batch.spans
    this.#outage.lost += batch.spans
    return { outcome: 'dropped', reason, spans: batch.spans }
  }

  #resendLater(delay: number): void {
    if (this.#closed) return
    clearTimeout(this.#resendTimer)
    this.#resendTimer = setTimeout(() => {
      void this.#context.runInAsyncScope(() => this.#resend())
    }, delay)
    this.#resendTimer.unref()
  }

  /** Sends what lies on disk, oldest first, until the collector fails once. */
  async #resend(): Promise<void> {
    if (this.#resending || this.#spill === null) return
    this.#resending = true
    try {
      for (let request = this.#spill.take(); request !== null; request = this.#spill.take()) {
        const contentType = request.extension === 'json' ? 'application/json' : 'application/x-protobuf'
        const outcome = await this.#attempt(await this.#compress([request.body]), contentType)
        if (outcome.kind === 'retry') {
          request.release()
          this.#resendLater(RESEND_DELAY)
          return
        }
        request.remove()
        if (outcome.kind === 'accepted') this.#outage.end()
        else this.#refused({ chunks: [], bytes: 0, spans: request.spans }, outcome.diagnosis)
        if (this.#closed) return
      }
    } finally {
      this.#resending = false
    }
  }

  /** Compresses on another thread. */
  async #compress(chunks: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    if (!this.#gzip) return chunks
    const { constants, gzip } = process.getBuiltinModule('node:zlib')
    return new Promise((resolve, reject) => {
      // Spans repeat themselves so much that the fastest level leaves little to gain.
      gzip(Buffer.concat(chunks), { level: constants.Z_BEST_SPEED }, (error, body) => {
        if (error) reject(error)
        else resolve([body])
      })
    })
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, milliseconds)
      timer.unref()
      this.#sleepers.add(wake)
    })
  }
}

type Outcome =
  | { kind: 'accepted'; answer: Answer }
  | { kind: 'too large'; diagnosis: Diagnosis }
  | { kind: 'retry' | 'refused'; diagnosis: Diagnosis; answer?: Answer }

/** The statuses that OTLP/HTTP calls retryable; all others are final. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])

const EXTENSIONS: Record<string, string> = { 'application/x-protobuf': 'pb', 'application/json': 'json' }

function combine(first: SendResult, second: SendResult): SendResult {
  if (first.outcome === 'dropped' || second.outcome === 'dropped') {
    const spans = [first, second].reduce(
      (sum, half) => sum + (half.outcome === 'dropped' ? half.spans : 0),
      0,
    )
    return { ...((first.outcome === 'dropped' ? first : second) as DroppedBatch), spans }
  }
  if (first.outcome === 'spilled')
    return { ...first, spans: first.spans + (second.outcome === 'spilled' ? second.spans : 0) }
  if (second.outcome === 'spilled') return second
  return {
    outcome: 'sent',
    rejected: first.rejected + second.rejected,
    message: first.message || second.message,
  }
}
