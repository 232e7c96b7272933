import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { init, shutdown } from 'spoor'
import { FastifyTracing } from 'spoor/fastify'
import { MockTracer, serverKit } from 'spoor/testing'
import { fastifyServer, loadFastify, majors } from './support/fastify-server.ts'
import {
  type Asking,
  errorsOf,
  onlyServer,
  settled,
  type Visit,
  visit,
  visitUntraced,
} from './support/visits.ts'

for (const major of majors) serverKit(fastifyServer(major), runner)

const { afterEach, beforeEach, describe, test } = runner

type Done = (error?: Error) => void

for (const major of majors) {
  describe(`FastifyTracing: fastify ${major}`, () => {
    let tracer: MockTracer
    let app: any
    let origin: string
    beforeEach(() => {
      tracer = new MockTracer()
      app = loadFastify(major)({ forceCloseConnections: true })
    })
    afterEach(async () => {
      await app.close()
      await shutdown()
    })

    const open = async (): Promise<void> => {
      origin = await app.listen({ port: 0, host: '127.0.0.1' })
    }
    const see = (path: string, asking: Asking = {}): Promise<Visit> => visit(tracer, origin, path, asking)
    const seeNothing = async (path: string, status = 200): Promise<void> => {
      assert.equal((await visitUntraced(tracer, origin, path)).status, status)
    }
    const greet = async (request: any): Promise<string> => `user ${request.params.id}`
    const active = (): unknown => tracer.activeSpan

    describe('is attached', () => {
      test('FLK-Q10: before or after routes, plugins and prefixes, wherever they are declared', async () => {
        for (const way of ['plugin', 'attach'] as const) {
          for (const place of ['before', 'after'] as const) {
            await app.close()
            app = loadFastify(major)({ forceCloseConnections: true })
            const tracing = new FastifyTracing({ tracer })
            const attach = async (): Promise<void> => {
              if (way === 'attach') tracing.attach(app)
              else await app.register(tracing.plugin)
            }
            if (place === 'before') await attach()
            app.get('/users/:id', greet)
            await app.register(
              async (tenants: any) => {
                await tenants.register(async (users: any) => users.get('/users/:id', greet), {
                  prefix: '/deep',
                })
              },
              { prefix: '/tenants/:tenant' },
            )
            if (place === 'after') await attach()
            app.get('/late', async () => 'late')
            await open()
            const what = `${way} ${place}`
            assert.equal((await see('/users/7')).span.operationName, 'GET /users/:id', what)
            const { span, answer } = await see('/tenants/acme/deep/users/7')
            assert.equal(span.operationName, 'GET /tenants/:tenant/deep/users/:id', what)
            assert.equal(answer.body, 'user 7')
            assert.equal((await see('/late')).span.operationName, 'GET /late', what)
            assert.equal((await see('/nowhere')).span.operationName, 'GET', what)
          }
        }
      })

      test('FLK-A10: to a part of an application only, and lets go again', async () => {
        const tracing = new FastifyTracing({ tracer })
        let part: any
        app.register(async (api: any) => {
          part = api
          tracing.attach(api)
          api.get('/inside/:id', greet)
        })
        app.get('/outside/:id', greet)
        await open()
        assert.equal((await see('/inside/7')).span.operationName, 'GET /inside/:id')
        await seeNothing('/outside/7')
        tracing.detach(part)
        await seeNothing('/inside/7')
      })

      test('its plugin is one in the eyes of Fastify: it has a name, and no scope of its own', async () => {
        const { plugin } = new FastifyTracing({ tracer })
        await app.register(plugin)
        assert.ok(app.hasPlugin('spoor'))
        assert.match(app.printPlugins(), /spoor/)
        assert.equal((plugin as any)[Symbol.for('skip-override')], true)
      })

      test('only before the application is started: else the error says so, with a code', async () => {
        await app.ready()
        const tracing = new FastifyTracing({ tracer })
        assert.throws(
          () => tracing.attach(app),
          (error: any) =>
            error.code === 'SPOOR_APP_STARTED' &&
            /before/.test(error.message) &&
            error.cause instanceof Error,
        )
        assert.throws(
          () => new FastifyTracing({ tracer, app: {} as any }),
          (error: any) => error.code === 'SPOOR_NOT_AN_APP',
        )
      })

      test('FLK-B08: once by the same object, and the application does not start otherwise', async () => {
        const tracing = new FastifyTracing({ tracer, app })
        app.register(tracing.plugin)
        await assert.rejects(app.ready(), (error: any) => error.code === 'SPOOR_ATTACHED_TWICE')
      })

      test('PYR-B08, FLK-A04: with traceAll off nothing is traced but what is marked', async () => {
        const tracing = new FastifyTracing({ tracer, traceAll: false })
        app.register(tracing.plugin)
        app.get('/users/:id', greet)
        app.get('/marked/:id', tracing.trace(greet))
        await open()
        await seeNothing('/users/7')
        assert.equal((await see('/marked/7')).span.operationName, 'GET /marked/:id')
      })
    })

    describe('has its span active', () => {
      test('FLK-B04, TOR-B05: in all hooks that come later, in parsers, handlers, and error handlers', async () => {
        const seen: { [where: string]: unknown } = {}
        const see = (where: string): void => {
          seen[where] = active()
        }
        new FastifyTracing({ tracer, app })
        for (const name of ['onRequest', 'preValidation', 'preHandler', 'onResponse']) {
          app.addHook(name, (_: unknown, __: unknown, done: Done) => {
            see(name)
            setImmediate(done)
          })
        }
        for (const name of ['preParsing', 'preSerialization', 'onSend']) {
          app.addHook(name, async (_: unknown, __: unknown, payload: unknown) => {
            see(name)
            await null
            see(`${name}, later`)
            return payload
          })
        }
        app.addHook('onError', (_: unknown, __: unknown, ___: unknown, done: Done) => {
          see('onError')
          done()
        })
        app.addContentTypeParser('text/special', (_: unknown, payload: any, done: any) => {
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
        app.setErrorHandler(async (_: unknown, __: unknown, reply: any) => {
          see('error handler')
          reply.code(500)
          return { sorry: true }
        })
        app.post('/special', async (request: any) => {
          see('handler')
          await null
          see('handler, later')
          if (request.body === 'broken') throw new Error('broken on purpose')
          return { done: true }
        })
        await open()
        const post = (body: string): Promise<Visit> =>
          visit(tracer, origin, '/special', {
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
        app.addHook('onRequest', async (request: any, reply: any) => {
          seen.push(active())
          if (request.url === '/guarded') return reply.code(401).send('who?')
        })
        app.register(async (part: any) => {
          part.addHook('onRequest', async () => void seen.push(active()))
          part.get('/users/:id', greet)
        })
        app.get('/guarded', greet)
        await app.after()
        new FastifyTracing({ tracer, app })
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
        new FastifyTracing({ tracer, app, tracedAttributes: ['params.id', 'body.name'] })
        app.post('/users/:id', async (request: any) => {
          tracer.startActiveSpan('work', () => {})
          return request.body
        })
        const inject = (): Promise<any> =>
          app.inject({ method: 'POST', url: '/users/7?page=2', payload: { name: 'Ada' } })
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
        new FastifyTracing({ tracer, app })
        app.get('/users/:id', async (request: any) => {
          await new Promise((resolve) => setTimeout(resolve, Number(request.params.id) % 5))
          tracer.startActiveSpan(`work ${request.params.id}`, () => {})
          return 'done'
        })
        await Promise.all(Array.from({ length: 100 }, (_, id) => app.inject(`/users/${id}`)))
        const spans = await settled(tracer)
        const urls = new Map(spans.map(({ spanId, tags }) => [spanId, String(tags['http.url'])]))
        const works = spans.filter(({ operationName }) => operationName.startsWith('work'))
        assert.equal(works.length, 100)
        for (const { operationName, parentSpanId } of works) {
          assert.ok(urls.get(parentSpanId)?.endsWith(`/users/${operationName.slice('work '.length)}`))
        }
      })
    })

    describe('tells', () => {
      const broken = new TypeError('broken on purpose')
      const fail = async (): Promise<never> => {
        await null
        throw broken
      }
      const handler = (_error: unknown, _request: unknown, reply: any): unknown =>
        reply.code(503).send('sorry')

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
            if (place === 'before') tracing.attach(app)
            declare(app)
            if (place === 'after') tracing.attach(app)
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
        new FastifyTracing({ tracer, app })
        app.get('/', async () => Promise.reject('a text'))
        await open()
        const { span } = await see('/')
        assert.deepEqual(errorsOf(span), ['a text'])
      })

      test('what validation refuses, and does not say that the request failed', async () => {
        new FastifyTracing({ tracer, app })
        const schema = {
          querystring: { type: 'object', required: ['page'], properties: { page: { type: 'integer' } } },
        }
        app.get('/', { schema }, greet)
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
        new FastifyTracing({ tracer, app })
        app.get('/files/*', async () => 'file')
        app.get('/hijacked', (_: unknown, reply: any) => {
          reply.hijack()
          setTimeout(() => reply.raw.writeHead(202).end('by hand'), 2)
        })
        const preHandler = (_: unknown, reply: any, _done: Done): void => void reply.code(403).send('no')
        app.get('/guarded/:id', { preHandler }, greet)
        app.register(
          async (api: any) =>
            api.setNotFoundHandler((_: unknown, reply: any) => reply.code(410).send('gone')),
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
        new FastifyTracing({ tracer, app, tracedAttributes })
        app.decorateRequest('user', null)
        app.addHook('preHandler', async (request: any) => {
          request.user = { plan: 'gold' }
        })
        app.post('/users/:id', greet)
        await open()
        const { span } = await see('/users/7?page=2&token=x', {
          method: 'POST',
          headers: { 'x-shop': 'berlin', 'content-type': 'application/json' },
          body: '{"name":"Ada"}',
        })
        const { tags } = span
        assert.deepEqual(
          Object.fromEntries(
            tracedAttributes.filter((name) => name in tags).map((name) => [name, tags[name]]),
          ),
          {
            method: 'POST',
            ip: '127.0.0.1',
            hostname: major === 4 ? origin.slice('http://'.length) : '127.0.0.1',
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
    })

    test('OPI-H02: its callbacks get the request and the reply of Fastify, and the error', async () => {
      const calls: unknown[] = []
      new FastifyTracing({
        tracer,
        app,
        startSpanCallback: (_span, request) =>
          calls.push(['start', request.params.id, request.server === app]),
        finishSpanCallback: (_span, request, reply, error) =>
          calls.push([
            'finish',
            request.params.id,
            reply.statusCode,
            reply.request === request,
            String(error),
          ]),
      })
      app.get('/users/:id', async () => Promise.reject(new TypeError('broken on purpose')))
      await open()
      await see('/users/7')
      assert.deepEqual(calls, [
        ['start', '7', true],
        ['finish', '7', 500, true, 'TypeError: broken on purpose'],
      ])
    })

    test('PYR-A04: getSpan takes a request, a reply, or the message of Node.js', async () => {
      const tracing = new FastifyTracing({ tracer, app })
      const seen: unknown[] = []
      app.get('/', async (request: any, reply: any) => {
        seen.push(...[request, reply, request.raw, undefined].map((of) => tracing.getSpan(of)))
        return 'ok'
      })
      app.addHook('onResponse', async (request: any) => void seen.push(tracing.getSpan(request)))
      await open()
      const { span } = await see('/')
      assert.deepEqual(seen, [span, span, span, span, null])
    })

    test('PYR-A05, TOR-A05: handlers, hooks and error handlers may be marked, and keep their this', async () => {
      const tracing = new FastifyTracing({ tracer })
      class Users {
        #greeting = 'hello'

        @tracing.trace(['params.id'])
        async show(request: any, _reply: any): Promise<string> {
          await null
          return `${this.#greeting} ${request.params.id}`
        }
      }
      const controller = new Users()
      assert.deepEqual([controller.show.name, controller.show.length], ['show', 2])
      app.get('/users/:id', (request: any, reply: any) => controller.show(request, reply))
      let owner: unknown
      app.get(
        '/function',
        tracing.trace(function (this: unknown, _request: any, reply: any) {
          owner = this
          reply.send('ok')
        }),
      )
      const preHandler = tracing.trace((_request: any, _reply: any, done: Done) => done())
      app.get('/hooked/:id', { preHandler }, greet)
      const errorHandler = tracing.trace((_error: any, _request: any, reply: any) =>
        reply.code(503).send('sorry'),
      )
      app.get('/failing/:id', { errorHandler }, async () => Promise.reject(new Error('broken on purpose')))
      await open()
      const shown = await see('/users/7')
      assert.equal(shown.answer.body, 'hello 7')
      assert.equal(shown.span.tags['params.id'], '7')
      assert.equal((await see('/function')).span.operationName, 'GET /function')
      assert.equal(owner, app)
      assert.equal((await see('/hooked/7')).span.operationName, 'GET /hooked/:id')
      const failed = await see('/failing/7')
      assert.equal(failed.answer.status, 503)
      assert.equal(failed.span.tags['error'], true)
    })

    test('a marked handler that sends an error tells of it once, and of nothing else', async () => {
      const tracing = new FastifyTracing({ tracer })
      const error = new TypeError('broken on purpose')
      app.get('/sent', tracing.trace(tracing.trace((_: any, reply: any) => reply.send(error))))
      app.get(
        '/fine',
        tracing.trace((_: any, reply: any) => reply.code(200).send({ fine: true })),
      )
      await open()
      assert.deepEqual(errorsOf((await see('/sent')).span), [error])
      const { span, answer } = await see('/fine')
      assert.equal(answer.body, '{"fine":true}')
      assert.deepEqual(errorsOf(span), [])
    })

    describe('with init()', () => {
      test('TOR-B06: makes one span with the tracing object and a mark, and each is told what it asked for', async () => {
        init({ tracer })
        await app.close()
        app = loadFastify(major)({ forceCloseConnections: true })
        const ends: unknown[] = []
        const marks = new FastifyTracing({ tracer })
        const tracing = new FastifyTracing({
          tracer,
          tracedAttributes: ['params.id'],
          finishSpanCallback: (_span, request, reply) => ends.push([request.params.id, reply.statusCode]),
        })
        app.register(tracing.plugin)
        app.get('/users/:id', marks.trace(['query.page'], greet))
        app.get('/failing', async () => Promise.reject(new Error('broken on purpose')))
        await open()
        const { span, spans } = await see('/users/7?page=2')
        assert.equal(spans.length, 1)
        assert.equal(span.operationName, 'GET /users/:id')
        assert.deepEqual([span.tags['params.id'], span.tags['query.page']], ['7', '2'])
        assert.deepEqual(ends, [['7', 200]])
        assert.equal(errorsOf((await see('/failing')).span).length, 1)
        tracer.reset()
        await app.inject('/users/8')
        assert.equal(onlyServer(await settled(tracer)).operationName, 'GET /users/:id')
      })

      test('what the tracing object or a mark ignores, by path or by route, is not sent', async () => {
        init({ tracer })
        await app.close()
        app = loadFastify(major)({ forceCloseConnections: true })
        const marks = new FastifyTracing({ tracer, ignore: { routes: ['/things/:id'] } })
        new FastifyTracing({ tracer, app, ignore: { paths: ['/health'], routes: ['/users/:id'] } })
        app.get('/health', async () => 'ok')
        app.get('/users/:id', greet)
        app.get('/things/:id', marks.trace(greet))
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
            ends.push([request.server === app, request.url, response.statusCode])
          },
        })
        await app.close()
        app = loadFastify(major)({ forceCloseConnections: true })
        app.decorateRequest('user', null)
        app.get('/users/:id', async (request: any) => {
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
  })
}
