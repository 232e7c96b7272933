import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { HonoTracing } from 'spoor/hono'
import { MockTracer, serverKit } from 'spoor/testing'
import { load } from './support/express-server.ts'
import { honoServer } from './support/hono-server.ts'

serverKit(honoServer, runner)

const { describe, it } = runner
const { Hono } = load('hono')
const { matchedRoutes, routePath } = load('hono/route')
const { streamText } = load('hono/streaming')
const { HTTPException } = load('hono/http-exception')

interface Bed {
  readonly tracer: MockTracer
  readonly tracing: HonoTracing
  readonly app: any
}

function bed(options: object = {}): Bed {
  const tracer = new MockTracer()
  const app = new Hono()
  return { tracer, app, tracing: new HonoTracing({ tracer, app, ...options }) }
}

function only(tracer: MockTracer): ReturnType<MockTracer['finishedSpans']>[number] {
  const spans = tracer.finishedSpans()
  assert.deepEqual([spans.length, tracer.unfinishedSpans().length], [1, 0])
  return spans[0] as (typeof spans)[number]
}

function errorsOf(tracer: MockTracer): unknown[] {
  return only(tracer)
    .logs.filter(({ fields }) => fields['event'] === 'error')
    .map(({ fields }) => fields['error.object'])
}

async function ask(
  app: any,
  path: string,
  init?: object,
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await app.request(path, init)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

describe('HonoTracing, by app.request()', () => {
  it('traces applications that are attached after their routes, and after they have served', async () => {
    const tracer = new MockTracer()
    const app = new Hono()
    app.get('/users/:id', (c: any) => c.text(c.req.param('id')))
    const { fetch } = app
    await fetch(new Request('http://h/users/1'))
    const tracing = new HonoTracing({ tracer, app })
    const response = await fetch(new Request('http://h/users/7'))
    assert.equal(await response.text(), '7')
    const { operationName, tags } = only(tracer)
    assert.equal(operationName, 'GET /users/:id')
    assert.deepEqual([tags['component'], tags['http.status_code']], ['hono', 200])
    tracing.detach(app)
    assert.equal((await ask(app, '/users/8')).text, '8')
    only(tracer)
  })

  it('names routes of parts, base paths and several methods, and leaves the rest at its method', async () => {
    const { tracer, app } = bed()
    const part = new Hono()
    part.use(async (_c: any, next: any) => next())
    part.get('/orders/:order', (c: any) => c.text(routePath(c)))
    app.route('/tenants/:tenant', part)
    app.basePath('/v1').get('/things/:thing{[0-9]+}', (c: any) => c.text('thing'))
    app.on(['PUT', 'PATCH'], '/both', (c: any) => c.text('both'))
    app.all('/every/*', (c: any) => c.text('every'))
    app.use('/closed/*', async (c: any, _next: any) => c.text('closed', 401))
    app.get('/closed/door', (c: any) => c.text('never'))
    for (const [path, name, text, method = 'GET'] of [
      ['/tenants/acme/orders/7', 'GET /tenants/:tenant/orders/:order', '/tenants/:tenant/orders/:order'],
      ['/v1/things/3', 'GET /v1/things/:thing{[0-9]+}', 'thing'],
      ['/both', 'PATCH /both', 'both', 'PATCH'],
      ['/every/where', 'GET /every/*', 'every'],
      ['/closed/door', 'GET', 'closed'],
      ['/tenants/acme/nothing', 'GET', '404 Not Found'],
      ['/v1/things/x', 'GET', '404 Not Found'],
      ['/both', 'HEAD', '', 'HEAD'],
    ] as const) {
      tracer.reset()
      assert.equal((await ask(app, path, { method })).text, text, path)
      assert.equal(only(tracer).operationName, name, path)
    }
  })

  it('has the span active in middleware, handlers, error handlers and not-found handlers', async () => {
    const { tracer, app } = bed()
    const seen: unknown[] = []
    const see = (): void => void seen.push(tracer.activeSpan)
    app.onError(async (_error: Error, c: any) => {
      await null
      see()
      return c.text('sorry', 500)
    })
    app.notFound((c: any) => {
      see()
      return c.text('nowhere', 404)
    })
    app.get('/alone', async () => {
      see()
      await null
      see()
      throw new Error('alone')
    })
    app.use('/below/*', async (_c: any, next: any) => {
      see()
      await next()
      see()
    })
    app.get('/below/x', (c: any) => {
      see()
      return c.text('x')
    })
    for (const [path, count] of [
      ['/alone', 3],
      ['/below/x', 3],
      ['/nowhere', 1],
    ] as const) {
      tracer.reset()
      seen.length = 0
      await ask(app, path)
      assert.deepEqual(seen, Array(count).fill(only(tracer)), path)
    }
    assert.equal(tracer.activeSpan, null)
  })

  it('tells of errors once, whoever answers for them', async () => {
    const { tracer, app } = bed()
    const errors = {
      plain: new RangeError('broken on purpose'),
      own: new Error('for the own handler'),
      refused: new HTTPException(403, { message: 'not you' }),
    }
    app.get('/plain', () => {
      throw errors.plain
    })
    app.get('/refused', async () => {
      throw errors.refused
    })
    const part = new Hono()
    part.onError((_: Error, c: any) => c.text('part', 502))
    part.get('/own', () => {
      throw errors.own
    })
    app.route('/', part)
    const { error: silenced } = console
    console.error = () => {}
    try {
      for (const [path, error, status, failed] of [
        ['/plain', errors.plain, 500, true],
        ['/refused', errors.refused, 403, undefined],
        ['/own', errors.own, 502, true],
      ] as const) {
        tracer.reset()
        assert.equal((await ask(app, path)).status, status)
        const { tags } = only(tracer)
        assert.deepEqual([tags['http.status_code'], tags['error']], [status, failed])
        assert.deepEqual(errorsOf(tracer), [error])
      }
    } finally {
      console.error = silenced
    }
  })

  it('passes on what is no Error, as Hono does', async () => {
    const { tracer, app } = bed()
    app.get('/text', () => {
      throw 'a text'
    })
    await assert.rejects(
      async () => app.request('/text'),
      (error) => error === 'a text',
    )
    assert.equal(only(tracer).tags['error'], true)
  })

  it('changes no response', async () => {
    const traced = bed()
    const plain = new Hono()
    for (const app of [traced.app, plain]) {
      app.get('/nothing', () => undefined)
      app.get('/headers', (c: any) => {
        c.header('x-one', '1')
        c.header('set-cookie', 'a=1', { append: true })
        c.header('set-cookie', 'b=2', { append: true })
        return c.json({ made: 'here' }, 201)
      })
      app.get('/made', () => new Response('made', { status: 203, headers: { 'x-made': 'yes' } }))
      app.get('/empty', (c: any) => c.body(null, 204))
      app.get('/locked', () => {
        const response = new Response('locked')
        response.body?.getReader()
        return response
      })
      app.get('/redirect', () => Response.redirect('http://h/elsewhere'))
      app.use('/later/*', async (c: any, next: any) => {
        await next()
        c.header('x-later', 'yes')
      })
      app.get('/later/x', (c: any) => c.html('<p>later</p>'))
    }
    for (const path of [
      '/nothing',
      '/headers',
      '/made',
      '/empty',
      '/locked',
      '/redirect',
      '/later/x',
      '/nowhere',
    ]) {
      traced.tracer.reset()
      const [one, other] = await Promise.all([traced.app.request(path), plain.request(path)])
      assert.deepEqual(
        [one.status, one.statusText, [...one.headers]],
        [other.status, other.statusText, [...other.headers]],
        path,
      )
      if (path !== '/locked') assert.equal(await one.text(), await other.text(), path)
      assert.equal(only(traced.tracer).tags['http.status_code'], other.status, path)
    }
  })

  it('ends with the last chunk of a stream, whose callback is below the span', async () => {
    const { tracer, app } = bed()
    app.get('/streamed', (c: any) =>
      streamText(c, async (stream: any) => {
        await stream.write('one ')
        tracer.startSpan('below').finish()
        await stream.write('two')
      }),
    )
    assert.equal((await ask(app, '/streamed')).text, 'one two')
    const [below, server] = tracer.finishedSpans()
    assert.deepEqual([below?.operationName, server?.operationName], ['below', 'GET /streamed'])
    assert.equal(below?.parentId, server?.context().spanId)
  })

  it('tells what it is asked to tell, by the names of every framework and by those of Hono', async () => {
    const { tracer, app } = bed({
      tracedAttributes: [
        ...[
          'method',
          'path',
          'url',
          'headers.User-Agent',
          'params.id',
          'query.page',
          'req.path',
          'req.method',
        ],
        function agent(c: any) {
          return c.req.header('user-agent')
        },
      ],
    })
    app.get('/users/:id', (c: any) => c.text('x'))
    await ask(app, '/users/7?page=2&token=x', { headers: { 'user-agent': 'me' } })
    const { tags } = only(tracer)
    assert.deepEqual(
      [
        tags['method'],
        tags['path'],
        tags['headers.User-Agent'],
        tags['params.id'],
        tags['query.page'],
        tags['agent'],
      ],
      ['GET', '/users/7', 'me', '7', '2', 'me'],
    )
    assert.equal(tags['url'], 'http://localhost/users/7?page=2&token=REDACTED')
    assert.deepEqual([tags['req.path'], tags['req.method']], ['/users/7', 'GET'])
  })

  it('calls back with the context and the response', async () => {
    const seen: unknown[] = []
    const { tracer, tracing, app } = bed({
      startSpanCallback: (span: any, c: any) => span.setOperationName(`my ${c.req.path}`),
      finishSpanCallback: (_: unknown, c: any, response: Response, error: unknown) =>
        seen.push(c.get('user'), response.status, response.headers.get('x-own'), error),
    })
    app.get('/mine', (c: any) => {
      c.set('user', 'me')
      assert.equal(tracing.getSpan(c), tracer.activeSpan)
      assert.equal(tracing.getSpan(), tracer.activeSpan)
      return c.text('x', 202, { 'x-own': '1' })
    })
    await ask(app, '/mine')
    assert.equal(only(tracer).operationName, 'my /mine')
    assert.deepEqual(seen, ['me', 202, '1', undefined])
  })

  it('ignores routes once they are known', async () => {
    const { tracer, app } = bed({ ignore: { routes: ['/health/:part'], paths: ['/static/*'] } })
    app.get('/health/:part', (c: any) => c.text('well'))
    assert.equal((await ask(app, '/health/heart')).text, 'well')
    assert.equal((await ask(app, '/static/x')).status, 404)
    // A tracer that is not Spoor's own is asked not to send it.
    assert.deepEqual(
      tracer.finishedSpans().map(({ tags }) => tags['sampling.priority']),
      [0],
    )
  })

  it('traces a part of an application by middleware, and marked handlers, once each', async () => {
    const tracer = new MockTracer()
    const tracing = new HonoTracing({ tracer })
    const app = new Hono()
    const part = new Hono()
    part.use(tracing.middleware())
    const show = tracing.trace(['params.id'], (c: any) => c.text(c.req.param('id')))
    assert.equal(show.length, 1)
    part.get('/traced/:id', show)
    app.route('/part', part)
    app.get('/marked/:id', show)
    app.get('/untraced', (c: any) => c.text('x'))
    await ask(app, '/untraced')
    assert.equal((await ask(app, '/part/traced/7')).text, '7')
    assert.equal((await ask(app, '/marked/8')).text, '8')
    assert.deepEqual(
      tracer.finishedSpans().map(({ operationName, tags }) => [operationName, tags['params.id']]),
      [
        ['GET /part/traced/:id', '7'],
        ['GET /marked/:id', '8'],
      ],
    )
  })

  it('traces marked error handlers, and does not trace by traceAll: false', async () => {
    const tracer = new MockTracer()
    const app = new Hono()
    const tracing = new HonoTracing({ tracer, app: undefined, traceAll: false } as object)
    tracing.attach(app)
    app.use(tracing.middleware())
    app.onError(tracing.trace((_: Error, c: any) => c.text('sorry', 500)))
    app.get('/fails', () => {
      throw new Error('x')
    })
    app.get('/works', (c: any) => c.text('x'))
    await ask(app, '/works')
    assert.equal((await ask(app, '/fails')).text, 'sorry')
    assert.equal(only(tracer).tags['http.status_code'], 500)
  })

  it('is one more middleware for who asks which routes matched, and keeps the routers of Hono working', async () => {
    const presets = [load('hono').Hono, load('hono/quick').Hono, load('hono/tiny').Hono]
    for (const Preset of presets) {
      const tracer = new MockTracer()
      const app = new Preset()
      new HonoTracing({ tracer, app })
      app.get('/a/:b', (c: any) => c.json(matchedRoutes(c).map(({ path }: { path: string }) => path)))
      assert.deepEqual(JSON.parse((await ask(app, '/a/1')).text), ['/*', '/a/:b'])
      assert.equal(only(tracer).operationName, 'GET /a/:b')
    }
  })

  it('refuses what is no application, and to be attached twice', () => {
    assert.throws(() => new HonoTracing({ app: {} as never }), { code: 'SPOOR_NOT_AN_APP' })
    const { tracing, app } = bed()
    assert.throws(() => tracing.attach(app), { code: 'SPOOR_ATTACHED_TWICE' })
  })
})
