import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { init, shutdown, tracer } from 'spoor'
import { ExpressTracing } from 'spoor/express'
import type { ServerRunning, ServerSetup, ServerUnderTest, ServerWork } from 'spoor/testing'

/** Loads libraries without their types: several majors have none to share. */
export const load: NodeJS.Require = createRequire(import.meta.url)

/** The application of the server kit in Express, 4 or 5. */
export function expressServer(major: 4 | 5): ServerUnderTest {
  return {
    name: `express ${major}`,
    component: 'express',
    // Express 4 does not look at what a handler returns.
    lacks: major === 4 ? ['/rejected'] : [],
    async start({ way, tracer: mock, options, work }: ServerSetup): Promise<ServerRunning> {
      if (way === 'everything') init({ tracer: mock, ...options })
      const express = load(major === 4 ? 'express4' : 'express')
      const tracing = way === 'everything' ? null : new ExpressTracing({ tracer: mock, ...options })
      const app = express()
      // Express logs what reaches its own error handler; a test prints nothing.
      app.set('env', 'test')
      if (way === 'attached') tracing?.attach(app)
      declare(express, app, {
        work,
        handler:
          way === 'marked' && tracing !== null ? (handler) => tracing.trace(handler) : (handler) => handler,
        spanOf: (request) => (tracing === null ? tracer.activeSpan : tracing.getSpan(request)),
      })
      const running = await serve(app)
      return {
        url: running.url,
        ...(tracing === null ? {} : { getSpan: (request: object) => tracing.getSpan(request) }),
        async stop() {
          await running.stop()
          if (way === 'everything') await shutdown()
        },
      }
    },
  }
}

type Handler = (request: any, response: any, next: (error?: unknown) => void) => unknown

interface Parts {
  readonly work: ServerWork
  readonly handler: (handler: Handler) => Handler
  readonly spanOf: (request: object) => unknown
}

/** Declares the routes of the server kit. */
export function declare(express: any, app: any, { work, handler, spanOf }: Parts): void {
  const user = handler((request, response) => response.json({ id: request.params.id }))
  app.get(
    '/hello',
    handler((_, response) => response.send('hello')),
  )
  app.get('/users/:id', user)
  const tenants = express.Router()
  tenants.get('/users/:id', user)
  app.use('/tenants/:tenant', tenants)
  for (const [path, status] of [
    ['/refused', 404],
    ['/teapot', 418],
    ['/failing', 503],
  ] as const) {
    app.get(
      path,
      handler((_, response) => response.status(status).send('no')),
    )
  }
  app.get(
    '/thrown',
    handler(() => {
      throw work.error('thrown')
    }),
  )
  app.get(
    '/passed',
    handler((_, __, next) => next(work.error('passed'))),
  )
  app.get(
    '/rejected',
    handler(async () => {
      await null
      throw work.error('rejected')
    }),
  )
  app.get(
    '/redirect',
    handler((_, response) => response.redirect('/hello')),
  )
  const stream = (chunks: () => AsyncIterable<string>): Handler =>
    handler(async (_, response) => {
      for await (const chunk of chunks()) {
        if (response.destroyed) return
        response.write(chunk)
      }
      response.end()
    })
  app.get(
    '/streamed',
    stream(() => work.chunks()),
  )
  app.get(
    '/endless',
    stream(() => work.endless()),
  )
  app.post(
    '/echo',
    express.text(),
    handler(async (request, response) => {
      await work.child('echo')
      response.send(request.body)
    }),
  )
  app.get(
    '/child',
    handler(async (_, response) => {
      await work.child('child')
      response.send('done')
    }),
  )
  app.get(
    '/slow/:id',
    handler(async (request, response) => {
      await work.slow(request.params.id)
      response.json({ id: request.params.id })
    }),
  )
  app.get(
    '/tagged',
    handler((request, response) => {
      work.tag(spanOf(request))
      response.send('tagged')
    }),
  )
}

/** Puts a listener for requests on a free port of the loopback interface. */
export async function serve(listener: any): Promise<ServerRunning> {
  // A slow machine should not meet connections that the server has just given up.
  const server = createServer({ keepAliveTimeout: 60_000 }, listener).listen({
    port: 0,
    host: '127.0.0.1',
    backlog: 4096,
  })
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
