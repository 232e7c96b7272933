import type { ServerResponse } from 'node:http'
import { type Arrival, admit, attempt, join, type Serving, serverBinding } from './admit.ts'
import type { Binding } from './bind.ts'
import type { InboundRequest } from './inbound-request.ts'
import { isSilent, noteFailure, openSpanOf, serverSpanOf } from './open-requests.ts'
import { closeResponse, followMessages, RoutedRequestView } from './requests.ts'
import type { EngineSpan } from './row.ts'
import type { Runtime } from './runtime.ts'
import { followStream } from './streams.ts'
import { followHandshake } from './upgrades.ts'

/** One request as a framework hands it to a handler. */
export interface Exchange {
  /** The messages of Node.js, or whatever stands in for them and emits their events. One stream of HTTP/2 is both. */
  readonly message: object
  readonly response: object
  /** What the framework's users know as the request and the response, where those are other objects. */
  readonly request?: object
  readonly reply?: object | (() => object | undefined)
  /** The framework, where one tracing object serves several. */
  readonly framework?: string
  /** Whether nobody answers for a handler that throws, where that differs from one handler to the next. */
  readonly throwEnds?: boolean
  /** How to read the request, where it is none of `node:http`. */
  readonly view?: InboundRequest
  /** Whether there is a socket in place of the response. */
  readonly handshake?: boolean
  /** The route's template, as soon as it is known. */
  readonly route?: () => string | undefined
  /** When that can be relied on: at once, as a rule; else when the response is over. */
  readonly known?: 'start' | 'end'
}

/** A handler has failed in a way that only its framework knows. */
export function tellFailure(message: object, error: unknown): void {
  const span = openSpanOf(message)
  if (span !== null) noteFailure(span, error)
}

/**
 * Server spans for those who bring requests themselves, without a patch of Node.js: opened where a handler begins, or found
 * there; finished with the response, whatever the handler does.
 */
export class Server {
  readonly #binding: Binding<InboundRequest>

  constructor(runtime: Runtime) {
    this.#binding = serverBinding(runtime)
  }

  /** Runs a handler inside the server span of its request. @returns what the handler returns */
  serve<Result>(exchange: Exchange, serving: Serving, handler: () => Result): Result {
    const { message, response } = exchange
    const other = serverSpanOf(message)
    if (other !== null) {
      join(this.#binding, other, arrivalOf(exchange), serving)
      return this.#watched(other, exchange, serving, handler)
    }
    const span = admit(this.#binding, arrivalOf(exchange), serving)
    if (span === null) return handler()
    if (exchange.handshake === true) followHandshake(this.#binding, span, response)
    else if (message === response) followStream(this.#binding, span, message)
    else followMessages(this.#binding, span, message, response)
    return this.#binding.runtime.scope.with(span, () => this.#watched(span, exchange, serving, handler))
  }

  /** Notes what goes wrong in the handler. */
  #watched<Result>(
    span: EngineSpan,
    { response }: Exchange,
    serving: Serving,
    handler: () => Result,
  ): Result {
    return attempt(handler, (error) => {
      if (isSilent(span)) return
      noteFailure(span, error)
      if (serving.throwEnds === true) closeResponse(this.#binding, span, response as ServerResponse, false)
    })
  }
}

function arrivalOf({ message, response, view, request, reply, route, known }: Exchange): Arrival {
  return {
    message,
    response,
    view: view ?? new RoutedRequestView(message),
    request: request ?? message,
    reply: reply ?? response,
    route,
    known,
  }
}
