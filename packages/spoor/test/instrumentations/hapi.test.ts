import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { activeSpan, tracer } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { HapiTracing } from 'spoor/hapi'
import { ask, finished, load, raw, serverSpan, shutdown, trace } from './support/web.ts'

describe('Hapi 21, traced by init()', () => {
  let sink: MemorySink
  let Hapi: any
  let server: any

  before(async () => {
    sink = trace()
    Hapi = load('@hapi/hapi')
    server = await application(Hapi)
    await server.start()
  })
  after(async () => {
    server.listener.closeAllConnections()
    await server.stop()
    await shutdown()
  })

  async function visit(
    path: string,
    method = 'GET',
  ): Promise<{ span: SpanData; status: number; body: string }> {
    const { status, body } = await ask(server.info.uri, path, { method })
    return { span: await serverSpan(sink), status, body }
  }

  const routes: [title: string, path: string, route: string, method?: string][] = [
    ['a parameter', '/users/7', '/users/{id}'],
    ['an optional parameter', '/maybe', '/maybe/{what?}'],
    ['several segments', '/files/a/b', '/files/{path*2}'],
    ['every method', '/everything', '/everything', 'PUT'],
    ['HEAD of a GET route', '/users/7', '/users/{id}', 'HEAD'],
    ['a plugin below a prefix', '/tenants/acme/orders/9', '/tenants/{tenant}/orders/{order}'],
    ['a streamed body', '/stream', '/stream'],
    ['what takes over before the handler', '/taken', '/taken'],
    ['an answer that Hapi does not send', '/bypass', '/bypass'],
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

  it('leaves the name of a 404, and of what is answered before there is a route, at its method', async () => {
    for (const [path, status] of [
      ['/nowhere', 404],
      ['/early', 202],
    ] as const) {
      const visited = await visit(path)
      assert.equal(visited.status, status)
      assert.equal(visited.span.name, 'GET')
      assert.equal(visited.span.attributes['http.route'], undefined)
      assert.deepEqual(visited.span.events, [])
    }
  })

  for (const [title, path, status] of [
    ['thrown in a handler', '/fails/sync', 500],
    ['rejected after an await', '/fails/async', 500],
    ['returned by a handler', '/fails/returned', 500],
    ['that onPreResponse makes something else of', '/pretty', 503],
  ] as const) {
    it(`tells of an error ${title}, once`, async () => {
      const visited = await visit(path)
      assert.equal(visited.status, status)
      assert.equal(visited.span.status.code, 'error')
      assert.deepEqual(
        visited.span.events.map(({ attributes }) => attributes['exception.message']),
        ['broken on purpose'],
      )
    })
  }

  it('tells of an error that became a 422, and does not call the request failed', async () => {
    const { span, status } = await visit('/invalid')
    assert.deepEqual([status, span.name, span.status.code], [422, 'GET /invalid', 'unset'])
    assert.equal(span.events[0]?.attributes['exception.message'], 'no such colour')
  })

  it('names a request whose client did not wait for the answer, and calls that no error', async () => {
    await raw(server.info.port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n', /early/)
    const span = await serverSpan(sink)
    assert.equal(span.name, 'GET /slow')
    assert.deepEqual(
      span.events.map(({ name }) => name),
      ['aborted'],
    )
    assert.equal(span.status.code, 'unset')
  })

  it('has the server span active before and after every await', async () => {
    const { span, body } = await visit('/context')
    assert.deepEqual(JSON.parse(body), Array(3).fill(span.spanId))
  })

  it('makes one span with a tracing object and a mark, which know all that each was asked for', async () => {
    const mixed = Hapi.server({ host: '127.0.0.1', port: 0, debug: false })
    const tracing = new HapiTracing({ app: mixed, tracedAttributes: ['params.id'] })
    const marks = new HapiTracing({ tracedAttributes: ['query.page'] })
    const handler = marks.trace('headers.x-own', (request: object) => {
      assert.equal(tracing.getSpan(request), tracer.activeSpan)
      assert.equal(marks.getSpan(request), tracer.activeSpan)
      return 'x'
    })
    mixed.route({ method: 'GET', path: '/mixed/{id}', handler })
    await mixed.start()
    try {
      await ask(mixed.info.uri, '/mixed/7?page=2', { headers: { 'x-own': 'mine' } })
      const [span] = await finished(sink, 1)
      assert.equal(span?.name, 'GET /mixed/{id}')
      assert.deepEqual(
        ['params.id', 'query.page', 'headers.x-own'].map((key) => span?.attributes[key]),
        ['7', '2', 'mine'],
      )
    } finally {
      tracing.detach(mixed)
      await mixed.stop()
    }
  })

  it('undoes itself, and begins anew', async () => {
    const { prototype } = Object.getPrototypeOf(server._core.Request)
    const traced = [prototype._setTimeouts, prototype._setResponse]
    await shutdown()
    const bare = [prototype._setTimeouts, prototype._setResponse]
    bare.forEach((method, index) => {
      assert.notEqual(method, traced[index])
      assert.deepEqual([method.name, method.length], [traced[index].name, traced[index].length])
    })
    assert.equal((await ask(server.info.uri, '/users/1')).body, '1')
    sink = trace()
    assert.equal((await visit('/users/1')).span.name, 'GET /users/{id}')
  })
})

async function application(Hapi: any): Promise<any> {
  const server = Hapi.server({ host: '127.0.0.1', port: 0, debug: false })
  const get = (path: string, handler: (request: any, h: any) => unknown, options: object = {}): void =>
    server.route({ method: 'GET', path, handler, options })
  const active = (): string | undefined => activeSpan()?.context().toSpanId()
  const fail = (): never => {
    throw new TypeError('broken on purpose')
  }
  server.ext('onRequest', (request: any, h: any) => {
    request.app.seen = [active()]
    return request.path === '/early' ? h.response('early').code(202).takeover() : h.continue
  })
  server.ext('onPreResponse', (request: any, h: any) =>
    request.path === '/pretty' ? h.response('sorry').code(503) : h.continue,
  )
  get('/users/{id}', ({ params }) => params.id)
  get('/maybe/{what?}', () => 'ok')
  get('/files/{path*2}', () => 'ok')
  server.route({ method: '*', path: '/everything', handler: () => 'ok' })
  get('/stream', () => Readable.from(['a', 'b'], { objectMode: false }))
  get('/taken', fail, { pre: [(_: unknown, h: any) => h.response('taken').takeover()] })
  get('/bypass', ({ raw: { res } }, h) => {
    res.end('by hand')
    return h.abandon
  })
  get('/fails/sync', fail)
  get('/fails/async', async () => {
    await null
    fail()
  })
  get('/fails/returned', () => new Error('broken on purpose'))
  get('/pretty', fail)
  get('/invalid', () => {
    throw load('@hapi/boom').badData('no such colour')
  })
  get('/slow', async ({ raw: { res } }, h) => {
    res.write('early')
    await sleep(200)
    res.end()
    return h.abandon
  })
  get('/context', async ({ app }) => {
    app.seen.push(active())
    await sleep(1)
    return [...app.seen, active()]
  })
  const register = (part: any): void =>
    part.route({ method: 'GET', path: '/orders/{order}', handler: () => 'ok' })
  await server.register({ name: 'orders', register }, { routes: { prefix: '/tenants/{tenant}' } })
  return server
}
