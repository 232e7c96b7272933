import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import * as runner from 'node:test'
import { HttpTracing } from 'spoor/http'
import { MockTracer, type ServerUnderTest, serverKit } from 'spoor/testing'
import { ask, listen, load } from '../instrumentations/support/web.ts'
import { begin, marked, running } from './support/http-server.ts'
import { type PlainHandler, plainRoutes } from './support/plain-routes.ts'

/** Connect has no routes, and does not look at what a handler returns. */
const connect3: ServerUnderTest = {
  name: 'connect 3',
  component: 'connect',
  routes: false,
  lacks: ['/rejected'],
  async start(setup) {
    const parts = begin(setup)
    const app = load('connect')()
    if (setup.way === 'attached') parts.tracing?.attach(app)
    const routes = marked(plainRoutes(setup.work, parts.spanOf), parts)
    for (const [path, handler] of Object.entries(routes)) app.use(path, handler)
    // The last word is finalhandler's, which would print the error.
    app.use((_: Error, __: unknown, response: any, ___: unknown) => response.writeHead(500).end('broken'))
    return running(createServer(app), parts)
  },
}

serverKit(connect3, runner, ['attached'])
// A handler does not tell whose it is.
serverKit({ ...connect3, component: 'http' }, runner, ['marked'])
// Nothing that could be patched for all applications sees the errors that pass inside of one.
serverKit({ ...connect3, component: 'http', lacks: ['/thrown', '/passed', '/rejected'] }, runner, [
  'everything',
])

runner.describe('a tracing object on an application of Connect', () => {
  async function visit(prepare: (app: any, tracing: HttpTracing) => void, path = '/') {
    const tracer = new MockTracer({ strictExtract: false })
    const app = load('connect')()
    const tracing = new HttpTracing({ tracer, app })
    prepare(app, tracing)
    const site = await listen(createServer(app))
    const answer = await ask(site.origin, path)
    await site.close()
    return { answer, spans: tracer.finishedSpans() }
  }
  const error = Object.assign(new Error('broken on purpose'), { status: 418 })
  const failing: PlainHandler = (_, __, next) => next(error)

  runner.it('tells an error once, however many error handlers pass it on', async () => {
    const { answer, spans } = await visit((app) => {
      app.use(failing)
      app.use((passed: Error, _: unknown, __: unknown, next: (error: Error) => void) => next(passed))
      app.use((_: Error, __: unknown, response: any, ___: unknown) => response.writeHead(500).end())
    })
    assert.equal(answer.status, 500)
    assert.deepEqual(
      spans[0]?.logs.map(({ fields }) => fields['error.object']),
      [error],
    )
  })

  runner.it(
    'tells an error that no handler takes, which finalhandler answers as it always does',
    async (t) => {
      t.mock.method(console, 'error', () => {})
      const { answer, spans } = await visit((app) => app.use(failing))
      assert.equal(answer.status, 418)
      assert.match(answer.body, /broken on purpose/)
      assert.equal(spans[0]?.logs.length, 1)
      assert.equal(spans[0]?.tags['error'], undefined, 'a 418 is the affair of the client')
    },
  )

  runner.it('makes one span of an application below another', async () => {
    const { answer, spans } = await visit((app, tracing) => {
      const below = load('connect')()
      tracing.attach(below)
      below.use('/inner', (incoming: any, response: any) => response.end(incoming.originalUrl))
      app.use('/outer', below)
    }, '/outer/inner')
    assert.equal(answer.body, '/outer/inner')
    assert.equal(spans.length, 1)
    assert.match(String(spans[0]?.tags['http.url']), /\/outer\/inner$/)
  })

  runner.it('lets go of it again, and sees layers that are used later', async () => {
    const { answer, spans } = await visit((app, tracing) => {
      tracing.detach(app)
      tracing.attach(app)
      app.use((_: unknown, response: any) => response.end('late'))
    })
    assert.equal(answer.body, 'late')
    assert.equal(spans.length, 1)
  })
})
