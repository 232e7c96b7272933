import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KoaTracing } from 'spoor/koa'
import { describeKoa } from './support/koa-bed.ts'

describeKoa('KoaTracing marks', (bed) => {
  const { tracer, open, see, Koa, Router } = bed
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
})
