import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { instrument } from 'spoor'
import { HttpTracing } from 'spoor/http'
import { MockTracer, type ServerUnderTest, serverKit } from 'spoor/testing'
import { ask, listen, load, shutdown, trace } from '../instrumentations/support/web.ts'
import { begin, marked, running } from './support/http-server.ts'
import { plainRoutes } from './support/plain-routes.ts'

const [major = 0] = process.versions.node.split('.').map(Number)
const needs = 'restify 12 needs Node 22'

/** Where its routes are, in Restify's notation. */
const paths: { [prefix: string]: string } = {
  '/users/': '/users/:id',
  '/tenants/': '/tenants/:tenant/users/:id',
  '/slow/': '/slow/:id',
}

/** What an asynchronous handler rejects with is passed on; a synchronous one must call `next`. */
const restify12: ServerUnderTest = {
  name: 'restify 12',
  component: 'restify',
  // Nothing but a domain catches what a handler throws. A client that goes away has the status 444, whatever was sent.
  lacks: ['/thrown', '/endless'],
  async start(setup) {
    const parts = begin(setup)
    const app = load('restify').createServer()
    if (setup.way === 'attached') parts.tracing?.attach(app)
    const routes = marked(
      Object.fromEntries(
        Object.entries(plainRoutes(setup.work, parts.spanOf)).map(([path, handler]) => [
          path,
          // Restify tells by the number of parameters whether a handler is asynchronous.
          handler.constructor.name === 'AsyncFunction'
            ? async (incoming: any, response: any) => void (await handler(incoming, response, () => {}))
            : (incoming: any, response: any, next: any) => {
                handler(incoming, response, next)
                if (path !== '/passed') next()
              },
        ]),
      ),
      parts,
    )
    for (const [path, handler] of Object.entries(routes)) {
      const at = paths[path] ?? path
      if (path === '/echo') app.post(at, handler)
      else {
        app.get(at, handler)
        if (path === '/hello') app.head(at, handler)
      }
    }
    return running(app.server, parts)
  },
}

if (major < 22) runner.test('Restify', { skip: needs }, () => {})
else {
  serverKit(restify12, runner)

  runner.describe('Restify', () => {
    runner.it(
      'tells what is passed on, be it no error at all, and not what only stops the chain',
      async () => {
        const tracer = new MockTracer({ strictExtract: false })
        const app = load('restify').createServer()
        const tracing = new HttpTracing({ tracer })
        app.get(
          '/text',
          tracing.trace((_: any, __: any, next: any) => next('only a text')),
        )
        app.get(
          '/stop',
          tracing.trace((_: any, response: any, next: any) => {
            response.send(204)
            next(false)
          }),
        )
        const site = await listen(app.server)
        assert.equal((await ask(site.origin, '/text')).status, 500)
        assert.equal((await ask(site.origin, '/stop')).status, 204)
        await site.close()
        const [text, stop] = tracer.finishedSpans()
        assert.equal(text?.operationName, 'GET /text')
        assert.equal(text?.logs[0]?.fields['error.object'], 'only a text')
        assert.deepEqual(stop?.logs, [])
      },
    )

    runner.it('is named too when it is handed over after it was loaded', async () => {
      const restify = load('restify')
      const sink = trace({ disable: ['restify'] })
      await shutdown()
      assert.equal(sink.spans.length, 0)
      const again = trace()
      instrument(restify)
      const app = restify.createServer()
      app.get('/users/:id', (_: any, response: any, next: any) => {
        response.send({})
        next()
      })
      const site = await listen(app.server)
      await ask(site.origin, '/users/1')
      await site.close()
      await shutdown()
      assert.deepEqual(
        again.spans.map(({ name }) => name),
        ['GET /users/:id'],
      )
    })
  })
}
