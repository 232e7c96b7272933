import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { ScopeManager } from '../api/scope.ts'
import { noteSurroundings, wasActiveAtArrival } from './arrivals.ts'
import type { Binding } from './bind.ts'
import type { Engine } from './engine.ts'
import { closeInbound, receive } from './inbound.ts'
import type { InboundRequest } from './inbound-request.ts'
import { serverSpanOf } from './open-requests.ts'
import { emitResponse, exchangeOf, type Outbound } from './responses.ts'
import type { EngineSpan } from './row.ts'
import { bringsSocket, emitUpgrade } from './upgrades.ts'

/**
 * Server spans for `node:http` and `node:https`: one on every `request` event of a server, finished when the
 * response is. No listener and no closure per request: the prototypes' own `emit` is where everything passes.
 */

export type Emit = (this: any, event: string | symbol, ...args: any[]) => boolean

/** Patches a server class so that its requests run inside a server span. */
export function traceRequests(
  engine: Engine,
  Server: { prototype: object },
  binding: Binding<InboundRequest>,
): void {
  engine.patch(Server.prototype, 'emit', (emit: Emit): Emit => {
    return function (this: unknown, event, ...args) {
      if (!binding.enabled) return emit.call(this, event, ...args)
      if (bringsRequest(event)) return emitRequest(binding, emit, this, event, args)
      if (bringsSocket(event)) return emitUpgrade(binding, emit, this, event, args)
      return emit.call(this, event, ...args)
    }
  })
}

function bringsRequest(event: string | symbol): boolean {
  return event === 'request' || event === 'checkContinue' || event === 'checkExpectation'
}

/** Emits a request inside a server span of its own; inside the one that it has, if somebody traces it already. */
export function emitRequest(
  binding: Binding<InboundRequest>,
  emit: Emit,
  server: unknown,
  event: string | symbol,
  args: unknown[],
): boolean {
  const [request, response] = args
  // Anybody may emit anything: what is no request and response goes on untouched.
  if (!isObject(request) || !isObject(response) || serverSpanOf(request) !== null) {
    return emit.call(server, event, ...args)
  }
  const { scope } = binding.runtime
  const span = receive(binding, new HttpRequestView(request), request, response)
  if (span === null) return emit.call(server, event, ...args)
  noteSurroundings(scope, request, response)
  return scope.with(span, emit, server, event, ...args)
}

/**
 * Patches messages and responses so that their events find the span again: the parser emits body events outside of
 * every asynchronous context (nodejs/node#41285).
 */
export function traceMessages(
  engine: Engine,
  http: { IncomingMessage: { prototype: object }; ServerResponse: { prototype: object } },
  inbound: Binding<InboundRequest>,
  outbound: Binding<Outbound>,
): void {
  const { scope } = inbound.runtime
  engine.patch(http.IncomingMessage.prototype, 'emit', (emit: Emit): Emit => {
    const silent = silentWithoutListeners(emit)
    return function (this: IncomingMessage, event, ...args) {
      const span = serverSpanOf(this)
      if (span !== null) {
        if (silent && isUnheard(this, event)) return false
        return emitInside(scope, span, emit, this, event, args)
      }
      const exchange = exchangeOf(this)
      if (exchange !== undefined) return emitResponse(outbound, exchange, emit, this, event, args)
      return emit.call(this, event, ...args)
    }
  })
  engine.patch(http.ServerResponse.prototype, 'emit', (emit: Emit): Emit => {
    const silent = silentWithoutListeners(emit)
    return function (this: ServerResponse, event, ...args) {
      const span = serverSpanOf(this)
      if (span === null) return emit.call(this, event, ...args)
      if (event === 'finish' || event === 'close') closeResponse(inbound, span, this, event === 'finish')
      if (silent && isUnheard(this, event)) return false
      return emitInside(scope, span, emit, this, event, args)
    }
  })
}

/** On responses whose span is finished: all copies of this package know it. */
const CLOSED: unique symbol = Symbol.for('spoor.closed')

/** What a response tells of itself; a stream of HTTP/2 has its status among the headers that it has sent. */
interface Sent {
  readonly headersSent: boolean
  readonly statusCode?: number
  readonly sentHeaders?: { readonly [name: string]: unknown }
  [CLOSED]?: true
}

/** Finishes the span of a response, once. @param complete whether all of it was sent */
export function closeResponse(
  binding: Binding<InboundRequest>,
  span: EngineSpan,
  response: Sent,
  complete: boolean,
): void {
  if (response[CLOSED] === true) return
  response[CLOSED] = true
  closeInbound(binding, span, statusOf(response), complete)
}

/** Until the head is sent, the status of a response is only its default. */
function statusOf({ headersSent, statusCode, sentHeaders }: Sent): number | undefined {
  if (!headersSent) return undefined
  return statusCode ?? (Number(sentHeaders?.[':status']) || undefined)
}

/**
 * The same for one request and its response, without a patch of their classes: for those who bring their own requests.
 */
export function followMessages(
  binding: Binding<InboundRequest>,
  span: EngineSpan,
  request: object,
  response: object,
): void {
  const { scope } = binding.runtime
  noteSurroundings(scope, request, response)
  shadowEmit(request, (emit, self, event, args) => emitInside(scope, span, emit, self, event, args))
  shadowEmit(response, (emit, self, event, args) => {
    if (event === 'finish' || event === 'close')
      closeResponse(binding, span, response as ServerResponse, event === 'finish')
    if (event === 'pipe') readInside(scope, span, self, args[0] as Partial<Readable> | undefined)
    return emitInside(scope, span, emit, self, event, args)
  })
}

/** A stream that a handler answers with is read after it: by the framework, which need not be inside of the span. */
function readInside(
  scope: ScopeManager,
  span: EngineSpan,
  response: object,
  body: Partial<Readable> | undefined,
): void {
  const read = body?.read
  if (body === undefined || typeof read !== 'function') return
  Reflect.defineProperty(body, 'read', {
    configurable: true,
    writable: true,
    enumerable: false,
    value(this: Readable, size?: number): unknown {
      return isOutside(scope, response) ? scope.with(span, read, this, size) : read.call(this, size)
    },
  })
}

type Emitting = (emit: Emit, self: any, event: string | symbol, args: unknown[]) => boolean

/** Shadows the `emit` of one object: its class is not ours to patch. */
export function shadowEmit(emitter: object, emitting: Emitting): void {
  const { emit } = emitter as { emit?: Emit }
  if (typeof emit !== 'function') return
  Object.defineProperty(emitter, 'emit', {
    configurable: true,
    writable: true,
    enumerable: false,
    value: function (this: object, event: string | symbol, ...args: unknown[]): boolean {
      return emitting(emit, this, event, args)
    },
  })
}

/** Emits an event of a request in its span. Whoever emits in a child of that keeps the context that they have. */
function emitInside(
  scope: ScopeManager,
  span: EngineSpan,
  emit: Emit,
  self: object,
  event: string | symbol,
  args: unknown[],
): boolean {
  if (!isOutside(scope, self)) return emit.call(self, event, ...args)
  return scope.with(span, emit, self, event, ...args)
}

function isOutside({ activeSpan }: ScopeManager, message: object): boolean {
  return activeSpan === null || wasActiveAtArrival(message, activeSpan)
}

/**
 * Whether an event without listeners (other than `error`) does nothing: so it is with Node's own `emit`, which then need
 * not be called. It need not be so where somebody has wrapped it before us.
 */
function silentWithoutListeners(emit: Emit): boolean {
  return emit === EventEmitter.prototype.emit
}

/** Most events of a message have no listener. An `error` without one is thrown. */
function isUnheard(emitter: object, event: string | symbol): boolean {
  const { _events } = emitter as { _events?: { [event: string | symbol]: unknown } }
  return event !== 'error' && _events !== undefined && _events[event] === undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/**
 * A request of `node:http` as the engine reads it. Accessors, so that what nobody reads costs nothing; total, because
 * a request that somebody made by hand need not have a socket or raw headers.
 */
export class HttpRequestView implements InboundRequest {
  readonly #request: Partial<IncomingMessage>

  constructor(request: object) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  get url(): string {
    return this.#request.url ?? '/'
  }

  get scheme(): string {
    return (this.#request.socket as { encrypted?: boolean } | undefined)?.encrypted === true
      ? 'https'
      : 'http'
  }

  get protocolVersion(): string {
    return this.#request.httpVersion ?? ''
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders ?? (Object.entries(this.headers).flat() as string[])
  }

  get headers(): IncomingMessage['headers'] {
    return this.#request.headers ?? {}
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket?.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#request.socket?.remotePort
  }
}

/** The same for a request that is seen below routers: those cut off the path that they are mounted at, and leave the whole. */
export class RoutedRequestView extends HttpRequestView {
  readonly #routed: { readonly originalUrl?: unknown }

  constructor(request: object) {
    super(request)
    this.#routed = request
  }

  override get url(): string {
    const { originalUrl } = this.#routed
    return typeof originalUrl === 'string' ? originalUrl : super.url
  }
}
