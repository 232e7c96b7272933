import { Readable } from 'node:stream'
import { init, shutdown, tracer } from 'spoor'
import { KoaTracing } from 'spoor/koa'
import type { ServerRunning, ServerSetup, ServerUnderTest, ServerWork } from 'spoor/testing'
import { load, serve } from './express-server.ts'

/** Koa and its router. */
export interface Stack {
  readonly Koa: any
  readonly Router: any
}

export const stacks = [
  ['koa 2', 'koa2', 'koa-router12'],
  ['koa 3', 'koa', '@koa/router'],
] as const

export function stack(koa: string, router: string): Stack {
  const exported = load(router)
  return { Koa: load(koa), Router: exported.Router ?? exported.default ?? exported }
}

/** The application of the server kit in Koa, 2 or 3, with @koa/router 12 or 15. */
export function koaServer([name, koa, router]: (typeof stacks)[number]): ServerUnderTest {
  return {
    name,
    component: 'koa',
    async start({ way, tracer: mock, options, work }: ServerSetup): Promise<ServerRunning> {
      if (way === 'everything') init({ tracer: mock, ...options })
      const { Koa, Router } = stack(koa, router)
      const tracing = way === 'everything' ? null : new KoaTracing({ tracer: mock, ...options })
      const app = new Koa()
      app.silent = true
      if (way === 'attached') tracing?.attach(app)
      declare(Router, app, {
        work,
        handler:
          way === 'marked' && tracing !== null ? (handler) => tracing.trace(handler) : (handler) => handler,
        spanOf: (context) => (tracing === null ? tracer.activeSpan : tracing.getSpan(context)),
      })
      const running = await serve(app.callback())
      return {
        url: running.url,
        ...(tracing === null ? {} : { getSpan: (context: object) => tracing.getSpan(context) }),
        async stop() {
          await running.stop()
          if (way === 'everything') await shutdown()
        },
      }
    },
  }
}

type Handler = (context: any, next: () => Promise<void>) => unknown

interface Parts {
  readonly work: ServerWork
  readonly handler: (handler: Handler) => Handler
  readonly spanOf: (context: object) => unknown
}

function declare(Router: any, app: any, { work, handler, spanOf }: Parts): void {
  const router = new Router()
  const get = (path: string, handle: Handler): void => router.get(path, handler(handle))
  const user: Handler = (context) => {
    context.body = { id: context.params.id }
  }
  get('/hello', (context) => {
    context.body = 'hello'
  })
  get('/users/:id', user)
  for (const [path, status] of [
    ['/refused', 404],
    ['/teapot', 418],
    ['/failing', 503],
  ] as const) {
    get(path, (context) => {
      context.status = status
      context.body = 'no'
    })
  }
  get('/thrown', () => {
    throw work.error('thrown')
  })
  // What Koa asks of those who answer for an error themselves (docs/error-handling.md).
  get('/passed', (context) => {
    context.status = 500
    context.body = 'sorry'
    context.app.emit('error', work.error('passed'), context)
  })
  get('/rejected', async () => {
    await null
    throw work.error('rejected')
  })
  get('/redirect', (context) => context.redirect('/hello'))
  get('/streamed', (context) => {
    context.body = Readable.from(work.chunks())
  })
  get('/endless', (context) => {
    context.body = Readable.from(work.endless())
  })
  router.post(
    '/echo',
    handler(async (context) => {
      let text = ''
      for await (const piece of context.req.setEncoding('utf8')) text += piece
      await work.child('echo')
      context.body = text
    }),
  )
  get('/child', async (context) => {
    await work.child('child')
    context.body = 'done'
  })
  get('/slow/:id', async (context) => {
    await work.slow(context.params.id)
    context.body = { id: context.params.id }
  })
  get('/tagged', (context) => {
    work.tag(spanOf(context))
    context.body = 'tagged'
  })
  const users = new Router()
  users.get('/users/:id', handler(user))
  const tenants = new Router({ prefix: '/tenants/:tenant' })
  tenants.use(users.routes())
  app.use(router.routes()).use(tenants.routes())
}
