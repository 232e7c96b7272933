import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { ExpressTracing } from 'spoor/express'
import { MockTracer } from 'spoor/testing'
import { finished, get, only, until, withApp } from './support/client.ts'
import { load } from './support/express-server.ts'

const express = load('express')
const ok = (_: unknown, response: any): void => response.send('ok')
const user = (request: any, response: any): void => response.send(request.params.id)

function application(): any {
  const app = express()
  app.set('env', 'test')
  return app
}

describe('tracing objects, applications and init() in every mixture', () => {
  afterEach(() => shutdown())

  it('FLK-Q10: one tracing object serves several applications', async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    for (const path of ['/one/:id', '/other/:id']) {
      const app = application()
      app.get(path, user)
      tracing.attach(app)
      await withApp(app, (url) => get(`${url}${path.replace(':id', '7')}`))
      assert.equal((await only(tracer)).operationName, `GET ${path}`)
    }
  })

  it('PYR-T11: a request has these tags at its start and these at its end, and no others', async () => {
    const tracer = new MockTracer()
    const app = application()
    const starts: object[] = []
    new ExpressTracing({
      tracer,
      app,
      tracedAttributes: ['host', 'path', 'params.id', 'no.such'],
      startSpanCallback: (span) => void starts.push({ ...(span as unknown as { tags: object }).tags }),
    })
    app.get('/users/:id', user)
    const url = await withApp(app, async (origin) => {
      await get(`${origin}/users/7`)
      return origin
    })
    const { tags } = await only(tracer)
    const atStart = {
      'span.kind': 'server',
      component: 'express',
      'http.method': 'GET',
      'http.url': `${url}/users/7`,
      'peer.address': '127.0.0.1',
      'peer.ipv4': '127.0.0.1',
      'peer.port': tags['peer.port'],
      host: new URL(url).host,
      path: '/users/7',
    }
    assert.deepEqual(starts, [atStart])
    assert.deepEqual(tags, {
      ...atStart,
      'params.id': '7',
      'http.route': '/users/:id',
      'http.status_code': 200,
    })
  })

  it('TOR-Q06: several applications in one process each have the settings of their own', async () => {
    const parts = ['one', 'other'].map((name) => {
      const tracer = new MockTracer()
      const app = application()
      app.get('/', ok)
      new ExpressTracing({ tracer, app, operationName: name })
      return { name, tracer, app }
    })
    for (const { app } of parts) await withApp(app, (url) => get(url))
    for (const { name, tracer } of parts) assert.equal((await only(tracer)).operationName, name)
  })

  it('PYR-A06, PYR-T16, FLK-B01: one call puts it around everything, error handlers included', async () => {
    const tracer = new MockTracer()
    const app = application()
    const order: unknown[] = []
    app.use((_: unknown, __: unknown, next: () => void) => {
      order.push(tracer.activeSpan)
      next()
    })
    const error = new Error('no such colour')
    app.get('/', () => {
      throw error
    })
    app.use((given: unknown, _: unknown, response: any, __: unknown) => {
      order.push(tracer.activeSpan)
      response.status(422).send(given === error ? 'the very error' : 'another')
    })
    new ExpressTracing({ tracer, app })
    await withApp(app, async (url) => assert.equal((await get(url)).body, 'the very error'))
    const span = await only(tracer)
    assert.deepEqual(order, [span, span])
    assert.equal(span.tags['http.status_code'], 422)
    assert.equal(span.tags['error'], undefined, 'an error that became a 422 is none of the request')
    assert.equal(span.logs[0]?.fields['error.object'], error)
  })

  it('PYR-A07, TOR-B01: requests can be led through it by hand', async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    const app = application()
    app.use((message: object, response: object, next: () => void) =>
      tracing.serve({ message, response }, next),
    )
    app.get('/', (_: unknown, response: any) =>
      response.send(tracer.activeSpan === null ? 'untraced' : 'traced'),
    )
    await withApp(app, async (url) => assert.equal((await get(url)).body, 'traced'))
    assert.equal((await only(tracer)).tags['http.status_code'], 200)
  })

  it('PYR-E04: a request that was there before the tracing object ends without a span', async () => {
    const tracer = new MockTracer()
    const app = application()
    const waiting: any[] = []
    app.get('/', (_: unknown, response: any) => waiting.push(response))
    await withApp(app, async (url) => {
      const answer = get(url)
      await until(() => waiting.length === 1)
      new ExpressTracing({ tracer, app })
      waiting[0].send('ok')
      assert.equal((await answer).body, 'ok')
    })
    assert.equal((await finished(tracer)).length, 0)
  })

  it('TOR-Q04: no handler can keep its span from being finished', async () => {
    const tracer = new MockTracer()
    const app = application()
    new ExpressTracing({ tracer, app })
    app.get('/', (_: unknown, response: any) => {
      response.removeAllListeners()
      response.end('ok')
    })
    await withApp(app, async (url) => assert.equal((await get(url)).body, 'ok'))
    assert.equal((await only(tracer)).tags['http.status_code'], 200)
  })

  it('FLK-B08: two tracing objects on one application make one span, and call back both', async () => {
    const tracer = new MockTracer()
    const app = application()
    const calls: string[] = []
    const spans = new Set<unknown>()
    for (const name of ['first', 'second']) {
      new ExpressTracing({
        tracer,
        app,
        tracedAttributes: { [name]: 'params.id' },
        startSpanCallback(span) {
          spans.add(span)
          calls.push(`${name} starts`)
        },
        finishSpanCallback: (_span, _request, response) =>
          void calls.push(`${name} ends ${response.statusCode}`),
      })
    }
    app.get('/users/:id', user)
    await withApp(app, (url) => get(`${url}/users/7`))
    const span = await only(tracer)
    assert.deepEqual([...spans], [span])
    assert.deepEqual(calls.toSorted(), ['first ends 200', 'first starts', 'second ends 200', 'second starts'])
    assert.deepEqual([span.tags['first'], span.tags['second']], ['7', '7'])
  })

  it('FLK-A10: a router is traced as an application is, and what is beside it is not', async () => {
    const tracer = new MockTracer()
    const app = application()
    const router = express.Router()
    new ExpressTracing({ tracer, app: router })
    router.get('/users/:id', user)
    app.use('/api', router)
    app.get('/beside', ok)
    await withApp(app, async (url) => {
      await get(`${url}/beside`)
      assert.equal((await get(`${url}/api/users/7`)).body, '7')
    })
    assert.equal((await only(tracer)).operationName, 'GET /api/users/:id')
  })

  it('FLK-A10, FLK-B08: an application below another, each attached, makes one span with the whole route', async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    const app = application()
    const site = application()
    tracing.attach(app).attach(site)
    site.get('/page/:id', user)
    app.use('/sites', site)
    await withApp(app, (url) => get(`${url}/sites/page/7`))
    assert.equal((await only(tracer)).operationName, 'GET /sites/page/:id')
  })

  it('FLK-Q10, TOR-Q05: it can be attached after the routes, and while the application listens; and let go again', async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    const app = application()
    app.get('/users/:id', user)
    await withApp(app, async (url) => {
      await get(`${url}/users/1`)
      tracing.attach(app)
      await get(`${url}/users/2`)
      assert.equal((await only(tracer)).operationName, 'GET /users/:id')
      tracing.detach(app)
      await get(`${url}/users/3`)
      assert.equal((await finished(tracer)).length, 0)
    })
  })

  it('FLK-Q10: letting go in another order than attaching leaves only those that are attached', async () => {
    const tracers = [new MockTracer(), new MockTracer()] as const
    const app = application()
    app.get('/', ok)
    const [first, second] = tracers.map((tracer) => new ExpressTracing({ tracer, app }))
    await withApp(app, async (url) => {
      first?.detach(app)
      await get(url)
      assert.equal((await finished(tracers[0])).length, 0)
      assert.equal((await finished(tracers[1])).length, 1)
      second?.detach(app)
      await get(url)
      assert.equal((await finished(tracers[0])).length + (await finished(tracers[1])).length, 0)
    })
  })

  it('PYR-B09, FLK-B08, TOR-B06: a tracing object under init() adds to the span that is there', async () => {
    const sink = new MemorySink()
    init({ exporters: [sink] })
    const app = application()
    const seen: unknown[] = []
    const tracing = new ExpressTracing({
      app,
      tracedAttributes: ['params.id'],
      startSpanCallback: (span) => void seen.push(span),
    })
    app.get('/users/:id', (request: any, response: any) => {
      seen.push(tracing.getSpan(request))
      withSpan('work', () => seen.push(tracing.getSpan()))
      response.send('ok')
    })
    await withApp(app, (url) => get(`${url}/users/7`))
    await until(() => sink.spans.length === 2)
    const span = sink.spans.find(({ kind }) => kind === 'server')
    assert.equal(span?.name, 'GET /users/:id')
    assert.equal(span?.attributes['params.id'], '7')
    assert.equal(seen.length, 3)
    assert.equal(new Set(seen).size, 1, 'the callback, the request and the flow tell of the same span')
  })

  it('a request that is ignored by its route leaves nothing, not even what was done before the route was known', async () => {
    const sink = new MemorySink()
    init({ exporters: [sink] })
    const app = application()
    new ExpressTracing({ app, ignore: { routes: ['/health/:part'] } })
    app.use((_: unknown, __: unknown, next: () => void) => {
      withSpan('before the route', () => {})
      next()
    })
    const handler = (_: unknown, response: any): void => {
      withSpan('in the handler', () => {})
      response.send('ok')
    }
    app.get('/health/:part', handler)
    app.get('/users/:id', handler)
    await withApp(app, async (url) => {
      assert.equal((await get(`${url}/health/heart`)).status, 200)
      await get(`${url}/users/7`)
    })
    await until(() => sink.spans.some(({ kind }) => kind === 'server'))
    assert.deepEqual(sink.spans.map(({ name }) => name).toSorted(), [
      'GET /users/:id',
      'before the route',
      'in the handler',
    ])
  })

  it('FLK-B10: an application that is called inside a span of this process continues it', async () => {
    const tracer = new MockTracer()
    const app = application()
    new ExpressTracing({ tracer, app })
    app.get('/', ok)
    const gateway = (incoming: unknown, response: unknown): void => {
      tracer.startActiveSpan('gateway', () => app(incoming, response))
    }
    await withApp(gateway, (url) => get(url))
    const [outer, server] = await finished(tracer)
    assert.equal(outer?.operationName, 'gateway')
    assert.equal(server?.parentSpanId, outer?.spanId)
    assert.equal(outer?.parentId, null)
  })

  it('FLK-A08: getSpan() is null outside of requests, and for those that are ignored', async () => {
    const tracer = new MockTracer()
    const app = application()
    const seen: unknown[] = []
    const tracing = new ExpressTracing({ tracer, app, ignore: ['/ignored'] })
    app.get('/ignored', (incoming: any, response: any) => {
      seen.push(tracing.getSpan(incoming), tracing.getSpan())
      response.send('ok')
    })
    await withApp(app, (url) => get(`${url}/ignored`))
    assert.deepEqual(seen, [null, null])
    assert.equal(tracing.getSpan(), null)
    assert.equal(tracing.getSpan({}), null)
  })
})
