/** What the table and the tracing object for Hono both know of its contexts and routes. */

/** A handler as it stands in a router. */
export interface HonoRoute {
  /** `ALL` for `app.use()` and `app.all()`. */
  readonly method: string
  /** With the base path, and the paths of the applications above: `/tenants/:tenant/users/:id`. */
  readonly path: string
  readonly handler: HonoHandler
}

export type HonoHandler = (...args: any[]) => unknown

/** The little that we use of a context. */
export interface HonoContext {
  readonly req: {
    readonly raw: Request
    readonly method: string
    readonly url: string
    readonly path: string
    readonly routeIndex: number
    readonly matchedRoutes?: readonly HonoRoute[]
    param(): object
    query(): object
  }
  /** What came with the request: `{ incoming, outgoing }` on @hono/node-server; nothing by `app.request()`. */
  readonly env?: unknown
  /** What a handler threw, once an error handler has been given it. */
  readonly error?: unknown
  /** Whether `res` is a response that somebody has made. */
  readonly finalized: boolean
  res: Response | undefined
}

/** The messages of Node.js behind a request. */
export interface NodeMessages {
  readonly incoming: object
  readonly outgoing: { readonly statusCode?: number }
}

export function isContext(value: unknown): value is HonoContext {
  const { req } = (value ?? {}) as Partial<HonoContext>
  return typeof req === 'object' && req !== null && typeof req.raw === 'object'
}

/** Undefined on Bun, Deno and workers, and by `app.request()`. */
export function messagesOf({ env, req }: HonoContext): NodeMessages | undefined {
  const { incoming, outgoing } = (env ?? {}) as Partial<NodeMessages>
  if (isEmitter(incoming) && isEmitter(outgoing)) return { incoming, outgoing }
  // On srvx.
  const { req: request, res: response } =
    (req.raw as { runtime?: { node?: { req?: object; res?: object } } }).runtime?.node ?? {}
  return isEmitter(request) && isEmitter(response) ? { incoming: request, outgoing: response } : undefined
}

function isEmitter(value: unknown): value is object {
  return typeof (value as { emit?: unknown } | null | undefined)?.emit === 'function'
}

/** The template of the handler that a request came to last; undefined where that was middleware. */
export function routeOf({ req }: HonoContext): string | undefined {
  const route = req.matchedRoutes?.[req.routeIndex]
  return route === undefined || isMiddleware(route) ? undefined : route.path
}

/** How Hono keeps the handler of an application below another one that has an error handler of its own (4.13, lib/hono-base.js). */
const COMPOSED = '__COMPOSED_HANDLER'

/** Middleware has no route. It is declared for every method, and has something to call after it. */
export function isMiddleware({ method, handler }: HonoRoute): boolean {
  const { [COMPOSED]: inner = handler } = handler as { [COMPOSED]?: HonoHandler }
  return method === 'ALL' && inner.length > 1
}

/** A context as traced attributes see it, where it is not found in the context itself: `headers.user-agent`, `params.id`. */
export class ContextView {
  readonly #context: HonoContext

  constructor(context: HonoContext) {
    this.#context = context
  }

  get method(): string {
    return this.#context.req.method
  }

  get url(): string {
    return this.#context.req.url
  }

  get path(): string {
    return this.#context.req.path
  }

  get headers(): Headers {
    return this.#context.req.raw.headers
  }

  get params(): object {
    return this.#context.req.param()
  }

  get query(): object {
    return this.#context.req.query()
  }
}
