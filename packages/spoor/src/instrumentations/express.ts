import {
  type Call,
  enterRouter,
  failure,
  type Instrumentation,
  instrumentation,
  noteMount,
  noteMounts,
  type Patch,
  passing,
  route,
  templateOf,
} from '../instrument/index.ts'

interface Request {
  readonly method: string
  readonly baseUrl: string
}

interface Route {
  /** As it was given: a string, a regular expression, or a list of them. */
  readonly path: unknown
}

/** `Route.prototype.dispatch(req, res, done)`: every matched route of Express 5 passes it. */
const dispatch = route<Call<Route, [request: Request]>>({
  framework: 'express',
  request: ({ args: [request] }) => request,
  method: ({ args: [request] }) => request.method,
  path: ({ self, args: [request] }) => pathOf(self, request),
  failure: ({ error }) => passed(error),
})

/**
 * `Router.process_params(layer, called, req, res, done)`: every matched layer of Express 4 passes it, and those of routes
 * have one. There `dispatch` would not do: it is bound when a route is declared, which may be before us.
 */
const process_params = route<Call<unknown, [layer: { route?: Route }, called: unknown, request: Request]>>({
  framework: 'express',
  skip: ({ args: [layer] }) => layer.route === undefined,
  request: ({ args: [, , request] }) => request,
  method: ({ args: [, , request] }) => request.method,
  path: ({ args: [layer, , request] }) => pathOf(layer.route as Route, request),
})

/** `Router.prototype.handle(req, res, done)`: sees the errors that no error handler of the router took. */
const handle = passing<Call<object, [request: Request]>>(
  ({ self, args: [request] }) => enterRouter(self, request),
  failure({ request: ({ args: [request] }) => request, error: ({ error }) => passed(error) }),
)

/** `Layer.prototype.handleError(error, req, res, next)`: called while an error looks for its handler, and never else. */
const handleError = failure<Call<unknown, [error: unknown, request: Request]>>({
  request: ({ args: [, request] }) => request,
  error: ({ args: [error] }) => passed(error),
})

/** `Router.prototype.use(path, …handlers)`. */
const use = passing<Call>(({ args }) => noteMounts(args))

/** `app.handle(req, res, done)`: an application below another one knows where it is mounted. */
const handleMounted = passing<Call<{ mountpath?: string | string[] }, [request: Request]>>(
  ({ self, args: [request] }) => {
    if (self.mountpath === undefined || self.mountpath === '/') return
    noteMount(self, [self.mountpath].flat())
    enterRouter(self, request)
  },
)

/** `next('route')` and `next('router')` are how a handler says that it is not the one. */
function passed(error: unknown): unknown {
  return error === 'route' || error === 'router' ? undefined : error
}

function pathOf(route: Route, request: Request): string {
  const prefix = templateOf(request)
  const path = String(route.path)
  return path === '/' && prefix !== '' ? prefix : prefix + path
}

/** Express 5 takes its routes from the package `router`. */
const five = { module: 'router', versions: '>=2 <3', settles: 'callback' } satisfies Partial<Patch>
const four = { module: 'express', versions: '>=4 <5', settles: 'callback' } satisfies Partial<Patch>

export const express: Instrumentation = instrumentation({
  name: 'express',
  patches: [
    { ...five, file: 'lib/route.js', at: 'prototype', from: 'Route.prototype', methods: { dispatch } },
    {
      ...five,
      file: 'lib/layer.js',
      at: 'prototype',
      from: 'Layer.prototype',
      settles: 'return',
      methods: { handleError },
    },
    { ...five, file: 'index.js', at: 'prototype', from: 'Router.prototype', methods: { handle } },
    {
      ...five,
      file: 'index.js',
      at: 'prototype',
      from: 'Router.prototype',
      settles: 'return',
      methods: { use },
    },
    {
      ...four,
      file: 'lib/router/layer.js',
      at: 'prototype',
      from: 'Layer.prototype',
      settles: 'return',
      methods: { handle_error: handleError },
    },
    { ...four, file: 'lib/router/index.js', at: '', from: 'Router', methods: { handle } },
    {
      ...four,
      file: 'lib/router/index.js',
      at: '',
      from: 'Router',
      settles: 'return',
      methods: { use, process_params },
    },
    {
      module: 'express',
      versions: '>=4 <6',
      file: 'lib/application.js',
      at: '',
      from: 'application',
      methods: { handle: handleMounted },
    },
  ],
})
