import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { init, shutdown } from 'spoor'
import { KoaTracing } from 'spoor/koa'
import { MockTracer, serverKit } from 'spoor/testing'
import { type Listening, listen } from '../instrumentations/support/web.ts'
import { load } from './support/express-server.ts'
import { koaServer, stack, stacks } from './support/koa-server.ts'
import { errorsOf, type Visit, visit, visitUntraced } from './support/visits.ts'

const compose = load('koa-compose')

for (const versions of stacks) serverKit(koaServer(versions), runner)

const { afterEach, beforeEach, describe, test } = runner

for (const [title, koa, router] of stacks) {
  describe(`KoaTracing: ${title} with ${router}`, () => {
    const { Koa, Router } = stack(koa, router)
    let tracer: MockTracer
    let site: Listening | null = null
    beforeEach(() => {
      tracer = new MockTracer()
    })
    afterEach(async () => {
      await site?.close()
      site = null
      await shutdown()
    })

    const open = async (app: any): Promise<void> => {
      app.silent = true
      site = await listen(app.callback())
    }
    const origin = (): string => (site as Listening).origin
    const see = (path: string, headers = {}): Promise<Visit> => visit(tracer, origin(), path, { headers })
    const seeNothing = async (path: string, status = 200): Promise<void> => {
      assert.equal((await visitUntraced(tracer, origin(), path)).status, status)
    }

    /** An application with the route `GET /users/:id`. */
    const users = (handler: (context: any, next: any) => unknown = greet): any => {
      const routes = new Router()
      routes.get('/users/:id', handler)
      return new Koa().use(routes.routes())
    }
    const greet = (context: any): void => {
      context.body = `user ${context.params.id}`
    }

    test('FLK-Q10: attaches at any time, also while the application serves, and lets go again', async () => {
      const app = users()
      await open(app)
      await seeNothing('/users/1')
      const tracing = new KoaTracing({ tracer }).attach(app)
      assert.equal((await see('/users/2')).span.operationName, 'GET /users/:id')
      tracing.detach(app)
      assert.equal(Object.hasOwn(app, 'handleRequest'), false)
      await seeNothing('/users/3')
      tracing.attach(app)
      assert.equal((await see('/users/4')).span.tags['http.route'], '/users/:id')
    })

    test('refuses what is no application, and says what to do for a router', () => {
      assert.throws(
        () => new KoaTracing({ tracer, app: new Router() }),
        (error: any) => error.code === 'SPOOR_NOT_AN_APP' && /router\.use/.test(error.message),
      )
    })

    test('PYR-B09: two tracing objects, a middleware and a mark make one span, and each is told what it asked for', async () => {
      const ends: string[] = []
      const told = (who: string): object => ({
        tracer,
        tracedAttributes: { [who]: 'params.id' },
        finishSpanCallback: (_span: unknown, context: any) => ends.push(`${who} ${context.params.id}`),
      })
      const marks = new KoaTracing(told('marks'))
      const app = users(marks.trace(['query.page'], greet))
      app.middleware.unshift(new KoaTracing(told('middleware')).middleware())
      for (const who of ['first', 'second']) new KoaTracing(told(who)).attach(app)
      await open(app)
      const { span, answer } = await see('/users/7?page=2')
      assert.equal(answer.body, 'user 7')
      assert.equal(span.operationName, 'GET /users/:id')
      for (const who of ['marks', 'middleware', 'first', 'second']) assert.equal(span.tags[who], '7')
      assert.equal(span.tags['query.page'], '2')
      assert.deepEqual(ends.sort(), ['first 7', 'marks 7', 'middleware 7', 'second 7'])
    })

    test('FLK-A10: a middleware traces the application that is mounted in another, or a router', async () => {
      const tracing = new KoaTracing({ tracer })
      const mounted = users()
      mounted.middleware.unshift(tracing.middleware())
      const inRouter = new Router({ prefix: '/api' })
      inRouter.use(tracing.middleware())
      inRouter.get('/things/:thing', (context: any) => {
        context.body = 'thing'
      })
      const app = new Koa().use(inRouter.routes()).use(compose(mounted.middleware))
      app.use((context: any) => {
        context.body = 'outside'
      })
      await open(app)
      assert.equal((await see('/users/1')).span.operationName, 'GET /users/:id')
      assert.equal((await see('/api/things/1')).span.operationName, 'GET /api/things/:thing')
    })

    test('PYR-B08, FLK-A04: with traceAll off neither an attached object nor its middleware traces, and a mark does', async () => {
      const tracing = new KoaTracing({ tracer, traceAll: false })
      const app = users()
      tracing.attach(app)
      app.middleware.unshift(tracing.middleware())
      const marked = new Router()
      marked.get(
        '/marked',
        tracing.trace((context: any) => void (context.body = 'marked')),
      )
      await open(app.use(marked.routes()))
      await seeNothing('/users/1')
      assert.equal((await see('/marked')).span.operationName, 'GET /marked')
    })

    test('an application mounted in another, whichever way, is part of the same span', async () => {
      const tracing = new KoaTracing({ tracer })
      const child = users((context) => {
        if (context.params.id === 'broken') throw new TypeError('broken on purpose')
        greet(context)
      })
      child.silent = true
      child.on('error', () => {})
      const serveChild = child.callback()
      const app = new Koa()
      app.use(async (context: any, next: any) => {
        if (context.query.how !== 'callback') return next()
        context.respond = false
        return serveChild(context.req, context.res)
      })
      app.use(compose(child.middleware))
      tracing.attach(app).attach(child)
      await open(app)
      for (const how of ['callback', 'composed']) {
        const { span, answer } = await see(`/users/7?how=${how}`)
        assert.equal(answer.body, 'user 7')
        assert.equal(span.operationName, 'GET /users/:id', how)
        const failed = await see(`/users/broken?how=${how}`)
        assert.equal(failed.answer.status, 500)
        assert.equal(failed.span.tags['error'], true)
        assert.deepEqual(errorsOf(failed.span).map(String), ['TypeError: broken on purpose'], how)
      }
    })

    test('an application that is not attached, served by the callback of one that is, tells its route and errors', async () => {
      const child = users(() => {
        throw new TypeError('broken on purpose')
      })
      child.silent = true
      const serveChild = child.callback()
      const app = new Koa().use((context: any) => {
        context.respond = false
        return serveChild(context.req, context.res)
      })
      new KoaTracing({ tracer, app })
      await open(app)
      const { span } = await see('/users/7')
      assert.equal(span.operationName, 'GET /users/:id')
      assert.deepEqual(errorsOf(span).map(String), ['TypeError: broken on purpose'])
    })

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
          'request.host': origin().slice('http://'.length),
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

    test('PYR-A05, TOR-A05: methods of classes are marked by the decorator, or by hand, and keep their this', async () => {
      const tracing = new KoaTracing({ tracer })
      class Users {
        #greeting = 'hello'
        list = tracing.trace('query.page', (context: any) => {
          context.body = `${this.#greeting} all`
        })

        @tracing.trace(['params.id'])
        async show(context: any): Promise<void> {
          await null
          context.body = `${this.#greeting} ${context.params.id}`
        }
      }
      const controller = new Users()
      assert.deepEqual([controller.show.name, controller.show.length], ['show', 1])
      const routes = new Router()
      routes.get('/users', controller.list).get('/users/:id', (context: any) => controller.show(context))
      await open(new Koa().use(routes.routes()))
      const one = await see('/users/7')
      assert.equal(one.answer.body, 'hello 7')
      assert.equal(one.span.tags['params.id'], '7')
      const all = await see('/users?page=3')
      assert.equal(all.answer.body, 'hello all')
      assert.equal(all.span.tags['query.page'], '3')
      assert.equal(all.span.operationName, 'GET /users')
    })

    test('a handler that a router calls with the value of a parameter first is marked too', async () => {
      const tracing = new KoaTracing({ tracer })
      const routes = new Router()
      const param = tracing.trace((id: string, context: any, next: any) => {
        context.id = id.toUpperCase()
        return next()
      })
      routes.param('id', param).get('/users/:id', (context: any) => void (context.body = context.id))
      await open(new Koa().use(routes.routes()))
      const { span, answer } = await see('/users/seven')
      assert.equal(answer.body, 'SEVEN')
      assert.equal(span.operationName, 'GET /users/:id')
    })

    test('a marked function that is called without a request does what it does', () => {
      const tracing = new KoaTracing({ tracer })
      const twice = tracing.trace((value: number) => value * 2)
      assert.equal(twice(21), 42)
      assert.equal(tracing.trace(() => 'nothing')(), 'nothing')
      assert.deepEqual(tracer.finishedSpans(), [])
    })

    describe('with init()', () => {
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
          await site?.close()
          site = null
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
    })
  })
}
