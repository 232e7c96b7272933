import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KoaTracing } from 'spoor/koa'
import { describeKoa, greet } from './support/koa-bed.ts'
import { errorsOf, type Visit } from './support/visits.ts'

describeKoa('KoaTracing tells', (bed) => {
  const { tracer, open, see, seeNothing, users } = bed
  test('TOR-B05: with respond = false the span ends with the answer that somebody else sends', async () => {
    const app = users((context) => {
      context.respond = false
      setTimeout(() => {
        tracer.startActiveSpan('late', () => {})
        context.res.statusCode = 202
        context.res.end('by hand')
      }, 5)
    })
    new KoaTracing({ tracer, app })
    await open(app)
    const { span, spans, answer } = await see('/users/1')
    assert.equal(answer.body, 'by hand')
    assert.equal(span.tags['http.status_code'], 202)
    assert.equal(spans[0]?.operationName, 'late')
    assert.equal(spans[0]?.parentSpanId, span.spanId)
  })

  test('PYR-B05: attributes are read from the context, with all that it delegates, early and late', async () => {
    const app = users((context) => {
      context.state.tenant = 'acme'
      context.plan = 'gold'
      greet(context)
    })
    const tracedAttributes = [
      ...['method', 'path', 'ip', 'hostname', 'protocol', 'query.page', 'params.id', 'headers.User-Agent'],
      ...['state.tenant', 'plan', 'request.host', 'status', 'url'],
    ]
    new KoaTracing({ tracer, app, tracedAttributes })
    await open(app)
    const headers = { 'user-agent': 'test', plan: 'from the client' }
    const { tags } = (await see('/users/7?page=2&password=x', headers)).span
    const told = Object.fromEntries(tracedAttributes.map((name) => [name, tags[name]]))
    assert.match(String(told['ip']), /127\.0\.0\.1$/)
    assert.deepEqual(
      { ...told, ip: '' },
      {
        method: 'GET',
        path: '/users/7',
        ip: '',
        hostname: '127.0.0.1',
        protocol: 'http',
        'query.page': '2',
        'params.id': '7',
        'headers.User-Agent': 'test',
        'state.tenant': 'acme',
        plan: 'gold',
        'request.host': bed.origin.slice('http://'.length),
        status: 200, // as it is when the request arrives
        url: '/users/7?page=2&password=REDACTED',
      },
    )
  })

  test('a client cannot tell for what a request has not got: a header is no property', async () => {
    const app = users()
    new KoaTracing({ tracer, app, tracedAttributes: ['tenant', 'user.name'] })
    await open(app)
    const { tags } = (await see('/users/7', { tenant: 'spoofed', user: 'spoofed' })).span
    assert.ok(!('tenant' in tags) && !('user.name' in tags))
  })

  test('PYR-A04: getSpan takes the context, its request, or the message of Node.js', async () => {
    const tracing = new KoaTracing({ tracer })
    const seen: unknown[] = []
    const app = users((context) => {
      seen.push(...[context, context.request, context.req, undefined].map((of) => tracing.getSpan(of)))
      greet(context)
    })
    await open(app)
    await seeNothing('/users/1')
    assert.deepEqual(seen.splice(0), [null, null, null, null])
    tracing.attach(app)
    const { span } = await see('/users/1')
    assert.deepEqual(seen, [span, span, span, span])
  })

  for (const way of ['attached', 'middleware', 'marked'] as const) {
    const failing = async (handler: (context: any) => unknown, caught: boolean): Promise<Visit> => {
      const tracing = new KoaTracing({ tracer })
      const app = users(way === 'marked' ? tracing.trace(handler) : handler)
      if (caught) {
        app.middleware.unshift(async (context: any, next: any) => {
          try {
            await next()
          } catch (error) {
            context.status = 500
            context.body = 'sorry'
            context.app.emit('error', error, context)
          }
        })
      }
      if (way === 'middleware') app.middleware.unshift(tracing.middleware())
      if (way === 'attached') tracing.attach(app)
      await open(app)
      return see('/users/1')
    }

    test(`FLK-Q02: an error that middleware catches and passes to the application is told once: ${way}`, async () => {
      const error = new TypeError('broken on purpose')
      const { span, answer } = await failing(async () => {
        await null
        throw error
      }, true)
      assert.equal(answer.body, 'sorry')
      assert.deepEqual(errorsOf(span), [error])
      assert.equal(span.tags['error'], true)
    })

    test(`FLK-Q04: an error that becomes a 422 is told, and the request has not failed: ${way}`, async () => {
      const { span, answer } = await failing((context) => context.throw(422, 'no such colour'), false)
      assert.equal(answer.status, 422)
      assert.equal(answer.body, 'no such colour')
      assert.deepEqual(errorsOf(span).map(String), ['UnprocessableEntityError: no such colour'])
      assert.equal(span.tags['error'], undefined)
      assert.equal(span.operationName, 'GET /users/:id')
    })
  }
})
