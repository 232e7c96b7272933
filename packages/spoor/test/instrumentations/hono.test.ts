import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { activeSpan, tracer } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { HonoTracing } from 'spoor/hono'
import { ask, finished, load, raw, serverSpan, shutdown, trace } from './support/web.ts'

interface Site {
  readonly port: number
  readonly origin: string
  close(): Promise<void>
}

async function listen(app: any, options: object = {}): Promise<Site> {
  const server = load('@hono/node-server').serve({
    fetch: app.fetch,
    port: 0,
    hostname: '127.0.0.1',
    ...options,
  })
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('Hono 4, traced by init()', () => {
  let sink: MemorySink
  let Hono: any
  let site: Site

  before(async () => {
    sink = trace()
    Hono = load('hono').Hono
    site = await listen(application(Hono))
  })
  after(async () => {
    await site.close()
    await shutdown()
  })

  async function visit(
    path: string,
    method = 'GET',
  ): Promise<{ span: SpanData; status: number; body: string }> {
    const { status, body } = await ask(site.origin, path, { method })
    return { span: await serverSpan(sink), status, body }
  }

  const routes: [title: string, path: string, route: string, method?: string][] = [
    ['a parameter', '/users/7', '/users/:id'],
    ['a pattern', '/years/1999', '/years/:year{[0-9]{4}}'],
    ['an optional parameter', '/maybe', '/maybe/:what?'],
    ['app.all', '/everything', '/everything', 'PUT'],
    ['app.all below a path', '/auth/sign/in', '/auth/*', 'POST'],
    ['app.on', '/both', '/both', 'PATCH'],
    ['HEAD of a GET route', '/users/7', '/users/:id', 'HEAD'],
    ['an application below a path', '/tenants/acme/orders/9', '/tenants/:tenant/orders/:order'],
    ['a base path', '/v1/things/3', '/v1/things/:thing'],
    ['handlers in a row', '/row', '/row'],
    ['a streamed body', '/stream', '/stream'],
  ]
  for (const [title, path, route, method = 'GET'] of routes) {
    it(`names the request by its route: ${title}`, async () => {
      const { span, status } = await visit(path, method)
      assert.equal(status, 200)
      assert.equal(span.name, `${method} ${route}`)
      assert.equal(span.attributes['http.route'], route)
      assert.equal(span.status.code, 'unset')
    })
  }

  it('leaves the name of a 404, and of what middleware answers, at its method', async () => {
    for (const [path, status] of [
      ['/nowhere', 404],
      ['/closed/door', 401],
    ] as const) {
      const visited = await visit(path)
      assert.equal(visited.status, status)
      assert.equal(visited.span.name, 'GET')
      assert.equal(visited.span.attributes['http.route'], undefined)
    }
  })

  for (const [title, path, status] of [
    ['thrown in a handler', '/fails/sync', 500],
    ['rejected after an await', '/fails/async', 500],
    ['thrown in middleware', '/fails/before', 500],
    ['that an application below answers for', '/part/fails', 503],
  ] as const) {
    it(`tells of an error ${title}, once`, async () => {
      const visited = await visit(path)
      assert.equal(visited.status, status)
      const { span } = visited
      assert.equal(span.status.code, 'error')
      assert.deepEqual(
        span.events.map(({ attributes }) => attributes['exception.message']),
        ['broken on purpose'],
      )
    })
  }

  it('tells of an error that became a 422, and does not call the request failed', async () => {
    const { span, status } = await visit('/invalid')
    assert.deepEqual([status, span.name, span.status.code], [422, 'GET /invalid', 'unset'])
    assert.equal(span.events[0]?.attributes['exception.message'], 'no such colour')
  })

  it('names a request whose client did not wait for the answer', async () => {
    await raw(site.port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n', /early/)
    const span = await serverSpan(sink)
    assert.equal(span.name, 'GET /slow')
    assert.ok(span.events.some(({ name }) => name === 'aborted'))
  })

  it('has the server span active before and after every await', async () => {
    const { span, body } = await visit('/context')
    assert.deepEqual(JSON.parse(body), Array(2).fill(span.spanId))
  })

  it('does not name the request in whose flow another application is asked', async () => {
    const { span, body } = await visit('/inner')
    assert.deepEqual([span.name, body], ['GET /inner', 'from within'])
  })

  it('makes one span with a tracing object and a mark, which know all that each was asked for', async () => {
    const app = new Hono()
    const tracing = new HonoTracing({ app, tracedAttributes: ['params.id'] })
    const marks = new HonoTracing({ tracedAttributes: ['query.page'] })
    app.get(
      '/mixed/:id',
      marks.trace('headers.x-own', (c: any) => {
        assert.equal(tracing.getSpan(c), tracer.activeSpan)
        assert.equal(marks.getSpan(c), tracer.activeSpan)
        return c.text('x')
      }),
    )
    const mixed = await listen(app)
    try {
      await ask(mixed.origin, '/mixed/7?page=2', { headers: { 'x-own': 'mine' } })
      const [span] = await finished(sink, 1)
      assert.equal(span?.name, 'GET /mixed/:id')
      assert.deepEqual(
        ['params.id', 'query.page', 'headers.x-own'].map((key) => span?.attributes[key]),
        ['7', '2', 'mine'],
      )
    } finally {
      await mixed.close()
    }
  })

  it('puts the routers back, keeps names and lengths of handlers, and begins anew', async () => {
    const prototype = Object.getPrototypeOf(new Hono().router)
    const traced = prototype.add
    await shutdown()
    assert.notEqual(prototype.add, traced)
    assert.deepEqual([prototype.add.name, prototype.add.length], [traced.name, traced.length])
    assert.equal((await ask(site.origin, '/users/1')).body, '1')
    sink = trace()
    assert.equal((await visit('/users/1')).span.name, 'GET /users/:id')
    const app = new Hono()
    function show(c: any): unknown {
      return c.text('x')
    }
    app.get('/x', show)
    assert.equal(app.routes[0].handler, show)
    const [[[entry]]] = app.router.match('GET', '/x')
    assert.deepEqual([entry[0].name, entry[0].length], ['show', 1])
  })
})

function application(Hono: any): any {
  const { stream } = load('hono/streaming')
  const { HTTPException } = load('hono/http-exception')
  const app = new Hono()
  const ok = (c: any): unknown => c.text('ok')
  const fail = (): never => {
    throw new TypeError('broken on purpose')
  }
  app.onError((error: any, c: any) => c.text('sorry', error.status ?? 500))
  app.use(async (_c: any, next: any) => next())
  app.get('/users/:id', (c: any) => c.text(c.req.param('id')))
  app.get('/years/:year{[0-9]{4}}', ok)
  app.get('/maybe/:what?', ok)
  app.all('/everything', ok)
  app.all('/auth/*', ok)
  app.on(['PUT', 'PATCH'], '/both', ok)
  app.get('/row', async (_c: any, next: any) => next(), ok)
  app.get('/stream', (c: any) =>
    stream(c, async (out: any) => {
      await out.write('a')
      await out.write('b')
    }),
  )
  app.get('/slow', (c: any) =>
    stream(c, async (out: any) => {
      await out.write('early')
      await out.sleep(200)
    }),
  )
  app.use('/closed/*', async (c: any, _next: any) => c.text('closed', 401))
  app.get('/closed/door', ok)
  app.get('/fails/sync', fail)
  app.get('/fails/async', async () => {
    await null
    fail()
  })
  app.use('/fails/before', async (_c: any, _next: any) => fail())
  app.get('/invalid', () => {
    throw new HTTPException(422, { message: 'no such colour' })
  })
  app.get('/context', async (c: any) => {
    const before = activeSpan()?.context().toSpanId()
    await null
    return c.json([before, activeSpan()?.context().toSpanId()])
  })
  const within = new Hono().get('/other/:path', (c: any) => c.text('from within'))
  app.get('/inner', () => within.request('/other/x'))
  const orders = new Hono().get('/orders/:order', ok)
  app.route('/tenants/:tenant', orders)
  app.basePath('/v1').get('/things/:thing', ok)
  const part = new Hono()
  part.onError((_: Error, c: any) => c.text('part', 503))
  part.get('/fails', fail)
  app.route('/part', part)
  return app
}
