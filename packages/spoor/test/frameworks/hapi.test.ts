import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { HapiTracing } from 'spoor/hapi'
import { MockTracer, serverKit } from 'spoor/testing'
import { load } from './support/express-server.ts'
import { hapiServer } from './support/hapi-server.ts'

serverKit(hapiServer, runner)

const { describe, it } = runner
const Hapi = load('@hapi/hapi')

interface Bed {
  readonly tracer: MockTracer
  readonly tracing: HapiTracing
  readonly server: any
  /** The active span, at every call. */
  readonly seen: unknown[]
  see(): void
}

async function bed(options: object = {}, serverOptions: object = {}): Promise<Bed> {
  const tracer = new MockTracer()
  const server = Hapi.server({ debug: false, ...serverOptions })
  const tracing = new HapiTracing({ tracer, ...options })
  await server.register(tracing.plugin)
  const seen: unknown[] = []
  return { tracer, tracing, server, seen, see: () => seen.push(tracer.activeSpan) }
}

function only(tracer: MockTracer, open = 0): ReturnType<MockTracer['finishedSpans']>[number] {
  const spans = tracer.finishedSpans()
  assert.deepEqual([spans.length, tracer.unfinishedSpans().length], [1, open])
  return spans[0] as (typeof spans)[number]
}

function errorsOf(tracer: MockTracer): unknown[] {
  return only(tracer)
    .logs.filter(({ fields }) => fields['event'] === 'error')
    .map(({ fields }) => fields['error.object'])
}

const PHASES = [
  'onRequest',
  'onPreAuth',
  'onCredentials',
  'onPostAuth',
  'onPreHandler',
  'onPostHandler',
  'onPreResponse',
]

describe('HapiTracing', () => {
  it('has the span active in the whole life of a request that is injected', async () => {
    const { tracer, tracing, server, seen, see } = await bed()
    server.auth.scheme('own', () => ({
      async authenticate(_request: unknown, h: any) {
        await null
        see()
        return h.authenticated({ credentials: { name: 'me' } })
      },
    }))
    server.auth.strategy('own', 'own')
    server.auth.default('own')
    for (const phase of PHASES)
      server.ext(phase, async (_request: unknown, h: any) => {
        await null
        see()
        return h.continue
      })
    server.route({
      method: 'POST',
      path: '/all/{id}',
      options: {
        pre: [{ method: async () => see() ?? null, assign: 'first' }],
        validate: {
          payload: async (value: unknown) => {
            see()
            return value
          },
        },
      },
      async handler(request: object) {
        see()
        await null
        see()
        assert.equal(tracing.getSpan(request), tracer.activeSpan)
        return 'done'
      },
    })
    const { statusCode, payload } = await server.inject({
      method: 'POST',
      url: '/all/7?x=1',
      payload: { a: 1 },
    })
    assert.deepEqual([statusCode, payload], [200, 'done'])
    assert.equal(tracer.activeSpan, null)
    const span = only(tracer)
    assert.equal(span.operationName, 'POST /all/{id}')
    assert.equal(span.tags['http.status_code'], 200)
    assert.deepEqual(seen, Array(PHASES.length + 5).fill(span))
  })

  it('makes what is injected a child of the span in whose flow that is done', async () => {
    const { tracer, server } = await bed()
    server.route({ method: 'GET', path: '/inner', handler: () => 'x' })
    const caller = tracer.startSpan('caller')
    await tracer.scopeManager.with(caller, () => server.inject('/inner'))
    assert.equal(only(tracer, 1).parentId, caller.context().spanId)
  })

  it('names nothing for what has no route, and notes no error for it', async () => {
    const { tracer, server } = await bed({}, { routes: { cors: true } })
    assert.equal((await server.inject('/nowhere')).statusCode, 404)
    assert.equal(only(tracer).operationName, 'GET')
    assert.deepEqual(errorsOf(tracer), [])
    assert.equal(only(tracer).tags['http.route'], undefined)
    tracer.reset()
    server.route({ method: 'GET', path: '/here', handler: () => 'x' })
    const headers = { origin: 'http://o', 'access-control-request-method': 'GET' }
    await server.inject({ method: 'OPTIONS', url: '/here', headers })
    assert.equal(only(tracer).operationName, 'OPTIONS')
    tracer.reset()
    server.route({
      method: '*',
      path: '/{any*}',
      handler: (_: unknown, h: any) => h.response('own').code(404),
    })
    await server.inject('/nowhere')
    assert.equal(only(tracer).operationName, 'GET /{any*}')
  })

  it('notes why authentication failed, which is no error of the request', async () => {
    const { tracer, server } = await bed()
    const error = load('@hapi/boom').unauthorized('who are you?')
    server.auth.scheme('strict', () => ({
      authenticate() {
        throw error
      },
    }))
    server.auth.strategy('strict', 'strict')
    server.route({ method: 'GET', path: '/mine', options: { auth: 'strict', handler: () => 'x' } })
    assert.equal((await server.inject('/mine')).statusCode, 401)
    const { operationName, tags } = only(tracer)
    assert.deepEqual([operationName, tags['http.status_code'], tags['error']], ['GET /mine', 401, undefined])
    assert.deepEqual(errorsOf(tracer), [error])
  })

  it('notes what validation refused', async () => {
    const { tracer, server } = await bed()
    const error = new Error('no such colour')
    const query = (): never => {
      throw error
    }
    server.route({ method: 'GET', path: '/colours', options: { validate: { query }, handler: () => 'x' } })
    assert.equal((await server.inject('/colours?colour=loud')).statusCode, 400)
    assert.equal(only(tracer).tags['error'], undefined)
    assert.match(String(errorsOf(tracer)), /Invalid request query input/)
  })

  it('notes an error that onPreResponse makes something pretty of', async () => {
    const { tracer, server } = await bed()
    const error = new RangeError('broken on purpose')
    server.route({
      method: 'GET',
      path: '/pretty',
      handler() {
        throw error
      },
    })
    server.ext('onPreResponse', (request: any, h: any) =>
      request.response.isBoom ? h.response('sorry').code(503) : h.continue,
    )
    const { statusCode, payload } = await server.inject('/pretty')
    assert.deepEqual([statusCode, payload], [503, 'sorry'])
    assert.deepEqual([only(tracer).tags['http.status_code'], only(tracer).tags['error']], [503, true])
    assert.equal(errorsOf(tracer).length, 1)
    assert.match(String(errorsOf(tracer)[0]), /broken on purpose/)
  })

  it('tells of an error once, marked and attached: Hapi copies what is no error of HTTP', async () => {
    const { tracer, tracing, server } = await bed()
    const error = new TypeError('of the system')
    const handler = tracing.trace(() => {
      throw error
    })
    server.route({ method: 'GET', path: '/copied', handler })
    assert.equal((await server.inject('/copied')).statusCode, 500)
    assert.deepEqual(errorsOf(tracer), [error])
  })

  it('sees what takes over before there is a route', async () => {
    const { tracer, server } = await bed()
    server.ext('onRequest', (_: unknown, h: any) => h.response('taken').code(202).takeover())
    server.route({ method: 'GET', path: '/over', handler: () => 'never' })
    const { statusCode, payload } = await server.inject('/over')
    assert.deepEqual([statusCode, payload], [202, 'taken'])
    assert.deepEqual([only(tracer).operationName, only(tracer).tags['http.status_code']], ['GET', 202])
  })

  it('notes an error before there is a route', async () => {
    const { tracer, server } = await bed()
    const error = new Error('too early')
    server.ext('onRequest', () => {
      throw error
    })
    assert.equal((await server.inject('/early')).statusCode, 500)
    assert.deepEqual(errorsOf(tracer), [error])
  })

  it('traces what a server under too much load refuses', async () => {
    const { tracer, server } = await bed({}, { load: { sampleInterval: 5, maxHeapUsedBytes: 1 } })
    await server.initialize()
    await new Promise((resolve) => setTimeout(resolve, 50))
    server.route({ method: 'GET', path: '/busy', handler: () => 'x' })
    assert.equal((await server.inject('/busy')).statusCode, 503)
    assert.equal(only(tracer).tags['http.status_code'], 503)
    await server.stop()
  })

  it('keeps what handlers are bound to, and what they are', async () => {
    const { tracer, tracing, server } = await bed({ traceAll: false })
    const bound = { greeting: 'hello' }
    class Users {
      readonly name = 'users'
      show(this: any, request: any): string {
        return `${this.greeting} ${request.params.id}`
      }
    }
    const { show } = Users.prototype
    const marked = tracing.trace('params.id', show)
    assert.deepEqual([marked.name, marked.length], ['show', 1])
    server.route({ method: 'GET', path: '/users/{id}', options: { bind: bound, handler: marked } })
    server.route({ method: 'GET', path: '/untraced', handler: () => 'x' })
    assert.equal((await server.inject('/users/7')).payload, 'hello 7')
    await server.inject('/untraced')
    const { operationName, tags } = only(tracer)
    assert.deepEqual([operationName, tags['params.id']], ['GET /users/{id}', '7'])
  })

  it('is attached at any time, and lets go', async () => {
    const tracer = new MockTracer()
    const server = Hapi.server({ debug: false })
    server.route({ method: 'GET', path: '/late', handler: () => 'x' })
    await server.initialize()
    const tracing = new HapiTracing({ tracer, app: server })
    await server.inject('/late')
    assert.equal(only(tracer).operationName, 'GET /late')
    assert.throws(() => tracing.attach(server), { code: 'SPOOR_ATTACHED_TWICE' })
    tracing.detach(server)
    const { prototype } = server._core.Request
    assert.deepEqual(
      [Object.hasOwn(prototype, '_execute'), Object.hasOwn(prototype, '_reply')],
      [false, false],
    )
    await server.inject('/late')
    only(tracer)
    await server.stop()
  })

  it('refuses what is no server', () => {
    assert.throws(() => new HapiTracing({ app: {} as never }), { code: 'SPOOR_NOT_AN_APP' })
  })

  it('traces a simulated client that goes away, which is no error', async () => {
    const { tracer, server } = await bed()
    server.route({
      method: 'POST',
      path: '/gone',
      handler: () => new Promise((resolve) => setTimeout(resolve, 20, 'late')),
    })
    await server.inject({ method: 'POST', url: '/gone', payload: 'x', simulate: { close: true, end: false } })
    for (let i = 0; tracer.unfinishedSpans().length > 0 && i < 100; i += 1)
      await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(only(tracer).tags['error'], undefined)
    assert.ok(only(tracer).logs.some(({ fields }) => fields['event'] === 'aborted'))
  })
})
