import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { init, shutdown, tracer } from 'spoor'
import { HonoTracing } from 'spoor/hono'
import type { ServerRunning, ServerSetup, ServerUnderTest, ServerWork } from 'spoor/testing'
import { load } from './express-server.ts'

/** The application of the server kit in Hono 4, with its server for Node.js. */
export const honoServer: ServerUnderTest = {
  name: 'hono 4',
  component: 'hono',
  async start({ way, tracer: mock, options, work }: ServerSetup): Promise<ServerRunning> {
    const adapted = throughRequest(options)
    if (way === 'everything') init({ tracer: mock, ...adapted })
    const { Hono } = load('hono')
    const { stream } = load('hono/streaming')
    const { serve } = load('@hono/node-server')
    const tracing = way === 'everything' ? null : new HonoTracing({ tracer: mock, ...adapted })
    const app = new Hono()
    if (way === 'attached') tracing?.attach(app)
    declare(Hono, app, {
      work,
      stream,
      mark: (handler) => (way === 'marked' && tracing !== null ? tracing.trace(handler) : handler),
      spanOf: (context) => (tracing === null ? tracer.activeSpan : tracing.getSpan(context)),
    })
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    if (!server.listening) await once(server, 'listening')
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...(tracing === null
        ? {}
        : { getSpan: (request: object) => tracing.getSpan(contexts.get(request) ?? request) }),
      async stop() {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
        if (way === 'everything') await shutdown()
      },
    }
  },
}

const contexts = new WeakMap<object, object>()

/** The kit's functions ask a request for its method. Users of Hono get the context, which has the request. */
function throughRequest(options: { readonly [name: string]: any }): object {
  const inner = (request: any): object => {
    if (request.req === undefined) return request
    contexts.set(request.req, request)
    return request.req
  }
  const adapted: { [name: string]: unknown } = { ...options }
  const { startSpanCallback, finishSpanCallback, operationName, ignore } = options
  if (startSpanCallback !== undefined)
    adapted['startSpanCallback'] = (span: unknown, request: object) => startSpanCallback(span, inner(request))
  if (finishSpanCallback !== undefined)
    adapted['finishSpanCallback'] = (span: unknown, request: object, ...rest: unknown[]) =>
      finishSpanCallback(span, inner(request), ...rest)
  if (typeof operationName === 'function')
    adapted['operationName'] = (request: object) => operationName(inner(request))
  if (typeof ignore === 'function') adapted['ignore'] = (request: object) => ignore(inner(request))
  return adapted
}

type Handler = (context: any, next: () => Promise<void>) => unknown

interface Parts {
  readonly work: ServerWork
  readonly stream: (context: any, write: (stream: any) => Promise<void>) => unknown
  readonly mark: (handler: Handler) => Handler
  readonly spanOf: (context: object) => unknown
}

/** Declares the routes of the server kit. */
function declare(Hono: any, app: any, { work, stream, mark, spanOf }: Parts): void {
  const user: Handler = (c) => c.json({ id: c.req.param('id') })
  app.onError((error: Error, c: any) => c.text(error.message, 500))
  app.get(
    '/hello',
    mark((c) => c.text('hello')),
  )
  app.get('/users/:id', mark(user))
  const tenants = new Hono()
  tenants.get('/users/:id', mark(user))
  app.route('/tenants/:tenant', tenants)
  for (const [path, status] of [
    ['/refused', 404],
    ['/teapot', 418],
    ['/failing', 503],
  ] as const) {
    app.get(
      path,
      mark((c) => c.text('no', status)),
    )
  }
  app.get(
    '/thrown',
    mark(() => {
      throw work.error('thrown')
    }),
  )
  app.get(
    '/passed',
    // Hono has no other way than to throw; here, from below middleware.
    mark(async (_, next) => next()),
    mark(() => {
      throw work.error('passed')
    }),
  )
  app.get(
    '/rejected',
    mark(async () => {
      await null
      throw work.error('rejected')
    }),
  )
  app.get(
    '/redirect',
    mark((c) => c.redirect('/hello')),
  )
  const streamed = (chunks: () => AsyncIterable<string>): Handler =>
    mark((c) =>
      stream(c, async (out) => {
        for await (const chunk of chunks()) {
          if (out.aborted) return
          await out.write(chunk)
        }
      }),
    )
  app.get(
    '/streamed',
    streamed(() => work.chunks()),
  )
  app.get(
    '/endless',
    streamed(() => work.endless()),
  )
  app.post(
    '/echo',
    mark(async (c) => {
      const body = await c.req.text()
      await work.child('echo')
      return c.text(body)
    }),
  )
  app.get(
    '/child',
    mark(async (c) => {
      await work.child('child')
      return c.text('done')
    }),
  )
  app.get(
    '/slow/:id',
    mark(async (c) => {
      await work.slow(c.req.param('id'))
      return c.json({ id: c.req.param('id') })
    }),
  )
  app.get(
    '/tagged',
    mark((c) => {
      work.tag(spanOf(c))
      return c.text('tagged')
    }),
  )
}
