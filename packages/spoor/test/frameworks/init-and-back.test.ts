import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { init, shutdown } from 'spoor'
import { ExpressTracing } from 'spoor/express'
import { KoaTracing } from 'spoor/koa'
import { MockTracer } from 'spoor/testing'
import { ask, type Listening, listen } from '../instrumentations/support/web.ts'

const load = createRequire(import.meta.url)

/** An application with one failing route, and how a tracing object is attached to it. */
const applications: { [name: string]: () => { app: any; listener: any; tracing: any } } = {
  'Express 5': () => {
    const app = load('express')()
    app.get('/boom/:id', () => {
      throw new Error('boom')
    })
    app.use((_error: unknown, _request: unknown, response: any, _next: unknown) => response.status(500).end())
    return { app, listener: app, tracing: new ExpressTracing() }
  },
  'Koa 3': () => {
    const app = new (load('koa'))()
    const router = new (load('@koa/router').Router)()
    router.get('/boom/:id', () => {
      throw new Error('boom')
    })
    app.silent = true
    app.use(router.routes())
    return { app, listener: app.callback(), tracing: new KoaTracing() }
  },
}

for (const [name, make] of Object.entries(applications)) {
  /** Asks once, and says what its server spans are named and how many errors they tell of. */
  async function visit(site: Listening, tracer: MockTracer): Promise<[string, number][]> {
    tracer.reset()
    await ask(site.origin, '/boom/7')
    await new Promise((resolve) => setTimeout(resolve, 20))
    return tracer.finishedSpans().map(({ operationName, logs }) => [operationName, logs.length])
  }
  const one: [string, number][] = [['GET /boom/:id', 1]]

  test(`TOR-A06: ${name}: init() keeps its routes and errors when a tracing object that came before it goes`, async () => {
    const tracer = new MockTracer()
    const { app, listener, tracing } = make()
    tracing.attach(app)
    init({ tracer, logLevel: 'silent' })
    const site = await listen(listener)
    assert.deepEqual(await visit(site, tracer), one)
    tracing.detach(app)
    assert.deepEqual(await visit(site, tracer), one)
    await shutdown()
    assert.deepEqual(await visit(site, tracer), [])
    await site.close()
  })

  test(`TOR-A06: ${name}: a tracing object keeps them when an init() that came before it is shut down, and comes again`, async () => {
    const global = new MockTracer()
    const tracer = new MockTracer()
    const { app, listener } = make()
    init({ tracer: global, logLevel: 'silent' })
    const own = name.startsWith('Koa') ? new KoaTracing({ app, tracer }) : new ExpressTracing({ app, tracer })
    const site = await listen(listener)
    assert.deepEqual(await visit(site, global), one)
    await shutdown()
    assert.deepEqual(await visit(site, tracer), one)
    init({ tracer: global, logLevel: 'silent' })
    assert.deepEqual(await visit(site, global), one)
    own.detach(app)
    assert.deepEqual(await visit(site, global), one)
    await shutdown()
    await site.close()
  })
}

test('PYR-A03, FLK-A06: the global tracer, given by hand, stands for whichever tracer is set, and is traced as that one is', async () => {
  const { tracer } = await import('spoor')
  const { MemorySink } = await import('spoor/export')
  const sink = new MemorySink()
  init({ exporters: [sink], disable: ['http'], logLevel: 'silent' })
  const app = load('express')()
  new ExpressTracing({ app, tracer })
  app.get('/users/:id', (_request: unknown, response: any) => response.send('x'))
  const site = await listen(app)
  await ask(site.origin, '/users/7')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(sink.spans[0]?.name, 'GET /users/:id')
  assert.equal(
    sink.spans[0]?.attributes['http.request.method'],
    'GET',
    'in the words of OTLP, not of OpenTracing',
  )
  await site.close()
  await shutdown()
})
