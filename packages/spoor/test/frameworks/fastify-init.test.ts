import assert from 'node:assert/strict'
import { test } from 'node:test'
import { init } from 'spoor'
import { FastifyTracing } from 'spoor/fastify'
import { describeFastify, greet } from './support/fastify-bed.ts'
import { errorsOf, onlyServer, settled } from './support/visits.ts'

describeFastify('init() with FastifyTracing, and without', (bed) => {
  const { tracer, open, see } = bed
  test('TOR-B06: makes one span with the tracing object and a mark, and each is told what it asked for', async () => {
    init({ tracer })
    await bed.renew()
    const ends: unknown[] = []
    const marks = new FastifyTracing({ tracer })
    const tracing = new FastifyTracing({
      tracer,
      tracedAttributes: ['params.id'],
      finishSpanCallback: (_span, request, reply) => ends.push([request.params.id, reply.statusCode]),
    })
    bed.app.register(tracing.plugin)
    bed.app.get('/users/:id', marks.trace(['query.page'], greet))
    bed.app.get('/failing', async () => Promise.reject(new Error('broken on purpose')))
    await open()
    const { span, spans } = await see('/users/7?page=2')
    assert.equal(spans.length, 1)
    assert.equal(span.operationName, 'GET /users/:id')
    assert.deepEqual([span.tags['params.id'], span.tags['query.page']], ['7', '2'])
    assert.deepEqual(ends, [['7', 200]])
    assert.equal(errorsOf((await see('/failing')).span).length, 1)
    tracer.reset()
    await bed.app.inject('/users/8')
    assert.equal(onlyServer(await settled(tracer)).operationName, 'GET /users/:id')
  })

  test('what the tracing object or a mark ignores, by path or by route, is not sent', async () => {
    init({ tracer })
    await bed.renew()
    const marks = new FastifyTracing({ tracer, ignore: { routes: ['/things/:id'] } })
    new FastifyTracing({ tracer, app: bed.app, ignore: { paths: ['/health'], routes: ['/users/:id'] } })
    bed.app.get('/health', async () => 'ok')
    bed.app.get('/users/:id', greet)
    bed.app.get('/things/:id', marks.trace(greet))
    await open()
    for (const path of ['/health', '/users/7', '/things/7']) {
      assert.equal((await see(path)).span.tags['sampling.priority'], 0, path)
    }
    assert.equal((await see('/elsewhere')).span.tags['sampling.priority'], undefined)
  })

  test('PYR-B05: its own attributes and callbacks get the request of Fastify, with a route and without', async () => {
    const ends: unknown[] = []
    init({
      tracer,
      tracedAttributes: ['params.id', 'ip', 'user.plan'],
      finishSpanCallback: (_span, request, response) => {
        ends.push([request.server === bed.app, request.url, response.statusCode])
      },
    })
    await bed.renew()
    bed.app.decorateRequest('user', null)
    bed.app.get('/users/:id', async (request: any) => {
      request.user = { plan: 'gold' }
      return 'ok'
    })
    await open()
    const { tags } = (await see('/users/7')).span
    assert.deepEqual([tags['params.id'], tags['ip'], tags['user.plan']], ['7', '127.0.0.1', 'gold'])
    assert.equal((await see('/nowhere')).span.tags['ip'], '127.0.0.1')
    assert.deepEqual(ends, [
      [true, '/users/7', 200],
      [true, '/nowhere', 404],
    ])
  })
})
