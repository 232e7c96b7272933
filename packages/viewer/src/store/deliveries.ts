/**
 * Takes deliveries one after the other and stores their spans, several small deliveries in one transaction, a large
 * one in several. A delivery is answered when its last span is committed, so that what was accepted is not lost.
 */
import type { Delivery, Receipt } from '../collector/delivery.ts'
import { decodeBody } from '../collector/encoding.ts'
import { type IncomingSpan, inspect, spansOf } from '../collector/request.ts'
import { messageOf, ViewerError } from '../errors.ts'
import { isPassing } from './engine.ts'
import type { Failure } from './messages.ts'
import type { Store } from './store.ts'

/** Spans per transaction: enough to make its cost disappear, few enough for readers not to wait. */
const SPANS_AT_ONCE = 1024

export interface DeliveryEvents {
  stored(id: number, receipt: Receipt): void
  refused(id: number, failure: Failure): void
  changed(traceIds: string[], spans: number): void
  /** Writing began to fail, or works again (undefined). */
  trouble(message: string | undefined): void
}

interface Job {
  id: number
  delivery: Delivery
  /** From the first look at the delivery on. */
  spans?: Iterator<IncomingSpan>
  receipt?: Receipt
}

export class Deliveries {
  readonly #store: Store
  readonly #maxBody: number
  readonly #events: DeliveryEvents
  readonly #queue: Job[] = []
  #scheduled = false
  #trouble: string | undefined
  #idle: (() => void) | undefined

  constructor(store: Store, maxBody: number, events: DeliveryEvents) {
    this.#store = store
    this.#maxBody = maxBody
    this.#events = events
  }

  take(id: number, delivery: Delivery): void {
    this.#queue.push({ id, delivery })
    this.#schedule()
  }

  /** Resolves when everything taken so far is stored or refused. */
  async settled(): Promise<void> {
    if (this.#queue.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
  }

  // One transaction at a time, so that questions of readers, which are messages too, come in between.
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#work()
      if (this.#queue.length > 0) this.#schedule()
      else this.#idle?.()
    })
  }

  #work(): void {
    const done: Job[] = []
    let current: Job | undefined
    let spans = 0
    let traceIds: string[]
    try {
      this.#store.begin()
      while (spans < SPANS_AT_ONCE && this.#queue.length > 0) {
        const job = this.#queue[0]!
        if (this.#open(job)) {
          current = job
          spans += this.#write(job, SPANS_AT_ONCE - spans)
          if (job.spans) break
          done.push(job)
        }
        this.#queue.shift()
        current = undefined
      }
      traceIds = this.#store.commit().traceIds
    } catch (error) {
      this.#fail(error, done, current)
      return
    }
    // An empty transaction proves nothing.
    if (this.#trouble !== undefined && spans > 0) this.#say(undefined)
    for (const { id, receipt } of done) this.#events.stored(id, receipt!)
    if (traceIds.length > 0) this.#events.changed(traceIds, spans)
  }

  /** @returns false when the delivery was refused as a whole */
  #open(job: Job): boolean {
    if (job.receipt) return true
    const { body, encoding, type } = job.delivery
    try {
      const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
      const request = decodeBody(bytes, encoding, type, this.#maxBody)
      const { spans, refused, refusal } = inspect(request)
      job.receipt = { stored: spans, refused, refusal }
      job.spans = spansOf(request)
      return true
    } catch (error) {
      this.#events.refused(job.id, failureOf(error, 'SPOOR_REQUEST_MALFORMED'))
      return false
    }
  }

  /** Writes up to so many spans of a delivery; at the end of it `spans` is gone. */
  #write(job: Job, most: number): number {
    let written = 0
    while (written < most) {
      const { value: span, done } = job.spans!.next()
      if (done) {
        delete job.spans
        break
      }
      if (span.refusal !== undefined) continue
      this.#store.add(span)
      written++
    }
    return written
  }

  /**
   * Nothing of the transaction is stored, so all who had a part in it are told to come again: but not the one at
   * which it failed for no reason outside of it. That one would fail again, and take others with it each time.
   */
  #fail(error: unknown, done: Job[], current: Job | undefined): void {
    this.#store.rollback()
    const again: Failure = {
      code: 'SPOOR_STORE_UNWRITABLE',
      message: `the store cannot be written: ${messageOf(error)}; make room on its disk, or give another one with --store`,
    }
    const never: Failure = { code: 'SPOOR_STORE_FAILED', message: `the store failed: ${messageOf(error)}` }
    const failure = isPassing(error) ? again : never
    if (current) {
      this.#queue.shift()
      this.#events.refused(current.id, failure)
    }
    for (const { id } of done) this.#events.refused(id, again)
    if (this.#trouble !== failure.message) this.#say(failure.message)
  }

  #say(trouble: string | undefined): void {
    this.#trouble = trouble
    this.#events.trouble(trouble)
  }
}

export function failureOf(error: unknown, code: Failure['code']): Failure {
  return { code: error instanceof ViewerError ? error.code : code, message: messageOf(error) }
}
