import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KoaTracing } from 'spoor/koa'
import { load } from './support/express-server.ts'
import { describeKoa, greet } from './support/koa-bed.ts'
import { errorsOf } from './support/visits.ts'

const compose = load('koa-compose')

describeKoa('KoaTracing is attached', (bed) => {
  const { tracer, open, see, seeNothing, users, Koa, Router } = bed
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
})
