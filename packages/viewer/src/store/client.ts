/**
 * The store, seen from outside its thread: questions become promises. Should the thread die, what it was asked fails,
 * and another one takes its place.
 */
import { Worker } from 'node:worker_threads'
import type { Delivery, Receipt } from '../collector/delivery.ts'
import { ViewerError } from '../errors.ts'
import type { Answers, Failure, Message, Question, WorkerSettings } from './messages.ts'
import type { Totals } from './store.ts'
import type { ListQuery } from './trace-list.ts'

export interface StoreEvents {
  /** After a commit: ids of the traces it touched, and how many spans it wrote. */
  changed(traceIds: string[], spans: number): void
  /** Told once per cause, and when it is over. */
  report(line: string): void
}

/** Threads that may die within a minute before the store gives up. */
const MAX_RESTARTS = 3

interface Pending {
  resolve(value: never): void
  reject(error: Error): void
}

/** @throws ViewerError when the store cannot be opened */
export async function connectStore(settings: WorkerSettings, events: StoreEvents): Promise<StoreClient> {
  const client = new StoreClient(settings, events)
  await client.start()
  return client
}

export class StoreClient {
  readonly settings: WorkerSettings
  readonly #events: StoreEvents
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #engine = ''
  #nextId = 1
  #closing = false
  #trouble: string | undefined
  #deaths: number[] = []

  constructor(settings: WorkerSettings, events: StoreEvents) {
    this.settings = settings
    this.#events = events
  }

  /** Which SQLite it is, with its version. */
  get engine(): string {
    return this.#engine
  }

  /** Why nothing can be written at the moment, or undefined. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const inherits = this.#deaths.length > 0
      const worker = new Worker(new URL('./worker.js', import.meta.url), {
        workerData: { ...this.settings, inherits },
      })
      let fault: Error | undefined
      worker.on('message', (message: Message) => {
        if (message.say === 'ready') {
          this.#worker = worker
          this.#engine = message.engine
          resolve()
        } else if (message.say === 'failed') reject(errorOf(message.failure))
        else this.#hear(message)
      })
      worker.on('error', (error) => {
        fault = error
      })
      worker.on('exit', () => {
        reject(
          errorOf({ code: 'SPOOR_STORE_UNUSABLE', message: `the store did not start: ${fault?.message}` }),
        )
        if (this.#worker === worker) this.#mourn(fault)
      })
    })
  }

  /** @returns when the spans are committed. The bytes are given away: they are empty afterwards. */
  store(delivery: Delivery): Promise<Receipt> {
    return this.#ask({ ask: 'store', ...delivery }, [delivery.body.buffer])
  }

  list(query: ListQuery): Promise<string> {
    return this.#ask({ ask: 'list', query })
  }

  trace(traceId: string): Promise<string | undefined> {
    return this.#ask({ ask: 'trace', traceId })
  }

  span(traceId: string, spanId: string): Promise<string | undefined> {
    return this.#ask({ ask: 'span', traceId, spanId })
  }

  otlp(traceId: string): Promise<string | undefined> {
    return this.#ask({ ask: 'otlp', traceId })
  }

  totals(): Promise<Totals> {
    return this.#ask({ ask: 'totals' })
  }

  setQuota(bytes: number): Promise<undefined> {
    return this.#ask({ ask: 'quota', bytes })
  }

  /** Stores what was delivered so far, then closes the store. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#closing = true
    if (!worker) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    await this.#ask({ ask: 'close' }).catch(() => {})
    await ended
  }

  /** Ends the thread as an accident would: what it was doing is lost, and another one takes its place. */
  kill(): void {
    void this.#worker?.terminate()
  }

  #ask<Q extends Question>(question: Q, transfer: ArrayBuffer[] = []): Promise<Answers[Q['ask']]> {
    return new Promise((resolve, reject) => {
      if (!this.#worker) {
        reject(errorOf({ code: 'SPOOR_STORE_UNAVAILABLE', message: 'the store is not running' }))
        return
      }
      const id = this.#nextId++
      this.#pending.set(id, { resolve, reject })
      this.#worker.postMessage({ id, ...question }, transfer)
    })
  }

  #hear(message: Exclude<Message, { say: 'ready' | 'failed' }>): void {
    switch (message.say) {
      case 'answer':
        this.#settle(message.id)?.resolve(message.value as never)
        break
      case 'refusal':
        this.#settle(message.id)?.reject(errorOf(message.failure))
        break
      case 'changed':
        this.#events.changed(message.traceIds, message.spans)
        break
      case 'trouble':
        this.#trouble = message.message
        this.#events.report(
          message.message === undefined
            ? 'the store can be written again'
            : `${message.message}. Traces so far can still be read.`,
        )
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  #mourn(fault: Error | undefined): void {
    this.#worker = undefined
    const error = errorOf({
      code: 'SPOOR_STORE_UNAVAILABLE',
      message: `the store stopped: ${fault?.message}`,
    })
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    if (this.#closing) return

    const now = Date.now()
    this.#deaths = [...this.#deaths.filter((death) => now - death < 60_000), now]
    const isOver = this.#deaths.length > MAX_RESTARTS
    const loss = this.settings.path === ':memory:' ? ', and what it held in memory is gone' : ''
    this.#events.report(
      `the store stopped (${fault?.message ?? 'it was ended'})${loss}; ${isOver ? 'it has done so too often and stays down: restart the viewer' : 'starting it again'}`,
    )
    if (!isOver) this.start().catch((error: Error) => this.#events.report(error.message))
  }
}

function errorOf({ code, message }: Failure): ViewerError {
  return new ViewerError(code, message)
}
