import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FastifyTracing } from 'spoor/fastify'
import { type Done, describeFastify, greet } from './support/fastify-bed.ts'
import { errorsOf } from './support/visits.ts'

describeFastify('FastifyTracing', (bed) => {
  const { tracer, open, see } = bed
  test('PYR-A04: getSpan takes a request, a reply, or the message of Node.js', async () => {
    const tracing = new FastifyTracing({ tracer, app: bed.app })
    const seen: unknown[] = []
    bed.app.get('/', async (request: any, reply: any) => {
      seen.push(...[request, reply, request.raw, undefined].map((of) => tracing.getSpan(of)))
      return 'ok'
    })
    bed.app.addHook('onResponse', async (request: any) => void seen.push(tracing.getSpan(request)))
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
    bed.app.get('/users/:id', (request: any, reply: any) => controller.show(request, reply))
    let owner: unknown
    bed.app.get(
      '/function',
      tracing.trace(function (this: unknown, _request: any, reply: any) {
        owner = this
        reply.send('ok')
      }),
    )
    const preHandler = tracing.trace((_request: any, _reply: any, done: Done) => done())
    bed.app.get('/hooked/:id', { preHandler }, greet)
    const errorHandler = tracing.trace((_error: any, _request: any, reply: any) =>
      reply.code(503).send('sorry'),
    )
    bed.app.get('/failing/:id', { errorHandler }, async () => Promise.reject(new Error('broken on purpose')))
    await open()
    const shown = await see('/users/7')
    assert.equal(shown.answer.body, 'hello 7')
    assert.equal(shown.span.tags['params.id'], '7')
    assert.equal((await see('/function')).span.operationName, 'GET /function')
    assert.equal(owner, bed.app)
    assert.equal((await see('/hooked/7')).span.operationName, 'GET /hooked/:id')
    const failed = await see('/failing/7')
    assert.equal(failed.answer.status, 503)
    assert.equal(failed.span.tags['error'], true)
  })

  test('a marked handler that sends an error tells of it once, and of nothing else', async () => {
    const tracing = new FastifyTracing({ tracer })
    const error = new TypeError('broken on purpose')
    bed.app.get('/sent', tracing.trace(tracing.trace((_: any, reply: any) => reply.send(error))))
    bed.app.get(
      '/fine',
      tracing.trace((_: any, reply: any) => reply.code(200).send({ fine: true })),
    )
    await open()
    assert.deepEqual(errorsOf((await see('/sent')).span), [error])
    const { span, answer } = await see('/fine')
    assert.equal(answer.body, '{"fine":true}')
    assert.deepEqual(errorsOf(span), [])
  })
})
