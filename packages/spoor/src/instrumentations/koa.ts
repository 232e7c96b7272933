import { type Call, failure, type Instrumentation, instrumentation, route } from '../instrument/index.ts'

interface Context {
  readonly req: object
  readonly method: string
  /** Left by @koa/router and koa-router. */
  readonly _matchedRoute?: string | RegExp
}

/** Every request passes here. Its route is known when the router, somewhere in the chain, has left its mark. */
const handleRequest = route<Call<unknown, [context: Context]>>({
  framework: 'koa',
  known: 'end',
  request: ({ args: [context] }) => context.req,
  method: ({ args: [context] }) => context.method,
  path: ({ args: [context] }) => templateOf(context),
  view: ({ args: [context] }) => context,
})

/** The template of the route that a request has found, where a router has left it. */
export function templateOf(context: object): string | undefined {
  const { _matchedRoute } = context as Context
  return _matchedRoute === undefined ? undefined : String(_matchedRoute)
}

/**
 * `app.emit('error', error, context)`: how Koa tells of errors that nobody caught, and how it asks middleware to tell of
 * those that it did catch (koajs/koa, docs/error-handling.md).
 */
const emit = failure<Call<unknown, [event: unknown, error?: unknown, context?: Context]>>({
  skip: ({ args: [event] }) => event !== 'error',
  request: ({ args: [, , context] }) => context?.req,
  error: ({ args: [, error] }) => error,
})

export const koa: Instrumentation = instrumentation({
  name: 'koa',
  patches: [
    {
      module: 'koa',
      versions: '>=2 <4',
      file: 'lib/application.js',
      at: 'prototype',
      from: 'prototype',
      methods: { handleRequest, emit },
    },
  ],
})
