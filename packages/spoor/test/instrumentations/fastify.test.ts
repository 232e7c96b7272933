import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { activeSpan, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { ask, finished, load, serverSpan, shutdown, trace } from './support/web.ts'

const active = (): string | undefined => activeSpan()?.context().toSpanId()

for (const major of [4, 5]) {
  describe(`Fastify ${major}`, () => {
    let sink: MemorySink
    let app: any
    let origin: string

    before(async () => {
      sink = trace()
      const fastify = load(major === 4 ? 'fastify4' : 'fastify')
      app = application(fastify)
      assert.ok(app.version.startsWith(`${major}.`))
      origin = await app.listen({ port: 0, host: '127.0.0.1' })
    })
    after(async () => {
      await app.close()
      await shutdown()
    })

    async function visit(
      path: string,
      options: Parameters<typeof ask>[2] = {},
    ): Promise<{ span: SpanData; status: number; body: string }> {
      const { status, body } = await ask(origin, path, options)
      return { span: await serverSpan(sink), status, body }
    }

    const routes: [title: string, path: string, route: string, status?: number, method?: string][] = [
      ['a parameter', '/users/7', '/users/:id'],
      ['every method', '/everything', '/everything', 200, 'PATCH'],
      ['HEAD of a GET route', '/users/7', '/users/:id', 200, 'HEAD'],
      ['a wildcard', '/files/a/b/c', '/files/*'],
      ['a prefix', '/api/items/3', '/api/items/:item'],
      ['a plugin in a plugin, under a parameter', '/tenants/acme/orders/9', '/tenants/:tenant/orders/:order'],
      ['reply.send', '/sent', '/sent'],
      ['a stream', '/stream', '/stream'],
      ['a hijacked reply', '/hijacked', '/hijacked'],
      ['an onRequest hook that answers', '/guarded/early', '/guarded/early', 401],
      ['a preHandler that answers', '/guarded/late', '/guarded/late', 403],
      ['an error that became a 404', '/missing', '/missing', 404],
    ]
    for (const [title, path, route, expected = 200, method = 'GET'] of routes) {
      it(`names the request by its route: ${title}`, async () => {
        const { span, status } = await visit(path, { method })
        assert.equal(status, expected)
        assert.equal(span.name, `${method} ${route}`)
        assert.equal(span.attributes['http.route'], route)
        assert.equal(span.attributes['http.response.status_code'], expected)
        assert.equal(span.status.code, 'unset')
      })
    }

    it('leaves the name of a 404 at its method', async () => {
      const { span, status } = await visit('/nowhere')
      assert.equal(status, 404)
      assert.equal(span.name, 'GET')
      assert.equal(span.attributes['http.route'], undefined)
    })

    const failures: [title: string, path: string][] = [
      ['thrown in a handler', '/fails/sync'],
      ['rejected by a handler', '/fails/async'],
      ['sent by a handler', '/fails/sent'],
      ['thrown in a hook', '/fails/hook'],
      ['that an error handler turned into an answer', '/handled/error'],
      ['that the error handler of its route turned into an answer', '/handled/route'],
    ]
    for (const [title, path] of failures) {
      it(`tells of an error ${title}, once`, async () => {
        const { span, status } = await visit(path)
        assert.equal(status, 500)
        assert.equal(span.name, `GET ${path}`)
        assert.equal(span.status.code, 'error')
        assert.equal(span.status.message, 'broken on purpose')
        assert.deepEqual(
          span.events.map(({ attributes }) => [
            attributes['exception.type'],
            attributes['exception.message'],
          ]),
          [['TypeError', 'broken on purpose']],
        )
      })
    }

    it('tells of what validation refused, and does not call the request failed', async () => {
      const { span, status } = await visit('/validated', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"age":"old"}',
      })
      assert.equal(status, 400)
      assert.equal(span.name, 'POST /validated')
      assert.equal(span.status.code, 'unset')
      assert.match(String(span.events[0]?.attributes['exception.message']), /age must be/)
    })

    it('has the server span active in hooks, parsers, handlers and after awaits', async () => {
      const { span, body } = await visit('/context', {
        method: 'POST',
        headers: { 'content-type': 'text/special' },
        body: 'special',
      })
      const seen = JSON.parse(body)
      assert.ok(seen.length >= 5)
      assert.deepEqual(new Set(seen), new Set([span.spanId]))
    })

    it('does not mix up a hundred requests at once', async () => {
      await Promise.all(Array.from({ length: 100 }, (_, i) => ask(origin, `/work/${i}`)))
      const spans = await finished(sink, 200)
      const servers = new Map(spans.map((span) => [span.spanId, span.attributes['url.path']]))
      for (const span of spans) {
        if (span.name === 'work')
          assert.equal(servers.get(span.parentSpanId), `/work/${span.attributes['number']}`)
      }
    })

    it('serves injected requests, which have no server span', async () => {
      const { statusCode } = await app.inject('/users/7')
      assert.equal(statusCode, 200)
      assert.equal((await app.inject('/fails/sync')).statusCode, 500)
      await finished(sink, 0)
    })

    it('records nothing after shutdown', async () => {
      await shutdown()
      assert.equal((await ask(origin, '/users/7')).body, '7')
      assert.equal((await ask(origin, '/fails/sync')).status, 500)
      assert.equal(sink.spans.length, 0)
      sink = trace()
    })
  })
}

function application(fastify: any): any {
  const app = fastify()
  const broken = (): never => {
    throw new TypeError('broken on purpose')
  }
  app.get('/users/:id', async (request: any) => request.params.id)
  app.all('/everything', async () => 'ok')
  app.get('/files/*', async () => 'ok')
  app.get('/sent', (_: unknown, reply: any) => {
    setTimeout(() => reply.send('ok'), 2)
  })
  app.get('/stream', (_: unknown, reply: any) => reply.send(Readable.from(['a', 'b'])))
  app.get('/hijacked', (_: unknown, reply: any) => {
    reply.hijack()
    reply.raw.end('by hand')
  })
  app.get('/missing', async () => {
    throw Object.assign(new Error('no such thing'), { statusCode: 404 })
  })
  app.get('/fails/sync', broken)
  app.get('/fails/async', async () => {
    await sleep(1)
    broken()
  })
  app.get('/fails/sent', (_: unknown, reply: any) => reply.send(new TypeError('broken on purpose')))
  app.get('/fails/hook', { preHandler: async () => broken() }, async () => 'never')
  app.post(
    '/validated',
    { schema: { body: { type: 'object', properties: { age: { type: 'integer' } } } } },
    async () => 'ok',
  )
  app.get('/work/:number', (request: any) =>
    withSpan('work', async (span) => {
      span.setTag('number', request.params.number)
      await sleep(Number(request.params.number) % 7)
      return 'done'
    }),
  )
  app.register(async (api: any) => api.get('/items/:item', async () => 'ok'), { prefix: '/api' })
  app.register(
    async (tenants: any) => {
      tenants.register(async (orders: any) => orders.get('/:order', async () => 'ok'), { prefix: '/orders' })
    },
    { prefix: '/tenants/:tenant' },
  )
  app.register(async (guarded: any) => {
    guarded.addHook('onRequest', async (request: any, reply: any) => {
      if (request.url.endsWith('/early')) return reply.code(401).send('who?')
    })
    guarded.addHook('preHandler', (_: unknown, reply: any, _done: unknown) => reply.code(403).send('no'))
    guarded.get('/guarded/early', broken)
    guarded.get('/guarded/late', broken)
  })
  app.register(async (handled: any) => {
    handled.setErrorHandler((_error: unknown, _request: unknown, reply: any) => reply.code(500).send('sorry'))
    handled.get('/handled/error', broken)
    handled.get(
      '/handled/route',
      { errorHandler: (_error: unknown, _request: unknown, reply: any) => reply.code(500).send('sorry') },
      broken,
    )
  })
  app.register(async (context: any) => {
    const seen: unknown[] = []
    context.addHook('onRequest', async () => seen.push(active()) && undefined)
    context.addContentTypeParser('text/special', (_: unknown, payload: Readable, done: any) => {
      let text = ''
      payload.on('data', (chunk) => {
        seen.push(active())
        text += chunk
      })
      payload.on('end', () => done(null, text))
    })
    context.addHook('preHandler', (_: unknown, __: unknown, done: () => void) => {
      seen.push(active())
      setImmediate(done)
    })
    context.post('/context', async () => {
      seen.push(active())
      await sleep(1)
      seen.push(active())
      return JSON.stringify(seen)
    })
  })
  return app
}
