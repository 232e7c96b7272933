import assert from 'node:assert/strict'
import { createServer } from 'node:http2'
import { test } from 'node:test'
import { init, shutdown } from 'spoor'
import { KoaTracing } from 'spoor/koa'
import { describeKoa, greet } from './support/koa-bed.ts'
import { askHttp2, onlyServer, settled } from './support/visits.ts'

describeKoa('init() with KoaTracing, and without', (bed) => {
  const { tracer, open, see, users, Router } = bed
  test('TOR-B06: makes one span with the tracing object, whichever is there first', async () => {
    for (const first of ['init', 'attach']) {
      const app = users()
      const ends: unknown[] = []
      if (first === 'init') init({ tracer })
      const tracing = new KoaTracing({
        tracer,
        tracedAttributes: ['params.id'],
        finishSpanCallback: (_span, context, response) => ends.push([context.params.id, response.status]),
      }).attach(app)
      if (first === 'attach') init({ tracer })
      await open(app)
      const { span, spans } = await see('/users/7')
      assert.equal(spans.length, 1, first)
      assert.equal(span.operationName, 'GET /users/:id')
      assert.equal(span.tags['params.id'], '7')
      assert.deepEqual(ends, [['7', 200]])
      tracing.detach(app)
      await bed.close()
      await shutdown()
    }
  })

  test('what the tracing object ignores, by path or by route, is not sent', async () => {
    init({ tracer })
    const app = users()
    const marks = new KoaTracing({ tracer, ignore: { routes: ['/things/:thing'] } })
    const things = new Router()
    things.get(
      '/things/:thing',
      marks.trace((context: any) => void (context.body = 'thing')),
    )
    const tracing = new KoaTracing({
      tracer,
      app,
      ignore: { paths: ['/health'], routes: ['/users/:id'] },
    })
    app.use((context: any, next: any) => (context.path === '/health' ? (context.body = 'ok') : next()))
    await open(app.use(things.routes()))
    for (const path of ['/health', '/users/7', '/things/7']) {
      assert.equal((await see(path)).span.tags['sampling.priority'], 0, path)
    }
    assert.equal((await see('/elsewhere')).span.tags['sampling.priority'], undefined)
    tracing.detach(app)
  })

  test('PYR-B05: its own attributes and callbacks get the context, with a route and without', async () => {
    const ends: unknown[] = []
    init({
      tracer,
      tracedAttributes: ['params.id', 'ip', 'state.tenant'],
      finishSpanCallback: (_span, context, response) => {
        ends.push([context.app === app, context.path, response.statusCode])
      },
    })
    const app = users((context) => {
      context.state.tenant = 'acme'
      greet(context)
    })
    app.use((context: any) => {
      if (context.path === '/routeless') context.body = 'ok'
    })
    await open(app)
    const routed = (await see('/users/7')).span.tags
    assert.equal(routed['params.id'], '7')
    assert.equal(routed['state.tenant'], 'acme')
    assert.match(String((await see('/routeless')).span.tags['ip']), /127\.0\.0\.1$/)
    await see('/nowhere')
    assert.deepEqual(ends, [
      [true, '/users/7', 200],
      [true, '/routeless', 200],
      [true, '/nowhere', 404],
    ])
  })

  test('requests of HTTP/2 have one span too, with init() and without', async () => {
    for (const all of [false, true]) {
      if (all) init({ tracer })
      tracer.reset()
      const app = users(async (context) => {
        await null
        tracer.startActiveSpan('work', () => {})
        greet(context)
      })
      new KoaTracing({ tracer, app, tracedAttributes: ['params.id'] })
      await open(app, createServer)
      assert.deepEqual(await askHttp2(bed.origin, '/users/7'), { status: 200, body: 'user 7' })
      const spans = await settled(tracer)
      const span = onlyServer(spans)
      assert.equal(span.operationName, 'GET /users/:id')
      assert.deepEqual([span.tags['params.id'], span.tags['http.status_code']], ['7', 200])
      assert.equal(spans.find(({ operationName }) => operationName === 'work')?.parentSpanId, span.spanId)
      await bed.close()
    }
  })
})
