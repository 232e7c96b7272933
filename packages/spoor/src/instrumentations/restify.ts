import { type Call, failure, type Instrumentation, instrumentation, route } from '../instrument/index.ts'

interface Request {
  readonly method: string
  readonly route?: { readonly path: unknown }
}

/** `_runUse(req, res, next)`: what has found its route passes it, before any of its handlers (restify 12.0, lib/server.js). */
const runUse = route<Call<unknown, [request: Request]>>({
  framework: 'restify',
  request: ({ args: [request] }) => request,
  method: ({ args: [request] }) => request.method,
  path: ({ args: [{ route }] }) => (route === undefined ? undefined : String(route.path)),
})

/** `_onHandlerError(err, req, res)`: errors, thrown or passed on, whoever answers them. */
const onHandlerError = failure<Call<unknown, [error: unknown, request: Request]>>({
  request: ({ args: [, request] }) => request,
  error: ({ args: [error] }) => error,
})

export const restify: Instrumentation = instrumentation({
  name: 'restify',
  patches: [
    {
      module: 'restify',
      versions: '>=12 <13',
      file: 'lib/server.js',
      at: 'prototype',
      methods: { _runUse: runUse, _onHandlerError: onHandlerError },
    },
  ],
})
