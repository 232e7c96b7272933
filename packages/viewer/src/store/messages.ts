/** What the store's thread and the rest of the viewer say to each other. */
import type { Delivery, Receipt } from '../collector/delivery.ts'
import type { ViewerErrorCode } from '../errors.ts'
import type { StoreOptions, Totals } from './store.ts'
import type { ListQuery } from './trace-list.ts'

export interface WorkerSettings extends StoreOptions {
  /** Largest request after decompression, in bytes. */
  maxBody: number
}

export type Question =
  | ({ ask: 'store' } & Delivery)
  | { ask: 'list'; query: ListQuery }
  | { ask: 'trace'; traceId: string }
  | { ask: 'span'; traceId: string; spanId: string }
  | { ask: 'otlp'; traceId: string }
  | { ask: 'totals' }
  | { ask: 'quota'; bytes: number }
  | { ask: 'close' }

/** `list`, `trace`, `span` and `otlp` are answered in JSON, ready to be sent; undefined where there is no such thing. */
export interface Answers {
  store: Receipt
  list: string
  trace: string | undefined
  span: string | undefined
  otlp: string | undefined
  totals: Totals
  quota: undefined
  close: undefined
}

export interface Failure {
  code: ViewerErrorCode
  message: string
}

/** From the store's thread. */
export type Message =
  | { say: 'ready'; engine: string }
  | { say: 'failed'; failure: Failure }
  | { say: 'answer'; id: number; value: unknown }
  | { say: 'refusal'; id: number; failure: Failure }
  | { say: 'changed'; traceIds: string[]; spans: number }
  /** Writing fails, or works again (undefined). */
  | { say: 'trouble'; message: string | undefined }
