import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SpoorError } from 'spoor/api'
import { ExpressTracing } from 'spoor/express'
import { MockTracer } from 'spoor/testing'
import { finished, get, only, withApp } from './support/client.ts'
import { load } from './support/express-server.ts'

const express = load('express')

/** Serves one handler, asks for it once, and gives the span. */
async function tagsWith(mark: (tracing: ExpressTracing) => any): Promise<{ [tag: string]: unknown }> {
  const tracer = new MockTracer()
  const app = express()
  app.get('/users/:id', mark(new ExpressTracing({ tracer })))
  await withApp(app, async (url) => assert.equal((await get(`${url}/users/7?page=2`)).body, '7'))
  return (await only(tracer)).tags
}

const show = (request: any, response: any): void => response.send(request.params.id)

function address(request: any): string {
  return `${request.method} ${request.path}`
}

describe('tracing.trace()', () => {
  const forms: [title: string, mark: (tracing: ExpressTracing) => any, told: { [tag: string]: unknown }][] = [
    ['a handler', (tracing) => tracing.trace(show), {}],
    [
      'a list and a handler',
      (tracing) => tracing.trace(['params.id', 'method'], show),
      { 'params.id': '7', method: 'GET' },
    ],
    ['one text and a handler', (tracing) => tracing.trace('params.id', show), { 'params.id': '7' }],
    [
      'several texts and a handler',
      (tracing) => tracing.trace('params.id', 'method', show),
      { 'params.id': '7', method: 'GET' },
    ],
    [
      'texts in one, and a handler',
      (tracing) => tracing.trace('params.id, method', show),
      { 'params.id': '7', method: 'GET' },
    ],
    [
      'a record and a handler',
      (tracing) => tracing.trace({ user: 'params.id', asked: address }, show),
      { user: '7', asked: 'GET /users/7' },
    ],
    [
      'a list with a function, and a handler',
      (tracing) => tracing.trace([address], show),
      { address: 'GET /users/7' },
    ],
    ['nothing, then a handler', (tracing) => tracing.trace()(show), {}],
    [
      'texts, then a handler',
      (tracing) => tracing.trace('params.id', 'method')(show),
      { 'params.id': '7', method: 'GET' },
    ],
    ['a list, then a handler', (tracing) => tracing.trace(['params.id'])(show), { 'params.id': '7' }],
    ['a record, then a handler', (tracing) => tracing.trace({ user: 'params.id' })(show), { user: '7' }],
  ]
  for (const [title, mark, told] of forms) {
    it(`PYR-A05, FLK-A07, TOR-A05, TOR-Q01: takes ${title}`, async () => {
      const tags = await tagsWith(mark)
      for (const [tag, value] of Object.entries(told)) assert.equal(tags[tag], value, tag)
      assert.equal(tags['http.status_code'], 200)
    })
  }

  it('PYR-Q07, FLK-Q10: a marked handler keeps its name, its arity, its own properties and its this', async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    const handler = Object.assign(
      function list(this: unknown, _request: unknown, response: any, _next: unknown) {
        response.send(this === owner ? 'mine' : 'lost')
      },
      { permission: 'read', [Symbol.for('metadata')]: 7 },
    )
    const owner = { marked: tracing.trace(handler) }
    assert.equal(owner.marked.name, 'list')
    assert.equal(owner.marked.length, 3)
    assert.equal(owner.marked.permission, 'read')
    assert.equal(owner.marked[Symbol.for('metadata')], 7)
    const app = express()
    app.get('/', (request: any, response: any, next: any) => owner.marked(request, response, next))
    await withApp(app, async (url) => assert.equal((await get(url)).body, 'mine'))
    assert.equal((await only(tracer)).operationName, 'GET /')
  })

  it('PYR-Q07: marks methods by the standard decorators, and by the older ones, with and without parentheses', async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    class Users {
      readonly answer = 'found'
      show(_request: unknown, response: any): void {
        response.send(this.answer)
      }
    }
    const { show } = Users.prototype
    const context = { kind: 'method', name: 'show', static: false, private: false }
    const descriptor = Object.getOwnPropertyDescriptor(Users.prototype, 'show') as PropertyDescriptor
    const { trace } = tracing as any
    const marked: { [how: string]: any } = {
      standard: trace('method')(show, context),
      'standard, bare': trace(show, context),
      older: trace('method')(Users.prototype, 'show', descriptor).value,
      'older, bare': trace(Users.prototype, 'show', descriptor).value,
      'older, bare, static': trace(Users, 'show', descriptor).value,
      field: trace()(undefined, { kind: 'field', name: 'show' })(show),
    }
    for (const [how, method] of Object.entries(marked)) {
      assert.notEqual(method, show, how)
      assert.equal(method.name, 'show', how)
      const app = express()
      const users = new Users()
      app.get('/', (request: any, response: any) => method.call(users, request, response))
      await withApp(app, async (url) => assert.equal((await get(url)).body, 'found', how))
      assert.equal((await only(tracer)).tags['http.status_code'], 200, how)
    }
  })

  it('PYR-Q07: decorates methods and fields of a class', async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    class Users {
      readonly answer = 'found'
      @tracing.trace('method', 'params.id') show(_request: any, response: any): void {
        response.send(this.answer)
      }
      @tracing.trace bare(_request: any, response: any): void {
        response.send(this.answer)
      }
      @tracing.trace(['method']) field = (_request: any, response: any): void => {
        response.send(this.answer)
      }
    }
    const users = new Users()
    for (const name of ['show', 'bare', 'field'] as const) {
      const app = express()
      app.get('/:id', (request: any, response: any) => users[name](request, response))
      await withApp(app, async (url) => assert.equal((await get(`${url}/7`)).body, 'found', name))
      const { tags } = await only(tracer)
      assert.equal(tags['method'], name === 'bare' ? undefined : 'GET', name)
      assert.equal(tags['params.id'], name === 'show' ? '7' : undefined, name)
    }
  })

  it('what it cannot mark, and secrets, are refused where they are given', () => {
    const tracing = new ExpressTracing({ tracer: new MockTracer() })
    const refused = (expected: string) => (error: unknown) =>
      error instanceof SpoorError && error.code === expected
    assert.throws(() => (tracing.trace('method') as any)(undefined), refused('SPOOR_INVALID_OPTION'))
    assert.throws(
      () => (tracing.trace('method') as any)(class {}, { kind: 'class', name: 'Users' }),
      refused('SPOOR_INVALID_OPTION'),
    )
    assert.throws(() => tracing.trace('headers.cookie'), refused('SPOOR_SECRET_ATTRIBUTE'))
    assert.throws(() => tracing.trace(['body.password'], () => {}), refused('SPOOR_SECRET_ATTRIBUTE'))
  })

  it('FLK-E02, TOR-Q03: marks handlers of errors, which take four', async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    const app = express()
    const error = new Error('broken on purpose')
    app.get('/', () => {
      throw error
    })
    const handler = tracing.trace(
      'method',
      (given: unknown, _request: unknown, response: any, _next: unknown) => {
        response.status(500).send(given === error ? 'the very error' : 'another')
      },
    )
    assert.equal(handler.length, 4)
    app.use(handler)
    await withApp(app, async (url) => assert.equal((await get(url)).body, 'the very error'))
    const span = await only(tracer)
    assert.equal(span.tags['method'], 'GET')
    assert.equal(span.tags['error'], true)
  })

  it('a handler that is called with what is no request just runs', () => {
    const tracer = new MockTracer()
    const add = new ExpressTracing({ tracer }).trace((a: number, b: number) => a + b)
    assert.equal(add(3, 4), 7)
    assert.equal(tracer.unfinishedSpans().length + tracer.finishedSpans().length, 0)
  })

  it('PYR-B09, FLK-B08, FLK-T10, FLK-T11, TOR-B06: a marked handler of an attached application has one span, with all attributes', async () => {
    const tracer = new MockTracer()
    const app = express()
    const tracing = new ExpressTracing({ tracer, app, tracedAttributes: ['method'] })
    app.get('/users/:id', tracing.trace('params.id', show), tracing.trace('path', show))
    await withApp(app, (url) => get(`${url}/users/7`))
    const spans = await finished(tracer)
    assert.equal(spans.length, 1)
    assert.equal(spans[0]?.tags['method'], 'GET')
    assert.equal(spans[0]?.tags['params.id'], '7')
  })

  it('PYR-T14, FLK-T08: the tags of a marked request are these and no others', async () => {
    const tags = await tagsWith((tracing) =>
      tracing.trace(['params.id', 'is_xhr', 'headers.x-missing', 'query.nothing'], show),
    )
    assert.match(String(tags['http.url']), /^http:\/\/127\.0\.0\.1:\d+\/users\/7$/)
    assert.ok(Number(tags['peer.port']) > 0)
    assert.deepEqual(
      { ...tags, 'http.url': '', 'peer.port': 0 },
      {
        'span.kind': 'server',
        component: 'express',
        'http.method': 'GET',
        'http.url': '',
        'http.route': '/users/:id',
        'http.status_code': 200,
        'params.id': '7',
        'peer.address': '127.0.0.1',
        'peer.ipv4': '127.0.0.1',
        'peer.port': 0,
      },
    )
  })

  it('FLK-Q03: whatever a handler returns is returned as it is, and the span ends with the response', async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: nobody may call it
      then() {
        throw new Error('a thenable of theirs was touched')
      },
    }
    for (const value of [
      undefined,
      null,
      'text',
      7,
      ['text', 404],
      { status: 404 },
      Symbol('any'),
      thenable,
    ]) {
      const tracer = new MockTracer()
      const app = express()
      const handler = new ExpressTracing({ tracer }).trace((_: unknown, response: any) => {
        response.send('ok')
        return value as unknown
      })
      const returned: unknown[] = []
      app.get('/', (request: any, response: any, next: any) => {
        returned.push((handler as any)(request, response, next))
      })
      await withApp(app, async (url) => assert.equal((await get(url)).body, 'ok'))
      assert.equal(returned[0], value)
      assert.equal((await only(tracer)).tags['http.status_code'], 200)
      assert.equal(tracer.activeSpan, null)
    }
  })

  it("next('route') is no error, and the route that answers names the request", async () => {
    const tracer = new MockTracer()
    const tracing = new ExpressTracing({ tracer })
    const app = express()
    app.get(
      '/a',
      tracing.trace((_: unknown, __: unknown, next: any) => next('route')),
    )
    app.get(
      '/:any',
      tracing.trace((_: unknown, response: any) => response.send('any')),
    )
    await withApp(app, async (url) => assert.equal((await get(`${url}/a`)).body, 'any'))
    const span = await only(tracer)
    assert.equal(span.logs.length, 0)
    assert.equal(span.tags['error'], undefined)
  })
})
