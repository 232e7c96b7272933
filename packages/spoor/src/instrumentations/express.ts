import { type Call, type Instrumentation, instrumentation, route } from '../instrument/index.ts'

interface Request {
  readonly method: string
  readonly baseUrl: string
}

/** `Route.prototype.dispatch(req, res, done)`: every matched route passes it, in both majors. */
type Dispatch = Call<{ readonly path: unknown }, [request: Request, response: unknown, done: unknown]>

const dispatch = route<Dispatch>({
  framework: 'express',
  request: ({ args: [request] }) => request,
  method: ({ args: [request] }) => request.method,
  // A router's own `/` is the place where it is mounted: `/posts`, which Express answers as it does `/posts/`.
  path: ({ self, args: [request] }) =>
    self.path === '/' && request.baseUrl !== '' ? request.baseUrl : request.baseUrl + String(self.path),
  // `next('route')` and `next('router')` are how a handler says that it is not the one.
  failure: ({ error }) => (error === 'route' || error === 'router' ? undefined : error),
})

export const express: Instrumentation = instrumentation({
  name: 'express',
  patches: [
    // Express 5 takes its routes from the package `router`.
    {
      module: 'router',
      versions: '>=2 <3',
      file: 'lib/route.js',
      at: 'prototype',
      settles: 'callback',
      methods: { dispatch },
    },
    {
      module: 'express',
      versions: '>=4 <5',
      file: 'lib/router/route.js',
      at: 'prototype',
      from: 'Route.prototype',
      settles: 'callback',
      methods: { dispatch },
    },
  ],
})
