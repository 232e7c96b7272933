/**
 * `spoor/hapi`: a tracing object for Hapi 21.
 *
 * @example
 * const tracing = new HapiTracing({ tracedAttributes: ['params.id'] })
 * await server.register(tracing.plugin)
 */
import { SpoorError } from '../api/errors.ts'
import { serverSpanOf } from '../instrument/open-requests.ts'
import { patchMethod } from '../instrument/patch.ts'
import type { Exchange } from '../instrument/serve.ts'
import { type HapiRequest, hapi as table, templateOf } from '../instrumentations/hapi.ts'
import { nameRoutes } from './route-names.ts'
import { type Framework, Tracing, type TracingOptions } from './tracing.ts'

/** What we use of a server. */
export interface HapiServer {
  inject: (...args: any[]) => unknown
  ext: (...args: any[]) => unknown
}

/** What `server.register()` takes. */
export interface HapiPlugin {
  readonly name: string
  register(server: any): void
}

/**
 * Traces all requests of Hapi servers, those of `server.inject()` too, or the handlers that are marked. Callbacks get
 * Hapi's request, and the response of Node.js.
 */
export class HapiTracing<Request extends object = any, Response extends object = any> extends Tracing<
  HapiServer,
  Request,
  Response
> {
  /** Attaches to the whole server that it is registered with: `await server.register(tracing.plugin)`. */
  readonly plugin: HapiPlugin

  constructor(options: TracingOptions<HapiServer, Request, Response> = {}) {
    super(framework, options)
    this.plugin = { name: 'spoor', register: (server) => void this.attach(server) }
  }
}

const framework: Framework<HapiServer> = {
  name: 'hapi',
  exchange: ([request]) => (isRequest(request) ? exchangeOf(request) : null),
  message: (request: Partial<HapiRequest>) => request.raw?.req,
  attach(server, tracing) {
    const { Request } = coreOf(server)
    const released = nameRoutes(table, { Request: Object.getPrototypeOf(Request) as object })
    const mark = Symbol('spoor.traced')
    // The server's own class of requests: whatever brings one, a socket or `inject()`, comes by here, and all of a
    // request's life is in its flow (hapi 21, lib/core.js `_dispatch`).
    const undoExecute = patchMethod(
      Request.prototype,
      '_execute',
      (execute: () => unknown) =>
        function (this: HapiRequest): unknown {
          return tracing.serve(exchangeOf(this), () => execute.call(this))
        },
      mark,
    )
    // A server under too much load answers without that.
    const undoReply = patchMethod(
      Request.prototype,
      '_reply',
      (reply: (...args: unknown[]) => unknown) =>
        function (this: HapiRequest, ...args: unknown[]): unknown {
          if (serverSpanOf(this.raw.req) !== null) return reply.apply(this, args)
          return tracing.serve(exchangeOf(this), () => reply.apply(this, args))
        },
      mark,
    )
    return () => {
      undoExecute?.()
      undoReply?.()
      released()
    }
  },
}

/** What a server keeps to itself; the servers that plugins are given share it. */
interface Core {
  readonly Request: { readonly prototype: object }
}

function coreOf(server: object): Core {
  const { _core: core } = server as { readonly _core?: Core }
  if (typeof core?.Request !== 'function') {
    throw new SpoorError('SPOOR_NOT_AN_APP', 'attach() got something that is no Hapi server.')
  }
  return core
}

function isRequest(value: unknown): value is HapiRequest {
  const { raw } = (value ?? {}) as Partial<HapiRequest>
  return typeof raw?.req === 'object' && typeof raw.res === 'object'
}

function exchangeOf(request: HapiRequest): Exchange {
  return {
    message: request.raw.req,
    response: request.raw.res,
    request,
    reply: request.raw.res,
    route: () => templateOf(request),
  }
}
