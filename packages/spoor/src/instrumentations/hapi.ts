import { type Call, failure, type Instrumentation, instrumentation, route } from '../instrument/index.ts'

/** The little that we use of a request. */
export interface HapiRequest {
  readonly raw: { readonly req: { readonly method?: string }; readonly res: object }
  readonly route: { readonly method: string; readonly path: string }
  /** Null until the route has been looked for. */
  readonly params: object | null
  /** False once the client is gone. */
  active(): boolean
}

/** Of the routes that Hapi keeps for what has none: `/{p*}` says nothing (hapi 21, lib/core.js `_defaultRoutes`, lib/cors.js). */
const SPECIAL = '_special'

/** The template of the route that a request has found: `/users/{id}`, with the prefix of its plugin. */
export function templateOf({ route }: HapiRequest): string | undefined {
  return route.method === SPECIAL ? undefined : route.path
}

/** The first step of a request that has found its route, and a synchronous one (hapi 21, lib/request.js `_execute`). */
const _setTimeouts = route<Call<HapiRequest>>({
  framework: 'hapi',
  request: ({ self }) => self.raw.req,
  view: ({ self }) => self,
  method: ({ self }) => self.raw.req.method,
  path: ({ self }) => templateOf(self),
})

interface Boom extends Error {
  readonly isBoom?: boolean
  readonly output?: { readonly statusCode: number }
}

/**
 * Whatever is thrown or returned becomes a response here, before `onPreResponse` may make another one of it: errors of
 * extensions, of authentication, of validation and of handlers (hapi 21, lib/request.js).
 */
const _setResponse = failure<Call<HapiRequest, [response: Boom]>>({
  skip: ({ self, args: [response] }) => response.isBoom !== true || isOwn(self, response),
  request: ({ self }) => self.raw.req,
  error: ({ args: [error] }) => error,
})

/** What Hapi says itself: that there is no such route, and that the client is gone. */
function isOwn(request: HapiRequest, { output }: Boom): boolean {
  if (!request.active()) return true
  const isRouted = request.params !== null
  return isRouted && request.route.method === SPECIAL && (output?.statusCode ?? 500) < 500
}

interface Hapi {
  /** Given by those who have a server and not the library. */
  readonly Request?: { readonly prototype: object }
  readonly Server?: new () => { readonly _core?: { readonly Request: object } }
  readonly server?: unknown
}

/** Each server has a class of its own that extends the one of the library. */
function requestClass({ Request, Server, server }: Hapi): object | undefined {
  if (Request !== undefined) return Request.prototype
  if (typeof Server !== 'function' || Server !== server) return undefined
  const core = new Server()._core
  return core === undefined
    ? undefined
    : (Object.getPrototypeOf(core.Request) as { prototype: object }).prototype
}

export const hapi: Instrumentation = instrumentation({
  name: '@hapi/hapi',
  patches: [
    {
      module: '@hapi/hapi',
      versions: '>=21 <22',
      file: 'lib/request.js',
      at: 'prototype',
      from: requestClass,
      methods: { _setTimeouts, _setResponse },
    },
  ],
})
