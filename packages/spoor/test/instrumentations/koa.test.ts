import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { activeSpan, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import {
  ask,
  finished,
  type Listening,
  listen,
  load,
  raw,
  serverSpan,
  shutdown,
  trace,
} from './support/web.ts'

const active = (): string | undefined => activeSpan()?.context().toSpanId()

const stacks = [
  ['Koa 2 with @koa/router 12', 'koa2', 'koa-router12'],
  ['Koa 3 with @koa/router 15', 'koa', '@koa/router'],
] as const

for (const [title, koa, router] of stacks) {
  describe(title, () => {
    let sink: MemorySink
    let Koa: any
    let site: Listening

    before(async () => {
      sink = trace()
      Koa = load(koa)
      const Router = load(router)
      site = await listen(application(Koa, Router.Router ?? Router.default ?? Router).callback())
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
      ['router.all', '/everything', '/everything', 'PUT'],
      ['HEAD of a GET route', '/users/7', '/users/:id', 'HEAD'],
      ['a regular expression', '/letters/abc', String(/^\/letters\/[a-z]+$/)],
      ['a prefix', '/api/items/3', '/api/items/:item'],
      ['a router in a router, under a parameter', '/tenants/acme/orders/9', '/tenants/:tenant/orders/:order'],
      ['a streamed body', '/stream', '/stream'],
      ['an answer that Koa does not send', '/bypass', '/bypass'],
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
        ['/middleware', 200],
      ] as const) {
        const visited = await visit(path)
        assert.equal(visited.status, status)
        assert.equal(visited.span.name, 'GET')
        assert.equal(visited.span.attributes['http.route'], undefined)
      }
    })

    for (const [title, path] of [
      ['thrown in a handler', '/fails/sync'],
      ['rejected after an await', '/fails/async'],
      ['that middleware caught and told of', '/caught/error'],
    ] as const) {
      it(`tells of an error ${title}, once`, async () => {
        const { span, status } = await visit(path)
        assert.equal(status, 500)
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

    it('tells of an error that became a 422, and does not call the request failed', async () => {
      const { span, status } = await visit('/invalid')
      assert.equal(status, 422)
      assert.equal(span.name, 'GET /invalid')
      assert.equal(span.status.code, 'unset')
      assert.equal(span.events[0]?.attributes['exception.message'], 'no such colour')
    })

    it('names a request whose client did not wait for the answer', async () => {
      await raw(site.port, 'GET /slow/1 HTTP/1.1\r\nHost: x\r\n\r\n', /early/)
      const span = await serverSpan(sink)
      assert.equal(span.name, 'GET /slow/:id')
      assert.equal(span.events[0]?.name, 'aborted')
    })

    it('has the server span active before and after every await', async () => {
      const { span, body } = await visit('/context')
      assert.deepEqual(JSON.parse(body), Array(3).fill(span.spanId))
    })

    it('does not mix up a hundred requests at once', async () => {
      await Promise.all(Array.from({ length: 100 }, (_, i) => ask(site.origin, `/work/${i}`)))
      const spans = await finished(sink, 200)
      const servers = new Map(spans.map((span) => [span.spanId, span.attributes['url.path']]))
      for (const span of spans) {
        if (span.name === 'work')
          assert.equal(servers.get(span.parentSpanId), `/work/${span.attributes['number']}`)
      }
    })

    it('leaves listeners of the application alone, and undoes itself', async () => {
      const application = new Koa()
      const seen: unknown[][] = []
      application.on('custom', (...args: unknown[]) => seen.push(args))
      assert.equal(application.emit('custom', 1, 2), true)
      assert.equal(application.emit('nobody'), false)
      assert.throws(() => application.emit('error', new Error('unheard')), /unheard/)
      assert.deepEqual(seen, [[1, 2]])
      const traced = [Koa.prototype.handleRequest, Koa.prototype.emit]
      await shutdown()
      assert.equal(Object.hasOwn(Koa.prototype, 'emit'), false)
      const bare = [Koa.prototype.handleRequest, Koa.prototype.emit]
      assert.deepEqual(
        traced.map(({ name, length }) => [name, length]),
        bare.map(({ name, length }) => [name, length]),
      )
      assert.equal((await ask(site.origin, '/users/1')).body, '1')
      sink = trace()
      assert.equal((await visit('/users/1')).span.name, 'GET /users/:id')
    })
  })
}

function application(Koa: any, Router: any): any {
  const app = new Koa()
  app.silent = true
  const router = new Router()
  const ok = (context: any): void => {
    context.body = 'ok'
  }
  router.get('/users/:id', (context: any) => {
    context.body = context.params.id
  })
  router.all('/everything', ok)
  router.get(/^\/letters\/[a-z]+$/, ok)
  router.get('/stream', (context: any) => {
    context.body = Readable.from(['a', 'b', 'c'])
  })
  router.get('/bypass', (context: any) => {
    context.respond = false
    context.res.writeHead(200)
    setTimeout(() => context.res.end('by hand'), 2)
  })
  router.get('/slow/:id', async (context: any) => {
    context.respond = false
    context.res.write('early')
    await sleep(200)
    context.res.end()
  })
  router.get('/fails/sync', () => {
    throw new TypeError('broken on purpose')
  })
  router.get('/fails/async', async () => {
    await sleep(1)
    throw new TypeError('broken on purpose')
  })
  router.get('/caught/error', () => {
    throw new TypeError('broken on purpose')
  })
  router.get('/invalid', (context: any) => context.throw(422, 'no such colour'))
  router.get('/context', async (context: any) => {
    context.seen.push(active())
    await sleep(1)
    context.seen.push(active())
    context.body = context.seen
  })
  router.get('/work/:number', (context: any) =>
    withSpan('work', async (span) => {
      span.setTag('number', context.params.number)
      await sleep(Number(context.params.number) % 7)
      context.body = 'done'
    }),
  )
  const items = new Router({ prefix: '/api' })
  items.get('/items/:item', ok)
  const orders = new Router()
  orders.get('/orders/:order', ok)
  const tenants = new Router({ prefix: '/tenants/:tenant' })
  tenants.use(orders.routes())

  app.use(async (context: any, next: () => Promise<void>) => {
    context.seen = [active()]
    if (context.path !== '/caught/error') return next()
    try {
      await next()
    } catch (error) {
      context.status = 500
      context.body = 'sorry'
      context.app.emit('error', error, context)
    }
  })
  app.use((context: any, next: () => Promise<void>) => {
    if (context.path !== '/middleware') return next()
    context.body = 'answered early'
  })
  app.use(router.routes()).use(items.routes()).use(tenants.routes())
  app.on('error', () => {})
  return app
}
