/**
 * `spoor/koa`: a tracing object for Koa 2 and 3.
 *
 * @example
 * const tracing = new KoaTracing({ app, tracedAttributes: ['params.id'] })
 */
import { SpoorError } from '../api/errors.ts'
import { ownerOf, patchMethod } from '../instrument/patch.ts'
import type { Exchange } from '../instrument/serve.ts'
import { koa as table, templateOf } from '../instrumentations/koa.ts'
import { nameRoutes } from './route-names.ts'
import { type Framework, Tracing, type TracingOptions } from './tracing.ts'

/** What we use of an application. */
export interface KoaApp {
  use: (...args: any[]) => unknown
  handleRequest?: unknown
}

/** What we use of a context. */
export interface KoaContext {
  readonly req: object
  readonly res: object
  readonly response?: object
  readonly app?: object
}

/** What `app.use()` takes. */
export type KoaMiddleware = (context: any, next: () => Promise<any>) => Promise<any>

/**
 * Traces all requests of Koa applications, or the handlers that are marked. The context is what its callbacks get as the
 * request, and Koa's own response as the response.
 */
export class KoaTracing<Context extends object = any> extends Tracing<KoaApp, Context, any> {
  constructor(options: TracingOptions<KoaApp, Context, any> = {}) {
    super(framework, options)
  }

  /**
   * Traces what comes after it: for an application that is mounted in another one, or for a router.
   *
   * @example
   * router.use(tracing.middleware())
   */
  middleware(): KoaMiddleware {
    return async (context, next) => {
      if (!this.tracesAll) return next()
      hearErrors(context)
      return this.serve(exchangeOf(context), next)
    }
  }
}

const framework: Framework<KoaApp> = {
  name: 'koa',
  exchange(args) {
    const context = contextOf(args)
    return context === null ? null : exchangeOf(context)
  },
  watch(args) {
    const context = contextOf(args)
    if (context !== null) hearErrors(context)
    return args
  },
  // `ctx`, or its `request`.
  message: (context: Partial<KoaContext>) => context.req,
  attach(app, tracing) {
    if (typeof app.handleRequest !== 'function') {
      throw new SpoorError(
        'SPOOR_NOT_AN_APP',
        'attach() got something that is no Koa application. For a router there is `router.use(tracing.middleware())`.',
      )
    }
    const released = nameRoutes(table, classOf(app))
    const undo = patchMethod(
      app,
      'handleRequest',
      (handleRequest: (...args: unknown[]) => unknown) =>
        function (this: unknown, context: KoaContext, ...rest: unknown[]): unknown {
          return tracing.serve(exchangeOf(context), () => handleRequest.call(this, context, ...rest))
        },
      Symbol('spoor.traced'),
    )
    return () => {
      undo?.()
      released()
    }
  },
}

/** A router's `param` gives the parameter's value first. */
function contextOf([first, second]: readonly unknown[]): KoaContext | null {
  if (isContext(first)) return first
  return isContext(second) ? second : null
}

function isContext(value: unknown): value is KoaContext {
  const { req, res } = (value ?? {}) as Partial<KoaContext>
  return typeof req === 'object' && req !== null && typeof res === 'object' && res !== null
}

function exchangeOf(context: KoaContext): Exchange {
  const { req, res, response = res } = context
  return {
    message: req,
    response: res,
    request: context,
    reply: response,
    route: () => templateOf(context),
    // @koa/router 12 leaves what it passes on the way, too: the path of its own middleware.
    known: 'end',
  }
}

const heard = new WeakSet<object>()

/**
 * What middleware catches, it passes to its application. That of a marked handler is only known when a request comes; from
 * then on its class tells, since nobody knows how long a handler is in use.
 */
function hearErrors({ app }: KoaContext): void {
  const { prototype } = app === undefined ? {} : classOf(app)
  if (prototype === undefined || heard.has(prototype)) return
  heard.add(prototype)
  nameRoutes(table, { prototype })
}

/** Koa's own class: not what is patched on the application, nor a class of the user's that extends it. */
function classOf(app: object): { prototype?: object | undefined } {
  return { prototype: ownerOf('createContext', Object.getPrototypeOf(app) as object) }
}
