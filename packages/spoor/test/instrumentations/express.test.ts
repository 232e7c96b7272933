import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { activeSpan, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { ask, finished, type Listening, listen, load, serverSpan, shutdown, trace } from './support/web.ts'

for (const major of [4, 5]) {
  describe(`Express ${major}`, () => {
    let sink: MemorySink
    let express: any
    let site: Listening

    before(async () => {
      sink = trace()
      express = load(major === 4 ? 'express4' : 'express')
      assert.ok(load(`${major === 4 ? 'express4' : 'express'}/package.json`).version.startsWith(`${major}.`))
      site = await listen(application(express))
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
      ['the root', '/', '/'],
      ['app.all', '/everything', '/everything', 'DELETE'],
      ['HEAD of a GET route', '/users/7', '/users/:id', 'HEAD'],
      ['a regular expression', '/letters/abc', String(/^\/letters\/[a-z]+$/)],
      ['one of several paths', '/second', '/first,/second'],
      ['a mounted router', '/api/items/3', '/api/items/:item'],
      ['the root of a mounted router', '/api', '/api'],
      ['a router mounted under a parameter', '/tenants/acme/orders/9', '/tenants/:tenant/orders/:order'],
      ['a router in a router', '/tenants/acme/reports/2024/all', '/tenants/:tenant/reports/:year/all'],
      ['a path in another case', '/API/items/3', '/api/items/:item'],
      ['an application below an application', '/sites/north/page', '/sites/:site/page'],
      ['a router mounted twice, at its first place', '/one/shared', '/one/shared'],
      ['a router mounted twice, at its second place', '/zwei/x/shared', '/zwei/:which/shared'],
      ["next('route')", '/skipping/1', '/skipping/:rest'],
      ["next('router')", '/left/alone', '/left/:behind'],
    ]
    for (const [title, path, route, method = 'GET'] of routes) {
      it(`names the request by its route: ${title}`, async () => {
        const { span, status } = await visit(path, method)
        assert.equal(status, 200)
        assert.equal(span.name, `${method} ${route}`)
        assert.equal(span.attributes['http.route'], route)
        assert.equal(span.attributes['url.path'], path)
        assert.equal(span.attributes['http.response.status_code'], 200)
        assert.equal(span.status.code, 'unset')
      })
    }

    it('leaves the name of a 404 at its method, without a route', async () => {
      const { span, status } = await visit('/nowhere/at/all')
      assert.equal(status, 404)
      assert.equal(span.name, 'GET')
      assert.equal(span.attributes['http.route'], undefined)
      assert.equal(span.status.code, 'unset')
    })

    const failures: [title: string, path: string, route: string | undefined][] = [
      ['thrown in a handler', '/fails/sync', '/fails/sync'],
      ['passed to next', '/fails/next', '/fails/next'],
      ['passed to next later', '/fails/later', '/fails/later'],
      ['thrown in middleware before any route', '/guarded/anything', undefined],
      ['taken by an error handler that answers 500', '/handled/error', undefined],
      ['thrown in a mounted router', '/api/broken', '/api/broken'],
      ...(major === 5
        ? [['rejected by an async handler', '/fails/async', '/fails/async'] as [string, string, string]]
        : []),
    ]
    for (const [title, path, route] of failures) {
      it(`tells of an error ${title}, once`, async () => {
        const { span, status } = await visit(path)
        assert.equal(status, 500)
        assert.equal(span.attributes['http.route'], route)
        assert.equal(span.status.code, 'error')
        assert.equal(span.status.message, 'broken on purpose')
        assert.equal(span.attributes['error.type'], '500')
        assert.deepEqual(
          span.events.map(({ name, attributes }) => [
            name,
            attributes['exception.type'],
            attributes['exception.message'],
          ]),
          [['exception', 'TypeError', 'broken on purpose']],
        )
      })
    }

    it('tells of an error that became a 422, and does not call the request failed', async () => {
      const { span, status } = await visit('/invalid')
      assert.equal(status, 422)
      assert.equal(span.status.code, 'unset')
      assert.equal(span.events[0]?.attributes['exception.message'], 'no such colour')
    })

    it('has the server span active in middleware, handlers, after awaits, and in error handlers', async () => {
      const { span, body } = await visit('/context/7')
      assert.deepEqual(JSON.parse(body), Array(4).fill(span.spanId))
    })

    it('parents what handlers do, and does not mix up a hundred requests at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => ask(site.origin, `/work/${i}?delay=${i % 7}`)),
      )
      const spans = await finished(sink, 200)
      const servers = new Map(
        spans.filter(({ kind }) => kind === 'server').map((span) => [span.spanId, span]),
      )
      assert.equal(servers.size, 100)
      for (const work of spans.filter(({ kind }) => kind === 'internal')) {
        const server = servers.get(work.parentSpanId)
        assert.equal(server?.attributes['url.path'], `/work/${work.attributes['number']}`)
      }
      assert.deepEqual(
        answers.map(({ body }) => body),
        Array.from({ length: 100 }, (_, i) => String(i)),
      )
    })

    it('leaves names, lengths and what is there as it was, and undoes itself', async () => {
      const methods = (): ((...args: unknown[]) => unknown)[] =>
        major === 5
          ? [express.Route.prototype.dispatch, express.Router.prototype.handle, express.Router.prototype.use]
          : [express.Router.process_params, express.Router.handle, express.Router.use]
      const traced = methods()
      await shutdown()
      const bare = methods()
      assert.deepEqual(
        traced.map(({ name, length }) => [name, length]),
        bare.map(({ name, length }) => [name, length]),
      )
      assert.ok(traced.every((method, i) => method !== bare[i]))
      assert.equal((await ask(site.origin, '/users/1')).body, '1')
      assert.equal(sink.spans.length, 0)
      sink = trace()
      // The library was loaded and the application made before this second start.
      assert.equal((await visit('/users/1')).span.name, 'GET /users/:id')
    })
  })
}

function application(express: any): any {
  const app = express()
  const ok = (_: unknown, response: any): void => response.send('ok')
  const broken = (): never => {
    throw new TypeError('broken on purpose')
  }
  app.get('/', ok)
  app.get('/users/:id', (request: any, response: any) => response.send(request.params.id))
  app.all('/everything', ok)
  app.get(/^\/letters\/[a-z]+$/, ok)
  app.get(['/first', '/second'], ok)

  const items = express.Router()
  items.get('/', ok)
  items.get('/items/:item', ok)
  items.get('/broken', broken)
  app.use('/api', items)

  const tenants = express.Router({ mergeParams: true })
  const reports = express.Router()
  reports.get('/all', ok)
  tenants.get('/orders/:order', ok)
  tenants.use('/reports/:year', reports)
  app.use('/tenants/:tenant', tenants)

  const site = express()
  site.get('/page', ok)
  app.use('/sites/:site', site)

  const shared = express.Router()
  shared.get('/shared', ok)
  app.use('/one', shared)
  app.use('/zwei/:which', shared)

  app.get('/skipping/:id', (_: unknown, __: unknown, next: any) => next('route'), broken)
  app.get('/skipping/:rest', ok)
  const left = express.Router()
  left.get('/alone', (_: unknown, __: unknown, next: any) => next('router'))
  left.get('/alone', broken)
  app.use('/left', left)
  app.get('/left/:behind', ok)

  app.get('/fails/sync', broken)
  app.get('/fails/next', (_: unknown, __: unknown, next: any) => next(new TypeError('broken on purpose')))
  app.get('/fails/later', (_: unknown, __: unknown, next: any) =>
    setTimeout(next, 2, new TypeError('broken on purpose')),
  )
  app.get('/fails/async', async () => broken())
  app.use('/guarded', broken)
  app.get('/guarded/anything', ok)

  const handled = express.Router()
  handled.use(broken)
  handled.use((_error: unknown, _request: unknown, response: any, _next: unknown) => {
    response.status(500).send('sorry')
  })
  app.use('/handled', handled)

  app.get('/invalid', () => {
    throw Object.assign(new Error('no such colour'), { status: 422 })
  })

  app.get(
    '/context/:id',
    (request: any, _: unknown, next: any) => {
      request.seen = [activeSpan()?.context().toSpanId()]
      setImmediate(next)
    },
    (request: any, _: unknown, next: any) => {
      request.seen.push(activeSpan()?.context().toSpanId())
      Promise.resolve().then(() => {
        request.seen.push(activeSpan()?.context().toSpanId())
        next(new Error('for the handler of errors'))
      })
    },
    (_error: unknown, request: any, response: any, _next: unknown) => {
      request.seen.push(activeSpan()?.context().toSpanId())
      response.json(request.seen)
    },
  )
  app.get('/work/:number', (request: any, response: any) => {
    withSpan('work', async (span) => {
      span.setTag('number', request.params.number)
      await new Promise((resolve) => setTimeout(resolve, Number(request.query.delay)))
      response.send(request.params.number)
    })
  })
  // Express logs what reaches its own error handler; a test prints nothing.
  app.set('env', 'test')
  return app
}
