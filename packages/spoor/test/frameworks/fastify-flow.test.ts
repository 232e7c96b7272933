import assert from 'node:assert/strict'
import { test } from 'node:test'
import { init } from 'spoor'
import { FastifyTracing } from 'spoor/fastify'
import { type Done, describeFastify, greet } from './support/fastify-bed.ts'
import { askHttp2, onlyServer, settled, type Visit, visit } from './support/visits.ts'

describeFastify('FastifyTracing has its span active', (bed) => {
  const { tracer, open, see } = bed
  const active = (): unknown => tracer.activeSpan
  test('FLK-B04, TOR-B05: in all hooks that come later, in parsers, handlers, and error handlers', async () => {
    const seen: { [where: string]: unknown } = {}
    const see = (where: string): void => {
      seen[where] = active()
    }
    new FastifyTracing({ tracer, app: bed.app })
    for (const name of ['onRequest', 'preValidation', 'preHandler', 'onResponse']) {
      bed.app.addHook(name, (_: unknown, __: unknown, done: Done) => {
        see(name)
        setImmediate(done)
      })
    }
    for (const name of ['preParsing', 'preSerialization', 'onSend']) {
      bed.app.addHook(name, async (_: unknown, __: unknown, payload: unknown) => {
        see(name)
        await null
        see(`${name}, later`)
        return payload
      })
    }
    bed.app.addHook('onError', (_: unknown, __: unknown, ___: unknown, done: Done) => {
      see('onError')
      done()
    })
    bed.app.addContentTypeParser('text/special', (_: unknown, payload: any, done: any) => {
      let text = ''
      payload.on('data', (chunk: Buffer) => {
        see('data')
        text += String(chunk)
      })
      payload.on('end', () => {
        see('end')
        done(null, text)
      })
    })
    bed.app.setErrorHandler(async (_: unknown, __: unknown, reply: any) => {
      see('error handler')
      reply.code(500)
      return { sorry: true }
    })
    bed.app.post('/special', async (request: any) => {
      see('handler')
      await null
      see('handler, later')
      if (request.body === 'broken') throw new Error('broken on purpose')
      return { done: true }
    })
    await open()
    const post = (body: string): Promise<Visit> =>
      visit(tracer, bed.origin, '/special', {
        method: 'POST',
        headers: { 'content-type': 'text/special' },
        body,
      })
    const common = ['onRequest', 'preParsing', 'preParsing, later', 'data', 'end', 'preValidation']
    const usual = [...common, 'preHandler', 'handler', 'handler, later', 'preSerialization', 'onSend']
    for (const [body, places] of [
      ['fine', [...usual, 'onSend, later', 'onResponse']],
      ['broken', [...usual, 'onError', 'error handler', 'onResponse']],
    ] as const) {
      for (const where of Object.keys(seen)) delete seen[where]
      const { span } = await post(body)
      await new Promise(setImmediate)
      for (const where of places) assert.equal(seen[where], span, `${body}: ${where}`)
    }
  })

  test('FLK-B09: also in hooks that were added before it, which may answer', async () => {
    const seen: unknown[] = []
    bed.app.addHook('onRequest', async (request: any, reply: any) => {
      seen.push(active())
      if (request.url === '/guarded') return reply.code(401).send('who?')
    })
    bed.app.register(async (part: any) => {
      part.addHook('onRequest', async () => void seen.push(active()))
      part.get('/users/:id', greet)
    })
    bed.app.get('/guarded', greet)
    await bed.app.after()
    new FastifyTracing({ tracer, app: bed.app })
    await open()
    const guarded = await see('/guarded')
    assert.equal(guarded.answer.status, 401)
    assert.equal(guarded.span.operationName, 'GET /guarded')
    assert.equal(guarded.span.tags['http.status_code'], 401)
    assert.deepEqual(seen.splice(0), [guarded.span])
    const { span } = await see('/users/7')
    assert.deepEqual(seen, [span, span])
  })

  test('FLK-B10: in requests that come by inject(), below the span in whose flow they are made', async () => {
    new FastifyTracing({ tracer, app: bed.app, tracedAttributes: ['params.id', 'body.name'] })
    bed.app.post('/users/:id', async (request: any) => {
      tracer.startActiveSpan('work', () => {})
      return request.body
    })
    const inject = (): Promise<any> =>
      bed.app.inject({ method: 'POST', url: '/users/7?page=2', payload: { name: 'Ada' } })
    assert.deepEqual((await inject()).json(), { name: 'Ada' })
    const spans = await settled(tracer)
    const alone = onlyServer(spans)
    assert.equal(alone.operationName, 'POST /users/:id')
    assert.equal(alone.parentId, null)
    assert.deepEqual(
      ['params.id', 'body.name', 'http.status_code', 'http.method'].map((tag) => alone.tags[tag]),
      ['7', 'Ada', 200, 'POST'],
    )
    assert.equal(spans[0]?.parentSpanId, alone.spanId)
    tracer.reset()
    await tracer.startActiveSpan('test', inject)
    const [work, request, outer] = await settled(tracer)
    assert.equal(request?.parentSpanId, outer?.spanId)
    assert.equal(work?.parentSpanId, request?.spanId)
  })

  test('and no other request has it: a hundred injected at once', async () => {
    new FastifyTracing({ tracer, app: bed.app })
    bed.app.get('/users/:id', async (request: any) => {
      await new Promise((resolve) => setTimeout(resolve, Number(request.params.id) % 5))
      tracer.startActiveSpan(`work ${request.params.id}`, () => {})
      return 'done'
    })
    await Promise.all(Array.from({ length: 100 }, (_, id) => bed.app.inject(`/users/${id}`)))
    const spans = await settled(tracer)
    const urls = new Map(spans.map(({ spanId, tags }) => [spanId, String(tags['http.url'])]))
    const works = spans.filter(({ operationName }) => operationName.startsWith('work'))
    assert.equal(works.length, 100)
    for (const { operationName, parentSpanId } of works) {
      assert.ok(urls.get(parentSpanId)?.endsWith(`/users/${operationName.slice('work '.length)}`))
    }
  })

  test('in requests of HTTP/2 too, with init() and without', async () => {
    for (const all of [false, true]) {
      if (all) init({ tracer })
      tracer.reset()
      await bed.renew({ http2: true })
      new FastifyTracing({ tracer, app: bed.app, tracedAttributes: ['params.id'] })
      bed.app.get('/users/:id', async (request: any) => {
        await null
        tracer.startActiveSpan('work', () => {})
        return greet(request)
      })
      await open()
      assert.deepEqual(await askHttp2(bed.origin, '/users/7'), { status: 200, body: 'user 7' })
      const spans = await settled(tracer)
      const span = onlyServer(spans)
      assert.equal(span.operationName, 'GET /users/:id')
      assert.deepEqual([span.tags['params.id'], span.tags['http.status_code']], ['7', 200])
      assert.equal(spans.find(({ operationName }) => operationName === 'work')?.parentSpanId, span.spanId)
    }
  })
})
