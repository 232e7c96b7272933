import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Request, type ResponseToolkit, type Server, server } from '@hapi/hapi'
import { type Context, Hono } from 'hono'
import { HapiTracing } from 'spoor/hapi'
import { HonoTracing } from 'spoor/hono'
import { MockTracer } from 'spoor/testing'

/** What compiles here, compiles for users: with the types that the frameworks themselves publish. */

it('HapiTracing fits the types of Hapi', async () => {
  const tracer = new MockTracer()
  const tracing = new HapiTracing<Request>({
    tracer,
    tracedAttributes: { path: (request) => request.path },
    startSpanCallback: (span, request) => span.setTag('id', request.info.id),
  })
  const app: Server = server()
  await app.register(tracing.plugin)
  app.route({
    method: 'GET',
    path: '/typed',
    handler: tracing.trace((request: Request, h: ResponseToolkit) => h.response(request.path)),
  })
  new HapiTracing({ tracer }).attach(app)
  assert.equal((await app.inject('/typed')).payload, '/typed')
  assert.equal(tracer.finishedSpans().length, 1)
})

it('HonoTracing fits the types of Hono', async () => {
  const tracer = new MockTracer()
  const app = new Hono<{ Variables: { user: string } }>()
  const tracing = new HonoTracing<Context>({
    tracer,
    app,
    tracedAttributes: { path: (c) => c.req.path },
    finishSpanCallback: (span, _c, response) => span.setTag('status', response.status),
  })
  app.use(tracing.middleware())
  app.use('/typed', async (c, next) => {
    c.set('user', 'me')
    await next()
  })
  const typed = app.get(
    '/typed',
    tracing.trace('params.id', (c: Context<{ Variables: { user: string } }>) => c.text(c.get('user'))),
  )
  assert.equal(await (await typed.request('/typed')).text(), 'me')
  assert.equal(tracer.finishedSpans()[0]?.tags['status'], 200)
})
