/**
 * The OTLP/HTTP receiver. It answers when the spans are stored, refuses what cannot be understood for good, and asks
 * to come again later for what it cannot take now.
 *
 * Source: opentelemetry-proto, docs/specification.md, section OTLP/HTTP.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ViewerError } from '../errors.ts'
import { isTrustedOrigin } from '../hosts.ts'
import {
  INTERNAL,
  INVALID_ARGUMENT,
  NOT_FOUND,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  type Status,
  sendStatus,
  sendSuccess,
  UNAVAILABLE,
  UNIMPLEMENTED,
} from './answers.ts'
import { Budget, receiveBody } from './body.ts'
import type { Delivery, Receipt } from './delivery.ts'
import { type ContentEncoding, type ContentType, isSupported, tooLarge } from './encoding.ts'

export interface ReceiverOptions {
  /** Largest request, in bytes, before and after decompression. */
  maxBody: number
  /** Bytes of all requests that are being received or wait for the store; more are asked to come again. */
  maxQueue: number
  /** Origins of pages, besides those on this machine, that may send spans. */
  allowedOrigins: readonly string[]
  /** Told to people who open the endpoint in a browser. */
  pageUrl: string
}

/** Where deliveries go. Rejects with a ViewerError. */
export type Sink = (delivery: Delivery) => Promise<Receipt>

/** What came in since the start. */
export interface Counters {
  requests: number
  spans: number
  rejected: number
  bytes: number
}

/** Signals that are accepted and dropped: an SDK that is told 404 fills the log of its application with errors. */
const OTHER_SIGNALS: Record<string, { signal: string; rejectedName: string }> = {
  '/v1/logs': { signal: 'logs', rejectedName: 'rejectedLogRecords' },
  '/v1/metrics': { signal: 'metrics', rejectedName: 'rejectedDataPoints' },
}

export class Receiver {
  readonly counters: Counters = { requests: 0, spans: 0, rejected: 0, bytes: 0 }
  readonly #sink: Sink
  readonly #options: ReceiverOptions
  readonly #budget: Budget
  /** Which connections have been told that a signal is dropped: once is enough. */
  readonly #told = new WeakMap<Socket, Set<string>>()

  constructor(sink: Sink, options: ReceiverOptions) {
    this.#sink = sink
    this.#options = options
    this.#budget = new Budget(options.maxQueue)
  }

  readonly handle: RequestListener = (request, response) => {
    this.#handle(request, response).catch((error: Error) => {
      sendStatus(response, 'json', { http: 500, code: INTERNAL, message: error.message })
    })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0]!
    const type = contentType(request)
    const refusal = this.#admit(request, response, path, type)
    if (refusal) {
      if (request.method !== 'OPTIONS') response.setHeader('connection', 'close')
      sendStatus(response, type ?? 'json', refusal)
      return
    }
    if (request.method === 'OPTIONS') {
      answerPreflight(request, response)
      return
    }

    const body = await receiveBody(request, this.#options.maxBody, this.#budget)
    if (body === 'gone') return
    if (body === 'too large' || body === 'busy') {
      response.setHeader('connection', 'close')
      sendStatus(response, type!, body === 'busy' ? BUSY : statusOf(tooLarge(this.#options.maxBody)))
      return
    }
    const { length } = body
    try {
      const other = OTHER_SIGNALS[path]
      if (other) this.#dropSignal(request, response, type!, other)
      else await this.#store(request, response, type!, body)
    } finally {
      this.#budget.give(length)
    }
  }

  /** @returns why a request is refused before its body is looked at; the headers for browsers are set in passing */
  #admit(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    type: ContentType | undefined,
  ): Status | undefined {
    const { origin } = request.headers
    if (origin !== undefined) {
      response.setHeader('vary', 'Origin')
      if (!isTrustedOrigin(origin, this.#options.allowedOrigins)) {
        const message = `pages from ${origin} may not send spans here: allow them with --allow-origin ${origin}`
        return { http: 403, code: PERMISSION_DENIED, message }
      }
      response.setHeader('access-control-allow-origin', origin)
      // navigator.sendBeacon(), which exporters use when a page is left, always sends with credentials.
      response.setHeader('access-control-allow-credentials', 'true')
      response.setHeader('access-control-expose-headers', 'retry-after')
    }
    if (path !== '/v1/traces' && !Object.hasOwn(OTHER_SIGNALS, path)) {
      const message = `this is an OTLP endpoint: traces go to POST /v1/traces, the page is at ${this.#options.pageUrl}`
      return { http: 404, code: NOT_FOUND, message }
    }
    if (request.method === 'OPTIONS') return undefined
    if (request.method !== 'POST') {
      const headers = { allow: 'POST, OPTIONS' }
      return { http: 405, code: UNIMPLEMENTED, message: `${path} takes POST only`, headers }
    }
    if (!type) {
      const message = `content type ${request.headers['content-type'] ?? '(none)'} is not known: send application/x-protobuf or application/json`
      return { http: 415, code: INVALID_ARGUMENT, message }
    }
    if (!isSupported(contentEncoding(request))) {
      const message = `content encoding ${contentEncoding(request)} is not known: send gzip, deflate or none`
      const headers = { 'accept-encoding': 'gzip, deflate' }
      return { http: 415, code: INVALID_ARGUMENT, message, headers }
    }
    return undefined
  }

  async #store(
    request: IncomingMessage,
    response: ServerResponse,
    type: ContentType,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const { counters } = this
    counters.requests++
    counters.bytes += body.length
    try {
      const encoding = contentEncoding(request) as ContentEncoding
      const { stored, refused, refusal } = await this.#sink({ body, encoding, type })
      counters.spans += stored
      counters.rejected += refused
      sendSuccess(response, type, { rejected: refused, message: refusal ?? '' })
    } catch (error) {
      sendStatus(response, type, statusOf(error))
    }
  }

  #dropSignal(
    { socket }: IncomingMessage,
    response: ServerResponse,
    type: ContentType,
    { signal, rejectedName }: { signal: string; rejectedName: string },
  ): void {
    const told = this.#told.get(socket) ?? new Set()
    const message = told.has(signal) ? '' : `Spoor's viewer shows traces: ${signal} are accepted and dropped`
    this.#told.set(socket, told.add(signal))
    sendSuccess(response, type, { message, rejectedName })
  }
}

const BUSY: Status = {
  http: 503,
  code: UNAVAILABLE,
  message: 'more is being received than can be stored: come again in a second',
  headers: { 'retry-after': 1 },
}

function statusOf(error: unknown): Status {
  const { message, code } = error as ViewerError
  switch (error instanceof ViewerError ? code : undefined) {
    case 'SPOOR_REQUEST_MALFORMED':
      return { http: 400, code: INVALID_ARGUMENT, message: `the request cannot be decoded: ${message}` }
    case 'SPOOR_REQUEST_TOO_LARGE':
      return { http: 413, code: RESOURCE_EXHAUSTED, message }
    case 'SPOOR_STORE_FAILED':
      return { http: 500, code: INTERNAL, message }
    default:
      return { http: 503, code: UNAVAILABLE, message, headers: { 'retry-after': 5 } }
  }
}

function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  const wanted = request.headers['access-control-request-headers']
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS')
  if (wanted) response.setHeader('access-control-allow-headers', wanted)
  response.setHeader('access-control-max-age', '7200')
  if (request.headers['access-control-request-private-network']) {
    response.setHeader('access-control-allow-private-network', 'true')
  }
  response.writeHead(204).end()
}

function contentType(request: IncomingMessage): ContentType | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf'
  return type === 'application/json' ? 'json' : undefined
}

function contentEncoding(request: IncomingMessage): string {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase() || 'identity'
  return encoding === 'x-gzip' ? 'gzip' : encoding
}
