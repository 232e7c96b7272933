/**
 * `spoor/express`: a tracing object for Express 4 and 5.
 *
 * @example
 * const tracing = new ExpressTracing({ app, tracedAttributes: ['params.id'] })
 */
import { templateOf } from '../instrument/mounts.ts'
import { ownerOf, patchMethod } from '../instrument/patch.ts'
import type { Exchange } from '../instrument/serve.ts'
import { express as table } from '../instrumentations/express.ts'
import { nameRoutes } from './route-names.ts'
import { type Framework, Tracing, type TracingOptions } from './tracing.ts'

/** What we use of an application, or of a router. */
export interface ExpressApp {
  handle?: unknown
  use: (...args: any[]) => unknown
}

/** What we use of a request. */
export interface ExpressRequest {
  readonly method: string
  readonly baseUrl?: string
  readonly route?: { readonly path: unknown }
}

/** Traces all requests of Express applications and routers, or the handlers that are marked. */
export class ExpressTracing<Request extends object = any, Response extends object = any> extends Tracing<
  ExpressApp,
  Request,
  Response
> {
  constructor(options: TracingOptions<ExpressApp, Request, Response> = {}) {
    super(expressFramework, options)
  }
}

/** For frameworks that stand on this one. */
export const expressFramework: Framework<ExpressApp> = {
  name: 'express',
  exchange(args) {
    // Error handlers get the error first.
    const [request, response] = args.length > 3 ? args.slice(1) : args
    return exchangeOf(request, response)
  },
  watch(args, passed) {
    const next: unknown = args.at(-1)
    if (typeof next !== 'function') return args
    const watched = (...given: unknown[]): unknown => {
      const [error] = given
      if (error && error !== 'route' && error !== 'router') passed(error)
      return next(...given)
    }
    return [...args.slice(0, -1), watched]
  },
  attach(app: ExpressApp & { request?: unknown; response?: unknown }, tracing) {
    // Who else has patched the application since keeps what they found: us, who then have to be silent.
    let attached = true
    const mark = Symbol('spoor.traced')
    const released = nameRoutes(table, partsOf(app))
    const undo = patchMethod(
      app,
      'handle',
      (handle: (...args: unknown[]) => unknown) =>
        function (this: unknown, request: ExpressRequest, response: object, ...rest: unknown[]): unknown {
          if (!attached) return handle.call(this, request, response, ...rest)
          dress(app, request, response)
          return tracing.serve({ message: request, response }, () =>
            handle.call(this, request, response, ...rest),
          )
        },
      mark,
    )
    return () => {
      attached = false
      undo?.()
      released()
    }
  },
}

/**
 * Makes a request one of Express before callbacks and attributes see it: `ip`, `host`, `path` and `get()` are its prototype's.
 * The application does the same as soon as it handles the request (express 5.3 `lib/application.js`, 4.22
 * `lib/middleware/init.js`).
 */
function dress(
  { request: requests, response: responses }: { request?: unknown; response?: unknown },
  request: object,
  response: object,
): void {
  if (!isPrototype(requests) || !isPrototype(responses)) return // a router
  Reflect.setPrototypeOf(request, requests)
  Reflect.setPrototypeOf(response, responses)
  Object.assign(request, { res: response })
  Object.assign(response, { req: request })
}

function isPrototype(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

interface Router {
  readonly stack: object[]
  route(path: string): object
}

/** The classes of Express, under the names that its table knows them by: an application does not tell where it is from. */
function partsOf(app: ExpressApp & { router?: unknown; _router?: Router; lazyrouter?: () => void }): object {
  app.lazyrouter?.()
  const router = (Array.isArray((app as Partial<Router>).stack) ? app : (app._router ?? app.router)) as Router
  const scratch = { stack: [] as object[] }
  const route = router.route.call(scratch, '/')
  const [layer] = scratch.stack
  const methods = ownerOf('process_params', router) ?? ownerOf('handle', router)
  return {
    Route: { prototype: ownerOf('dispatch', route) },
    Layer: { prototype: layer === undefined ? undefined : Object.getPrototypeOf(layer) },
    // Express 4 hangs the methods on a function, Express 5 on a prototype.
    Router: 'process_params' in router ? methods : { prototype: methods },
  }
}

function exchangeOf(request: ExpressRequest | undefined, response: object | undefined): Exchange | null {
  if (typeof request !== 'object' || request === null || typeof response !== 'object' || response === null)
    return null
  return { message: request, response, route: () => routeOf(request) }
}

/** Known inside of a route, and lost again when its handlers pass the request on. */
export function routeOf(request: ExpressRequest): string | undefined {
  if (request.route === undefined) return undefined
  const prefix = templateOf(request)
  const path = String(request.route.path)
  return path === '/' && prefix !== '' ? prefix : prefix + path
}
