import { type Call, type Instrumentation, instrumentation, route } from '../instrument/index.ts'

interface Context {
  readonly req: object
  readonly method: string
  /** Left by @koa/router and koa-router. */
  readonly _matchedRoute?: string | RegExp
}

/** Koa awaits its whole middleware chain in this one method; by then the router has left its mark. */
const handleRequest = route<Call<unknown, [context: Context]>>({
  framework: 'koa',
  known: 'end',
  request: ({ args: [context] }) => context.req,
  method: ({ args: [context] }) => context.method,
  path: ({ args: [{ _matchedRoute }] }) => (_matchedRoute === undefined ? undefined : String(_matchedRoute)),
})

/** Called for every response, with an error when there was one. */
const onerror = route<Call<Context, [error: unknown]>>({
  framework: 'koa',
  request: ({ self }) => self.req,
  method: ({ self }) => self.method,
  path: () => undefined,
  failure: ({ args: [error] }) => error,
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
      methods: { handleRequest },
    },
    { module: 'koa', versions: '>=2 <4', file: 'lib/context.js', at: '', methods: { onerror } },
  ],
})
