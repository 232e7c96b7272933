/**
 * `spoor/hono`: a tracing object for Hono 4, on Node.js and wherever else it runs.
 *
 * @example
 * const tracing = new HonoTracing({ app, tracedAttributes: ['path', 'headers.user-agent'] })
 */
import { SpoorError } from '../api/errors.ts'
import { noteFailure, openSpanOf } from '../instrument/open-requests.ts'
import type { Exchange } from '../instrument/serve.ts'
import type { FetchExchange } from '../instrument/serve-fetch.ts'
import { seeThrough } from '../instrument/traced-attributes.ts'
import {
  ContextView,
  type HonoContext,
  type HonoHandler,
  type HonoRoute,
  isContext,
  messagesOf,
  routeOf,
} from '../instrumentations/hono-context.ts'
import { type Framework, Tracing, type TracingOptions } from './tracing.ts'

/** What we use of an application. */
export interface HonoApp {
  router: any
  fetch: (...args: any[]) => unknown
}

/** What `app.use()` takes. */
export type HonoMiddleware = (context: any, next: () => Promise<void>) => Promise<any>

/**
 * Traces all requests of Hono applications, or the handlers that are marked. Callbacks get the context as the request, and
 * a `Response`. On Node.js a span ends with what was sent; elsewhere, and by `app.request()`, with the body of the response.
 */
export class HonoTracing<Context extends object = any> extends Tracing<HonoApp, Context, Response> {
  constructor(options: TracingOptions<HonoApp, Context, Response> = {}) {
    super(framework, options)
  }

  /**
   * Traces what comes after it: for an application that is a part of another one.
   *
   * @example
   * app.use(tracing.middleware())
   */
  middleware(): HonoMiddleware {
    return async (context, next) => (this.tracesAll ? lead(this, context, next) : next())
  }
}

const framework: Framework<HonoApp> = {
  name: 'hono',
  exchange(args) {
    // Error handlers get the error first.
    const context = isContext(args[0]) ? args[0] : args[1]
    return isContext(context) ? exchangeOf(context) : null
  },
  message: (context) => (isContext(context) ? messageOf(context) : undefined),
  attach(app, tracing) {
    const { router } = app
    if (typeof router?.match !== 'function') {
      throw new SpoorError('SPOOR_NOT_AN_APP', 'attach() got something that is no Hono application.')
    }
    const entrance = new Entrance(router, (context, next, alone) => lead(tracing, context, next, alone))
    app.router = entrance
    return () => {
      entrance.leave()
      if (app.router === entrance) app.router = router
    }
  },
}

/** Leads a request through the server span. @param alone there is one handler, and no middleware */
async function lead(
  tracing: Tracing<HonoApp>,
  context: HonoContext,
  next: () => Promise<void>,
  alone = false,
): Promise<Response | undefined> {
  const exchange = { ...exchangeOf(context), known: 'end' } as const
  const run = async (): Promise<Response | undefined> => {
    await next()
    const span = openSpanOf(messageOf(context))
    if (span !== null && context.error !== undefined) noteFailure(span, context.error)
    // Hono calls one handler alone a 404 when it answers nothing, and one of several an error (4.13, lib/hono-base.js).
    return alone && !context.finalized
      ? (context as HonoContext & { notFound(): Response }).notFound()
      : undefined
  }
  return 'fetch' in exchange ? tracing.serveFetch(exchange, run) : tracing.serve(exchange, run)
}

type Match = readonly [handlers: readonly unknown[], ...stash: unknown[]]
type Lead = (context: HonoContext, next: () => Promise<void>, alone: boolean) => Promise<Response | undefined>

/**
 * A router with middleware in front of all that it finds, routes that were declared before it included: an application asks
 * its router for every request, and its router alone.
 */
class Entrance {
  readonly #router: { name: string; add(...args: unknown[]): void; match(...args: unknown[]): Match }
  readonly #one: unknown
  readonly #several: unknown
  #left = false

  constructor(router: any, lead: Lead) {
    this.#router = router
    this.#one = entry((context, next) => lead(context, next, true))
    this.#several = entry((context, next) => lead(context, next, false))
  }

  get name(): string {
    return this.#router.name
  }

  add(...args: unknown[]): void {
    this.#router.add(...args)
  }

  match(...args: unknown[]): Match {
    const found = this.#router.match(...args)
    if (this.#left) return found
    const [handlers, ...stash] = found
    return [[handlers.length === 1 ? this.#one : this.#several, ...handlers], ...stash]
  }

  /** Applications that share the router of this one keep it. */
  leave(): void {
    this.#left = true
  }
}

/** As routers keep them: a handler with its route, and where its parameters are. */
function entry(handler: HonoHandler): unknown {
  const route: HonoRoute & { basePath: string } = { basePath: '/', path: '/*', method: 'ALL', handler }
  return [[handler, route], {}]
}

function messageOf(context: HonoContext): object {
  return messagesOf(context)?.incoming ?? context.req.raw
}

function exchangeOf(context: HonoContext): Exchange | FetchExchange {
  seeThrough(context, (seen) => new ContextView(seen))
  const route = (): string | undefined => routeOf(context)
  const messages = messagesOf(context)
  if (messages === undefined)
    return { fetch: context.req.raw, request: context, route, kept: keptBy(context) }
  const { incoming, outgoing } = messages
  // A handler that is alone leaves its response nowhere.
  const reply = (): object =>
    context.finalized && context.res !== undefined
      ? context.res
      : new Response(null, { status: outgoing.statusCode ?? 200 })
  return { message: incoming, response: outgoing, request: context, reply, route }
}

function keptBy(context: HonoContext): Required<FetchExchange>['kept'] {
  return {
    get: () => (context.finalized ? context.res : undefined),
    set(response) {
      // Else the headers of the one before would be added to those of this one, which has them already.
      context.res = undefined
      context.res = response
    },
  }
}
