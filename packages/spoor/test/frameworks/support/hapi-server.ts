import { Readable } from 'node:stream'
import { init, shutdown, tracer } from 'spoor'
import { HapiTracing } from 'spoor/hapi'
import type { ServerRunning, ServerSetup, ServerUnderTest, ServerWork } from 'spoor/testing'
import { load } from './express-server.ts'

/** The application of the server kit in Hapi 21. */
export const hapiServer: ServerUnderTest = {
  name: 'hapi 21',
  component: 'hapi',
  async start({ way, tracer: mock, options, work }: ServerSetup): Promise<ServerRunning> {
    if (way === 'everything') init({ tracer: mock, ...options })
    const Hapi = load('@hapi/hapi')
    const tracing = way === 'everything' ? null : new HapiTracing({ tracer: mock, ...options })
    const server = Hapi.server({ host: '127.0.0.1', port: 0, debug: false })
    if (way === 'attached') tracing?.attach(server)
    const mark = (handler: Handler): Handler =>
      way === 'marked' && tracing !== null ? tracing.trace(handler) : handler
    await declare(server, {
      work,
      mark,
      spanOf: (request) => (tracing === null ? tracer.activeSpan : tracing.getSpan(request)),
    })
    await server.start()
    return {
      url: server.info.uri,
      ...(tracing === null ? {} : { getSpan: (request: object) => tracing.getSpan(request) }),
      async stop() {
        server.listener.closeAllConnections()
        await server.stop({ timeout: 100 })
        if (way === 'everything') await shutdown()
      },
    }
  },
}

type Handler = (request: any, h: any) => unknown

interface Parts {
  readonly work: ServerWork
  readonly mark: (handler: Handler) => Handler
  readonly spanOf: (request: object) => unknown
}

/** Declares the routes of the server kit. */
async function declare(server: any, { work, mark, spanOf }: Parts): Promise<void> {
  const get = (path: string, handler: Handler): void =>
    server.route({ method: 'GET', path, handler: mark(handler) })
  const user: Handler = ({ params }) => ({ id: params.id })
  const text = (h: any, chunks: AsyncIterable<string>): unknown =>
    h.response(Readable.from(chunks, { objectMode: false })).type('text/plain')
  get('/hello', () => 'hello')
  get('/users/{id}', user)
  await server.register(
    {
      name: 'tenants',
      register: (part: any) => part.route({ method: 'GET', path: '/users/{id}', handler: mark(user) }),
    },
    { routes: { prefix: '/tenants/{tenant}' } },
  )
  for (const [path, status] of [
    ['/refused', 404],
    ['/teapot', 418],
    ['/failing', 503],
  ] as const) {
    get(path, (_, h) => h.response('no').code(status))
  }
  get('/thrown', () => {
    throw work.error('thrown')
  })
  get('/passed', () => work.error('passed'))
  get('/rejected', async () => {
    await null
    throw work.error('rejected')
  })
  get('/redirect', (_, h) => h.redirect('/hello'))
  get('/streamed', (_, h) => text(h, work.chunks()))
  get('/endless', (_, h) => text(h, work.endless()))
  server.route({
    method: 'POST',
    path: '/echo',
    handler: mark(async ({ payload }) => {
      await work.child('echo')
      return payload
    }),
  })
  get('/child', async () => {
    await work.child('child')
    return 'done'
  })
  get('/slow/{id}', async ({ params }) => {
    await work.slow(params.id)
    return { id: params.id }
  })
  get('/tagged', (request) => {
    work.tag(spanOf(request))
    return 'tagged'
  })
}
