import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ScopeManager } from '../api/scope.ts'
import type { Binding } from './bind.ts'
import type { Engine } from './engine.ts'
import { closeInbound, type InboundRequest, openInbound, serverSpanOf, setServerSpan } from './inbound.ts'
import { emitResponse, exchangeOf, type Outbound } from './responses.ts'
import type { EngineSpan } from './row.ts'

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
      if (!binding.enabled || !bringsRequest(event)) return emit.call(this, event, ...args)
      return emitRequest(binding, emit, this, event, args)
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
  const span = openInbound(binding, new HttpRequestView(request))
  if (span === null) return emit.call(server, event, ...args)
  setServerSpan(span, request, response)
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
    return function (this: IncomingMessage, event, ...args) {
      const exchange = exchangeOf(this)
      if (exchange !== undefined) return emitResponse(outbound, exchange, emit, this, event, args)
      const span = serverSpanOf(this)
      if (span === null || !hasListeners(this, event)) return emit.call(this, event, ...args)
      return emitInside(scope, span, emit, this, event, args)
    }
  })
  engine.patch(http.ServerResponse.prototype, 'emit', (emit: Emit): Emit => {
    return function (this: ServerResponse, event, ...args) {
      const span = serverSpanOf(this)
      if (span === null) return emit.call(this, event, ...args)
      if (event === 'finish' || event === 'close') close(inbound, span, this, event === 'finish')
      if (!hasListeners(this, event)) return emit.call(this, event, ...args)
      return emitInside(scope, span, emit, this, event, args)
    }
  })
}

const CLOSED = Symbol('spoor.closed')

function close(
  binding: Binding<InboundRequest>,
  span: EngineSpan,
  response: ServerResponse & { [CLOSED]?: true },
  complete: boolean,
): void {
  if (response[CLOSED] === true) return
  response[CLOSED] = true
  // Until the head is sent, the status of a response is only its default.
  closeInbound(binding, span, response.headersSent ? response.statusCode : undefined, complete)
}

/** What was active when the request arrived, where that was anything: a server that began to listen inside a span. */
const SURROUNDINGS = Symbol('spoor.surroundings')

type Surrounded = { [SURROUNDINGS]?: unknown }

function noteSurroundings({ activeSpan }: ScopeManager, request: object, response: object): void {
  if (activeSpan === null) return
  ;(request as Surrounded)[SURROUNDINGS] = activeSpan
  ;(response as Surrounded)[SURROUNDINGS] = activeSpan
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
  const { activeSpan } = scope
  if (activeSpan !== null && activeSpan !== (self as Surrounded)[SURROUNDINGS])
    return emit.call(self, event, ...args)
  return scope.with(span, emit, self, event, ...args)
}

/** Most events of a message have no listener, and need no context. */
function hasListeners(emitter: object, event: string | symbol): boolean {
  return (emitter as { _events?: { [event: string | symbol]: unknown } })._events?.[event] !== undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/**
 * A request of `node:http` as the engine reads it. Accessors, so that what nobody reads costs nothing; total, because
 * a request that somebody made by hand need not have a socket or raw headers.
 */
class HttpRequestView implements InboundRequest {
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
}
