import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { after, before, describe, it } from 'node:test'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { ExpressTracing } from 'spoor/express'
import { FastifyTracing } from 'spoor/fastify'
import { HttpTracing } from 'spoor/http'
import { KoaTracing } from 'spoor/koa'
import { ask, type Listening, listen } from '../instrumentations/support/web.ts'

const load = createRequire(import.meta.url)
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = '00f067aa0ba902b7'

/** What every handler does: something in a span of its own, and it says whether the request is recorded. */
async function work(): Promise<string> {
  const { recording } = activeSpan() as { recording?: boolean }
  await withSpan('work', async () => {})
  return String(recording)
}

const servers: { [name: string]: () => Promise<RequestListener | Server> } = {
  Express: async () => {
    const app = load('express')()
    new ExpressTracing({ app })
    app.get('/', async (_request: unknown, response: any) => response.send(await work()))
    return app
  },
  Koa: async () => {
    const app = new (load('koa'))()
    new KoaTracing({ app })
    app.use(async (ctx: any) => {
      ctx.body = await work()
    })
    return app.callback()
  },
  Fastify: async () => {
    const app = load('fastify')()
    new FastifyTracing({ app })
    app.get('/', work)
    await app.ready()
    return app.server
  },
  'node:http': async () => {
    const server = createServer(async (_request, response) => void response.end(await work()))
    new HttpTracing({ app: server })
    return server
  },
}

for (const [name, make] of Object.entries(servers)) {
  describe(`a tracing object for ${name}, on Spoor's own tracer`, () => {
    const sink = new MemorySink()
    let site: Listening
    before(async () => {
      init({ exporters: [sink], disable: ['http'], logLevel: 'silent' })
      site = await listen(await make())
    })
    after(async () => {
      await site.close()
      await shutdown()
    })
    const visit = async (headers: { [name: string]: string }): Promise<string> => {
      sink.reset()
      const { body } = await ask(site.origin, '/', { headers })
      await new Promise((resolve) => setTimeout(resolve, 20))
      return body
    }

    it('keeps nothing of a trace that its caller does not sample', async () => {
      assert.equal(await visit({ traceparent: `00-${TRACE}-${CALLER}-00` }), 'false')
      assert.deepEqual(sink.spans, [])
    })

    it('continues one that its caller samples', async () => {
      assert.equal(await visit({ traceparent: `00-${TRACE}-${CALLER}-01` }), 'true')
      const [work, server] = sink.spans
      assert.deepEqual([work?.traceId, server?.traceId], [TRACE, TRACE])
      assert.equal(server?.parentSpanId, CALLER)
      assert.equal(work?.parentSpanId, server?.spanId)
    })

    it('begins one of its own where no header can be read, in any format', async () => {
      for (const headers of [
        { traceparent: '00-zz-zz-01' },
        { traceparent: `ff-${TRACE}-${CALLER}-01` },
        { b3: 'x'.repeat(9000) },
        { 'uber-trace-id': ':::' },
        { 'x-datadog-trace-id': '-1' },
        { baggage: '=;=,,=' },
      ] as { [name: string]: string }[]) {
        assert.equal(await visit(headers), 'true')
        assert.equal(sink.spans.length, 2)
        assert.equal(sink.spans[1]?.parentSpanId, '')
      }
    })
  })
}
