import { AsyncResource } from 'node:async_hooks'
import { report } from '../../log.ts'
import type { BatchSender, DroppedBatch, EncodedBatch, SendResult } from '../batch-types.ts'
import { USER_AGENT } from '../sdk.ts'
import { readPartialSuccess } from './answer.ts'
import { Backlog } from './backlog.ts'
import { type Answer, Connection } from './connection.ts'
import { type Diagnosis, diagnoseAnswer, diagnoseFailure } from './diagnosis.ts'
import { checkHeaders, parseEndpoint, readTls, type TlsOptions, withoutSecrets } from './endpoint.ts'
import { postAtExit } from './exit-post.ts'
import { Outage } from './outage.ts'
import { Patience } from './patience.ts'
import { retryDelay } from './retry.ts'
import type { SpilledRequest } from './spill.ts'

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
  /** Milliseconds for sending what is left when the process exits; it takes about 60. Default 3,000. */
  exitTimeout?: number | undefined
  /** The environment, for the child process that sends what is left at exit. */
  env?: Record<string, string | undefined> | undefined
}

/** OTLP asks clients not to send more in one request (specification 1.11). */
const MAX_REQUEST = 64 * 1024 * 1024

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
  readonly #patience: Patience
  readonly #maxAttempts: number
  readonly #retryDelay: number
  readonly #exitTimeout: number
  readonly #env: Record<string, string | undefined>
  readonly #backlog: Backlog | null
  /** The context of this sender's maker, instead of that of the request whose span filled a batch. */
  readonly #context = new AsyncResource('SpoorExport')
  readonly #outage: Outage
  readonly #waiting: (() => void)[] = []
  #free: number
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
    this.#exitTimeout = options.exitTimeout ?? 3000
    this.#env = options.env ?? {}
    this.#patience = new Patience(this.#maxRetryTime)
    this.#backlog = options.spillDirectory
      ? new Backlog(
          options.spillDirectory,
          options.spillLimit ?? 64 * 1024 * 1024,
          this.#contentType === 'application/json' ? 'json' : 'pb',
          (request) => this.#context.runInAsyncScope(() => this.#resend(request)),
        )
      : null
  }

  async send(batch: EncodedBatch): Promise<SendResult> {
    return this.#context.runInAsyncScope(() => this.#sendInTurn(batch))
  }

  sendSync(batches: readonly EncodedBatch[]): void {
    if (batches.length === 0) return
    // Known to be away: not worth holding up the end of the process.
    const away = this.#outage.isUnreachable || this.#patience.isStuck
    const accepted = away
      ? []
      : postAtExit({
          target: this.#connection.target,
          tls: this.#connection.tls,
          headers: { ...this.#headers, 'content-type': this.#contentType },
          gzip: this.#gzip,
          bodies: batches.map((batch) => batch.chunks),
          timeout: this.#exitTimeout,
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
    this.#patience.hurry()
    this.#connection.hasten(this.#patience.timeout(this.#timeout))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#backlog?.close()
    this.#patience.wake()
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
      if (this.#patience.isHopeless) return this.#giveUp(batch, 'the process ends and the collector is away')
      const outcome = await this.#attempt(body, this.#contentType)
      if (outcome.kind === 'accepted') return this.#accepted(batch, outcome.answer)
      if (outcome.kind === 'too large') return this.#divide(batch, outcome.diagnosis.what, outcome.diagnosis)
      if (outcome.kind === 'refused') return this.#refused(batch, outcome.diagnosis)
      const wait = retryDelay(attempt, this.#retryDelay, outcome.answer?.retryAfter)
      const fate = this.#backlog === null ? 'dropped' : 'set aside on disk'
      if (attempt >= this.#maxAttempts || Date.now() + wait > this.#patience.deadline(began)) {
        this.#outage.tell(outcome.diagnosis, `spans are ${fate}`)
        return this.#giveUp(batch, outcome.diagnosis.what)
      }
      const seconds = Math.round(this.#maxRetryTime / 1000)
      this.#outage.tell(outcome.diagnosis, `spans are kept for ${seconds} s and then ${fate}`)
      await this.#patience.sleep(wait)
    }
  }

  async #attempt(chunks: readonly Uint8Array[], contentType: string): Promise<Outcome> {
    this.#patience.attemptBegins()
    try {
      const headers = { ...this.#headers, 'content-type': contentType }
      const answer = await this.#connection.post(chunks, headers, this.#patience.timeout(this.#timeout))
      this.#outage.isUnreachable = false
      this.#patience.attemptEnds(true)
      if (answer.status >= 200 && answer.status < 300) return { kind: 'accepted', answer }
      const diagnosis = diagnoseAnswer(answer, this.#url)
      if (answer.status === 413) return { kind: 'too large', diagnosis }
      return { kind: RETRYABLE.has(answer.status) ? 'retry' : 'refused', diagnosis, answer }
    } catch (error) {
      this.#outage.isUnreachable = true
      this.#patience.attemptEnds(false)
      return { kind: 'retry', diagnosis: diagnoseFailure(error, this.#url) }
    }
  }

  #accepted(batch: EncodedBatch, answer: Answer): SendResult {
    this.#outage.end()
    this.#backlog?.resume()
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
    if (this.#backlog?.keep(batch)) return { outcome: 'spilled', spans: batch.spans }
    this.lost += batch.spans
    this.#outage.lost += batch.spans
    return { outcome: 'dropped', reason, spans: batch.spans }
  }

  /** One attempt for a batch from the disk. False when it has to wait. */
  async #resend({ body, extension, spans }: SpilledRequest): Promise<boolean> {
    const contentType = extension === 'json' ? 'application/json' : 'application/x-protobuf'
    const outcome = await this.#attempt(await this.#compress([body]), contentType)
    if (outcome.kind === 'retry') return false
    if (outcome.kind === 'accepted') this.#outage.end()
    else this.#refused({ chunks: [], bytes: 0, spans }, outcome.diagnosis)
    return true
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
}

type Outcome =
  | { kind: 'accepted'; answer: Answer }
  | { kind: 'too large'; diagnosis: Diagnosis }
  | { kind: 'retry' | 'refused'; diagnosis: Diagnosis; answer?: Answer }

/** The statuses that OTLP/HTTP calls retryable; all others are final. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])

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
