import { Readable } from 'node:stream'
import { init, shutdown, tracer } from 'spoor'
import { FastifyTracing } from 'spoor/fastify'
import type { ServerRunning, ServerSetup, ServerUnderTest, ServerWork } from 'spoor/testing'
import { load } from './express-server.ts'

export const majors = [4, 5] as const

export function loadFastify(major: 4 | 5): any {
  return load(major === 4 ? 'fastify4' : 'fastify')
}

/** The application of the server kit in Fastify, 4 or 5. */
export function fastifyServer(major: 4 | 5): ServerUnderTest {
  return {
    name: `fastify ${major}`,
    component: 'fastify',
    async start({ way, tracer: mock, options, work }: ServerSetup): Promise<ServerRunning> {
      if (way === 'everything') init({ tracer: mock, ...options })
      const tracing = way === 'everything' ? null : new FastifyTracing({ tracer: mock, ...options })
      const app = loadFastify(major)({ forceCloseConnections: true })
      if (way === 'attached') app.register(tracing?.plugin)
      declare(app, {
        work,
        handler:
          way === 'marked' && tracing !== null ? (handler) => tracing.trace(handler) : (handler) => handler,
        spanOf: (request) => (tracing === null ? tracer.activeSpan : tracing.getSpan(request)),
      })
      const url = await app.listen({ port: 0, host: '127.0.0.1' })
      return {
        url,
        ...(tracing === null ? {} : { getSpan: (request: object) => tracing.getSpan(request) }),
        async stop() {
          await app.close()
          if (way === 'everything') await shutdown()
        },
      }
    },
  }
}

type Handler = (request: any, reply: any) => unknown

interface Parts {
  readonly work: ServerWork
  readonly handler: (handler: Handler) => Handler
  readonly spanOf: (request: object) => unknown
}

function declare(app: any, { work, handler, spanOf }: Parts): void {
  const get = (path: string, handle: Handler): void => app.get(path, handler(handle))
  const user: Handler = (request, reply) => reply.send({ id: request.params.id })
  get('/hello', async () => 'hello')
  get('/users/:id', user)
  app.register(async (tenants: any) => tenants.get('/users/:id', handler(user)), {
    prefix: '/tenants/:tenant',
  })
  for (const [path, status] of [
    ['/refused', 404],
    ['/teapot', 418],
    ['/failing', 503],
  ] as const) {
    get(path, (_, reply) => reply.code(status).send('no'))
  }
  get('/thrown', () => {
    throw work.error('thrown')
  })
  get('/passed', (_, reply) => reply.send(work.error('passed')))
  get('/rejected', async () => {
    await null
    throw work.error('rejected')
  })
  // The order of the arguments has changed between the majors.
  get('/redirect', (_, reply) => reply.code(302).header('location', '/hello').send())
  get('/streamed', async () => Readable.from(work.chunks()))
  get('/endless', async () => Readable.from(work.endless()))
  app.post(
    '/echo',
    handler(async (request) => {
      await work.child('echo')
      return request.body
    }),
  )
  get('/child', async () => {
    await work.child('child')
    return 'done'
  })
  get('/slow/:id', async (request) => {
    await work.slow(request.params.id)
    return { id: request.params.id }
  })
  get('/tagged', async (request) => {
    work.tag(spanOf(request))
    return 'tagged'
  })
}
