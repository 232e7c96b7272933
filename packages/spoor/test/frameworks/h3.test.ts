import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { H3, HTTPError } from 'h3'
import { HttpTracing } from 'spoor/http'
import { type MockSpan, MockTracer, serverKit } from 'spoor/testing'
import { serve as serveSrvx } from 'srvx/node'
import { ask } from '../instrumentations/support/web.ts'
import { h3Server } from './support/h3-server.ts'

serverKit(h3Server, runner)

runner.describe('h3', () => {
  let tracer: MockTracer
  runner.beforeEach(() => {
    tracer = new MockTracer({ strictExtract: false })
  })
  const names = (): string[] => tracer.finishedSpans().map(({ operationName }) => operationName)

  runner.it('is traced without messages of Node.js, to the end of the response', async () => {
    const app = new H3({ silent: true })
    const tracing = new HttpTracing({ tracer, app, tracedAttributes: ['context.params.id'] })
    app.get('/users/:id', (event) => {
      tracing.getSpan(event)?.setTag('seen', true)
      return new ReadableStream({ pull: (controller) => controller.close() })
    })
    const response = await app.request('/users/7')
    assert.deepEqual(names(), [], 'its body has not been read')
    await response.text()
    const [span] = tracer.finishedSpans()
    assert.deepEqual(names(), ['GET /users/:id'])
    assert.equal(span?.tags['component'], 'h3')
    assert.equal(span?.tags['http.status_code'], 200)
    assert.equal(span?.tags['context.params.id'], '7')
    assert.equal(span?.tags['seen'], true)
  })

  runner.it('tells what a handler throws, whatever status h3 makes of it', async () => {
    const app = new H3({ silent: true })
    new HttpTracing({ tracer, app })
    const refused = new HTTPError({ status: 403 })
    const broken = new TypeError('broken')
    app.get('/refused', () => {
      throw refused
    })
    app.get('/broken', async () => {
      throw broken
    })
    await (await app.request('/refused')).text()
    await (await app.request('/broken')).text()
    const told = tracer
      .finishedSpans()
      .map(({ tags, logs }) => [tags['http.status_code'], tags['error'], logs[0]?.fields['error.object']])
    assert.deepEqual(told, [
      [403, undefined, refused],
      [500, true, broken],
    ])
  })

  runner.it('lets go of an application', async () => {
    const app = new H3()
    const tracing = new HttpTracing({ tracer, app })
    app.get('/', () => 'x')
    tracing.detach(app)
    assert.equal(await (await app.request('/')).text(), 'x')
    assert.deepEqual(names(), [])
  })
})

runner.describe('handlers of the Fetch standard that are marked', () => {
  let tracer: MockTracer
  runner.beforeEach(() => {
    tracer = new MockTracer({ strictExtract: false })
  })

  runner.it('for srvx: the span ends with what Node.js has sent', async () => {
    const tracing = new HttpTracing({ tracer })
    const server = serveSrvx({
      port: 0,
      hostname: '127.0.0.1',
      silent: true,
      fetch: tracing.trace(['method'], async (request: Request) => {
        assert.equal(tracing.getSpan(request), tracer.activeSpan)
        return new Response(await request.text(), { status: 201 })
      }),
    })
    await server.ready()
    const origin = String(server.url).replace(/\/$/, '')
    const { status, body } = await ask(origin, '/x?y=1', { method: 'POST', body: 'echo' })
    await server.close(true)
    assert.deepEqual([status, body], [201, 'echo'])
    const [span] = tracer.finishedSpans()
    assert.equal(span?.operationName, 'POST')
    assert.equal(span?.tags['http.url'], `${origin}/x`)
    assert.equal(span?.tags['http.status_code'], 201)
    assert.equal(span?.tags['method'], 'POST')
  })

  runner.it(
    'for the routes of Next: (request, { params }), as the framework of the page calls them',
    async () => {
      const tracing = new HttpTracing({ tracer, tracedAttributes: ['headers.x-tenant'] })
      const GET = tracing.trace(async (_: Request, { params }: { params: Promise<{ id: string }> }) => {
        const { id } = await params
        if (id === 'bad') throw new RangeError(id)
        return Response.json({ id })
      })
      const request = (): Request =>
        new Request('http://shop.example/api/7', { headers: { 'x-tenant': 'acme' } })
      const response = await GET(request(), { params: Promise.resolve({ id: '7' }) })
      assert.deepEqual(await response.json(), { id: '7' })
      await assert.rejects(GET(request(), { params: Promise.resolve({ id: 'bad' }) }), RangeError)
      const [good, bad] = tracer.finishedSpans() as [MockSpan, MockSpan]
      assert.equal(good.tags['http.status_code'], 200)
      assert.equal(good.tags['headers.x-tenant'], 'acme')
      assert.equal(bad.tags['error'], true)
      assert.equal(bad.logs.length, 1)
    },
  )
})
