/**
 * `spoor/http`: a tracing object for `node:http`, `node:https` and `node:http2`, for Connect, Restify and h3, and for
 * handlers that stand alone: `(req, res)` of Node.js and of Next's pages, `(request: Request) => Response` of srvx and of
 * Next's routes. Beside it, server spans by hand for everything else.
 *
 * @example
 * const server = createServer(listener)
 * const tracing = new HttpTracing({ app: server, tracedAttributes: ['headers.user-agent'] })
 */
import { Server } from 'node:net'
import { SpoorError } from '../api/errors.ts'
import { attachConnect, type ConnectApp, isConnect } from './http/connect.ts'
import { fetchExchangeOf, fetchMessageOf } from './http/fetch.ts'
import { attachH3, type H3App, isH3 } from './http/h3.ts'
import { exchangeOf, messageOf, watchNext } from './http/messages.ts'
import { attachRestify, isRestify, type RestifyServer } from './http/restify.ts'
import { attachServer } from './http/servers.ts'
import { type Framework, Tracing, type TracingOptions } from './tracing.ts'

/** What an `HttpTracing` can be attached to. */
export type HttpApp = Server | ConnectApp | RestifyServer | H3App

/** Traces all requests of servers and applications, or the handlers that are marked. */
export class HttpTracing<Request extends object = any, Response extends object = any> extends Tracing<
  HttpApp,
  Request,
  Response
> {
  constructor(options: TracingOptions<HttpApp, Request, Response> = {}) {
    super(framework, options)
  }
}

const framework: Framework<HttpApp> = {
  name: 'http',
  throwEnds: true,
  exchange: (args) => fetchExchangeOf(args) ?? exchangeOf(args),
  message: (request) => fetchMessageOf(request) ?? messageOf(request),
  watch: watchNext,
  attach(app, tracing) {
    if (app instanceof Server) return attachServer(app, tracing)
    if (isRestify(app)) return attachRestify(app, tracing)
    if (isH3(app)) return attachH3(app, tracing)
    if (isConnect(app)) return attachConnect(app, tracing)
    throw new SpoorError(
      'SPOOR_NOT_AN_APP',
      'attach() got what is no server of node:http, node:https or node:http2, and no application of Connect, Restify or h3. ' +
        'Give one of these, or mark handlers with trace().',
    )
  },
}

export type { RequestHeaders } from './inbound/headers.ts'
export type { LambdaEvent } from './inbound/lambda-events.ts'
export type { RequestView, StreamArrival } from './inbound/request-view.ts'
export {
  finishServerSpan,
  type InboundLike,
  type ServerOutcome,
  type ServerSpanOptions,
  startServerSpan,
} from './inbound/start-server-span.ts'
export { type LambdaOptions, traceLambda } from './inbound/trace-lambda.ts'
