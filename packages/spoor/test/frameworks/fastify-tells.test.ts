import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FastifyTracing } from 'spoor/fastify'
import { type Done, describeFastify, greet } from './support/fastify-bed.ts'
import { errorsOf } from './support/visits.ts'

describeFastify('FastifyTracing tells', (bed) => {
  const { tracer, open, see } = bed
  const broken = new TypeError('broken on purpose')
  const fail = async (): Promise<never> => {
    await null
    throw broken
  }
  const handler = (_error: unknown, _request: unknown, reply: any): unknown => reply.code(503).send('sorry')

  const failures: [title: string, declare: (app: any) => void, status: number][] = [
    ['thrown at once', (app) => app.get('/', () => fail()), 500],
    ['sent', (app) => app.get('/', (_: unknown, reply: any) => reply.send(broken)), 500],
    ['of a preHandler', (app) => app.get('/', { preHandler: fail }, greet), 500],
    [
      'of a hook that calls back',
      (app) => {
        app.addHook('onRequest', (_: unknown, __: unknown, done: Done) => done(broken))
        app.get('/', greet)
      },
      500,
    ],
    ['of an onSend hook', (app) => app.get('/', { onSend: fail }, greet), 500],
    [
      'that an error handler answers',
      (app) => {
        app.setErrorHandler(handler)
        app.get('/', fail)
      },
      503,
    ],
    [
      'that the error handler of its route answers',
      (app) => app.get('/', { errorHandler: handler }, fail),
      503,
    ],
    [
      'that the error handler of a part answers',
      (app) => {
        app.register(async (part: any) => {
          part.setErrorHandler(handler)
          part.get('/', fail)
        })
      },
      503,
    ],
    [
      'that an error handler answers as a 404',
      (app) => {
        app.setErrorHandler((_: unknown, __: unknown, reply: any) => reply.code(404).send('no'))
        app.get('/', fail)
      },
      404,
    ],
  ]
  for (const [title, declare, status] of failures) {
    for (const place of ['before', 'after'] as const) {
      test(`FLK-Q02: an error ${title}, once; attached ${place} it is declared`, async () => {
        const tracing = new FastifyTracing({ tracer })
        if (place === 'before') tracing.attach(bed.app)
        declare(bed.app)
        if (place === 'after') tracing.attach(bed.app)
        await open()
        const { span, answer } = await see('/')
        assert.equal(answer.status, status)
        assert.equal(span.tags['http.status_code'], status)
        assert.deepEqual(errorsOf(span), [broken])
        assert.equal(span.tags['error'], status >= 500 ? true : undefined)
        assert.equal(span.operationName, 'GET /')
      })
    }
  }

  test('what is thrown, even if it is no error', async () => {
    new FastifyTracing({ tracer, app: bed.app })
    bed.app.get('/', async () => Promise.reject('a text'))
    await open()
    const { span } = await see('/')
    assert.deepEqual(errorsOf(span), ['a text'])
  })

  test('what validation refuses, and does not say that the request failed', async () => {
    new FastifyTracing({ tracer, app: bed.app })
    const schema = {
      querystring: { type: 'object', required: ['page'], properties: { page: { type: 'integer' } } },
    }
    bed.app.get('/', { schema }, greet)
    await open()
    const { span, answer } = await see('/')
    assert.equal(answer.status, 400)
    assert.equal(errorsOf(span).length, 1)
    assert.equal(span.tags['error'], undefined)
  })

  const routes: [title: string, path: string, name: string, status: number][] = [
    ['a wildcard', '/files/a/b', 'GET /files/*', 200],
    ['a hijacked reply', '/hijacked', 'GET /hijacked', 202],
    ['a preHandler that answers', '/guarded/7', 'GET /guarded/:id', 403],
    ['no route', '/nowhere', 'GET', 404],
    ['no route, below a prefix with a handler of its own', '/api/nowhere', 'GET', 410],
  ]
  test('TOR-B02: the route, whoever answers', async () => {
    new FastifyTracing({ tracer, app: bed.app })
    bed.app.get('/files/*', async () => 'file')
    bed.app.get('/hijacked', (_: unknown, reply: any) => {
      reply.hijack()
      setTimeout(() => reply.raw.writeHead(202).end('by hand'), 2)
    })
    const preHandler = (_: unknown, reply: any, _done: Done): void => void reply.code(403).send('no')
    bed.app.get('/guarded/:id', { preHandler }, greet)
    bed.app.register(
      async (api: any) => api.setNotFoundHandler((_: unknown, reply: any) => reply.code(410).send('gone')),
      { prefix: '/api' },
    )
    await open()
    for (const [title, path, name, status] of routes) {
      const { span, answer } = await see(path)
      assert.deepEqual(
        [answer.status, span.operationName, span.tags['http.status_code']],
        [status, name, status],
        title,
      )
    }
  })

  test('PYR-B05: attributes of its own request, early and late', async () => {
    const tracedAttributes = [
      ...['method', 'ip', 'hostname', 'protocol', 'params.id', 'query.page', 'headers.X-Shop', 'url'],
      ...['body.name', 'user.plan', 'routeOptions.url', 'missing'],
    ]
    new FastifyTracing({ tracer, app: bed.app, tracedAttributes })
    bed.app.decorateRequest('user', null)
    bed.app.addHook('preHandler', async (request: any) => {
      request.user = { plan: 'gold' }
    })
    bed.app.post('/users/:id', greet)
    await open()
    const { span } = await see('/users/7?page=2&token=x', {
      method: 'POST',
      headers: { 'x-shop': 'berlin', 'content-type': 'application/json' },
      body: '{"name":"Ada"}',
    })
    const { tags } = span
    assert.deepEqual(
      Object.fromEntries(tracedAttributes.filter((name) => name in tags).map((name) => [name, tags[name]])),
      {
        method: 'POST',
        ip: '127.0.0.1',
        hostname: bed.major === 4 ? bed.origin.slice('http://'.length) : '127.0.0.1',
        protocol: 'http',
        'params.id': '7',
        'query.page': '2',
        'headers.X-Shop': 'berlin',
        url: '/users/7?page=2&token=REDACTED',
        'body.name': 'Ada',
        'user.plan': 'gold',
        'routeOptions.url': '/users/:id',
      },
    )
  })

  test('OPI-H02: its callbacks get the request and the reply of Fastify, and the error', async () => {
    const calls: unknown[] = []
    new FastifyTracing({
      tracer,
      app: bed.app,
      startSpanCallback: (_span, request) =>
        calls.push(['start', request.params.id, request.server === bed.app]),
      finishSpanCallback: (_span, request, reply, error) =>
        calls.push(['finish', request.params.id, reply.statusCode, reply.request === request, String(error)]),
    })
    bed.app.get('/users/:id', async () => Promise.reject(new TypeError('broken on purpose')))
    await open()
    await see('/users/7')
    assert.deepEqual(calls, [
      ['start', '7', true],
      ['finish', '7', 500, true, 'TypeError: broken on purpose'],
    ])
  })
})
