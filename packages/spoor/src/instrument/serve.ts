import type { ServerResponse } from 'node:http'
import { Binding } from './bind.ts'
import {
  attend,
  type InboundRequest,
  inboundRequest,
  isSilent,
  noteFailure,
  openSpanOf,
  present,
  receive,
  serverSpanOf,
  tellRoute,
} from './inbound.ts'
import { closeResponse, followMessages, HttpRequestView } from './requests.ts'
import type { EngineParent, EngineSpan } from './row.ts'
import type { Runtime } from './runtime.ts'
import { mute, type ServerPolicy, tellAttributes } from './server-policy.ts'
import type { TracedAttributes } from './traced-attributes.ts'

/** One request as a framework hands it to a handler. */
export interface Exchange {
  /** The messages of Node.js, or whatever stands in for them and emits their events. */
  readonly message: object
  readonly response: object
  /** What the framework's users know as the request and the response, where those are other objects. */
  readonly request?: object
  readonly reply?: object
  /** The route's template, as soon as it is known. */
  readonly route?: () => string | undefined
}

/** How a handler is traced. */
export interface Serving {
  readonly framework: string
  readonly policy: ServerPolicy
  /** Told beside those of the policy. */
  readonly attributes?: TracedAttributes
  /** Nobody answers for a handler that throws: its span ends there. By default the response ends it. */
  readonly throwEnds?: boolean
}

/**
 * Server spans for those who bring requests themselves, without a patch of Node.js: opened where a handler begins, or found
 * there; finished with the response, whatever the handler does.
 */
export class Server {
  readonly #binding: Binding<InboundRequest>

  constructor(runtime: Runtime) {
    this.#binding = new Binding(inboundRequest, runtime, 'server')
  }

  /** Runs a handler inside the server span of its request. @returns what the handler returns */
  serve<Result>(exchange: Exchange, serving: Serving, handler: () => Result): Result {
    const other = serverSpanOf(exchange.message)
    if (other !== null) {
      this.#join(other, exchange, serving)
      return this.#watched(other, exchange, serving, handler)
    }
    const span = this.#open(exchange, serving)
    if (span === null) return handler()
    return this.#binding.runtime.scope.with(span, () => this.#watched(span, exchange, serving, handler))
  }

  #open(exchange: Exchange, { framework, policy, attributes }: Serving): EngineSpan | null {
    const { message, response, request = message, reply = response } = exchange
    const view = new HttpRequestView(message)
    const parent = this.#surrounding()
    const span = receive(this.#binding, view, message, response, {
      policy,
      parent,
      request,
      response: reply,
      component: framework,
    })
    if (span === null) return null
    followMessages(this.#binding, span, message, response)
    if (isSilent(span)) return span
    if (attributes !== undefined) tellAttributes(span, request, attributes)
    this.#watchRoute(span, exchange, framework, view.method)
    return span
  }

  /** Somebody else has opened the span. What is wanted of it holds all the same. */
  #join(span: EngineSpan, exchange: Exchange, { framework, policy, attributes }: Serving): void {
    if (openSpanOf(exchange.message) === null) return
    const { message, response, request = message, reply = response } = exchange
    const view = new HttpRequestView(message)
    if (policy.ignores(request, view)) {
      mute(span)
      return
    }
    if (exchange.request !== undefined) present(span, request)
    // Whoever comes late may have missed the route.
    if (policy.begin(span, view, request, reply, true))
      this.#watchRoute(span, exchange, framework, view.method)
    if (attributes !== undefined) tellAttributes(span, request, attributes)
  }

  /** A span in whose flow the request was made, in this process: what is finished is only where the server was started. */
  #surrounding(): EngineParent {
    const active = this.#binding.runtime.scope.activeSpan as EngineSpan | null
    return active === null || active.finished === true ? null : active
  }

  /** Frameworks that say nothing when a route is found are asked: at once, and at the end. */
  #watchRoute(span: EngineSpan, { route }: Exchange, framework: string, method: string): void {
    if (route === undefined) return
    let known = false
    const look = (): void => {
      const path = known ? undefined : route()
      if (path === undefined) return
      tellRoute(this.#binding.runtime, span, path, { method, framework })
    }
    const routed = (): void => {
      known = true
    }
    attend(span, { routed, closing: look })
    look()
  }

  /** Notes what goes wrong in the handler. */
  #watched<Result>(span: EngineSpan, exchange: Exchange, serving: Serving, handler: () => Result): Result {
    const failed = (error: unknown): void => {
      if (isSilent(span)) return
      noteFailure(span, error)
      if (serving.throwEnds === true)
        closeResponse(this.#binding, span, exchange.response as ServerResponse, false)
    }
    let result: Result
    try {
      result = handler()
    } catch (error) {
      failed(error)
      throw error
    }
    // A promise of ours in place of theirs: to listen to theirs would keep its rejection from crashing the process.
    if (!(result instanceof Promise)) return result
    return result.then(undefined, (error: unknown) => {
      failed(error)
      throw error
    }) as Result
  }
}
