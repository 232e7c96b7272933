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

/** Events of a server that bring a request and its response. */
const REQUEST_EVENTS: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation'])

type Emit = (this: any, event: string | symbol, ...args: any[]) => boolean

/** Patches a server class so that its requests run inside a server span. */
export function traceRequests(
  engine: Engine,
  Server: { prototype: object },
  binding: Binding<InboundRequest>,
): void {
  const { scope } = binding.runtime
  engine.patch(Server.prototype, 'emit', (emit: Emit): Emit => {
    return function (this: unknown, event, request, response, ...rest) {
      if (!binding.enabled || !REQUEST_EVENTS.has(event) || serverSpanOf(request) !== null) {
        return emit.call(this, event, request, response, ...rest)
      }
      const span = openInbound(binding, viewOf(request))
      if (span === null) return emit.call(this, event, request, response, ...rest)
      setServerSpan(span, request, response)
      return scope.with(span, emit, this, event, request, response, ...rest)
    }
  })
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
      if (span === null || !listenedTo(this, event)) return emit.call(this, event, ...args)
      return inSpan(scope, span, emit, this, event, args)
    }
  })
  engine.patch(http.ServerResponse.prototype, 'emit', (emit: Emit): Emit => {
    return function (this: ServerResponse, event, ...args) {
      const span = serverSpanOf(this)
      if (span === null) return emit.call(this, event, ...args)
      if (event === 'finish' || event === 'close') close(inbound, span, this, event === 'finish')
      if (!listenedTo(this, event)) return emit.call(this, event, ...args)
      return inSpan(scope, span, emit, this, event, args)
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
  closeInbound(binding, span, response.statusCode, complete)
}

function inSpan(
  scope: ScopeManager,
  span: EngineSpan,
  emit: Emit,
  self: unknown,
  event: string | symbol,
  args: unknown[],
): boolean {
  // Whoever emits inside the request, in a child span perhaps, keeps the context that they have.
  if (scope.activeSpan !== null) return emit.call(self, event, ...args)
  return scope.with(span, emit, self, event, ...args)
}

function listenedTo(emitter: object, event: string | symbol): boolean {
  return (emitter as { _events?: { [event: string | symbol]: unknown } })._events?.[event] !== undefined
}

/** A request of `node:http` as the engine reads it. Accessors, so that what nobody reads costs nothing. */
class HttpRequestView implements InboundRequest {
  readonly #request: IncomingMessage

  constructor(request: IncomingMessage) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  get url(): string {
    return this.#request.url ?? '/'
  }

  get scheme(): string {
    return (this.#request.socket as { encrypted?: boolean }).encrypted === true ? 'https' : 'http'
  }

  get protocolVersion(): string {
    return this.#request.httpVersion
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders
  }

  get headers(): IncomingMessage['headers'] {
    return this.#request.headers
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress
  }
}

function viewOf(request: IncomingMessage): InboundRequest {
  return new HttpRequestView(request)
}
