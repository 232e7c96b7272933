import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { init, shutdown } from 'spoor'
import { MemorySink } from 'spoor/export'
import { ExpressTracing } from 'spoor/express'
import { MockTracer } from 'spoor/testing'
import { finished, get, only, until, untraced, withApp } from './support/client.ts'
import { load } from './support/express-server.ts'

const express = load('express')
const ok = (_: unknown, response: any): void => response.send('ok')

function application(): any {
  const app = express()
  app.set('env', 'test')
  return app
}

describe('a request that goes wrong', () => {
  it('a handler that answers twice, or passes on after it has answered, has one span with what was sent', async () => {
    const tracer = new MockTracer()
    const app = application()
    new ExpressTracing({ tracer, app })
    const errors: any[] = []
    app.get('/twice', (_: unknown, response: any) => {
      response.send('first')
      response.status(500).send('second')
    })
    app.get('/late', (_: unknown, response: any, next: any) => {
      response.send('first')
      next(new Error('too late'))
    })
    app.use((error: any, _: unknown, __: unknown, ___: unknown) => errors.push(error.code ?? error.message))
    await withApp(app, async (url) => {
      assert.equal((await get(`${url}/twice`)).body, 'first')
      assert.equal((await only(tracer)).tags['http.route'], '/twice')
      assert.equal((await get(`${url}/late`)).body, 'first')
      assert.equal((await only(tracer)).tags['http.status_code'], 200)
    })
    assert.deepEqual(errors, ['ERR_HTTP_HEADERS_SENT', 'too late'])
  })

  it('FLK-E05: a handler that never answers has its span until the client goes away', async () => {
    const tracer = new MockTracer()
    const app = application()
    new ExpressTracing({ tracer, app })
    app.get('/', () => {})
    await withApp(app, async (url) => {
      const outgoing = request(url, { agent: untraced }).on('error', () => {})
      outgoing.end()
      await until(() => tracer.unfinishedSpans().length === 1)
      await sleep(20)
      assert.equal(tracer.finishedSpans().length, 0)
      outgoing.destroy()
      const span = await only(tracer)
      assert.deepEqual(
        span.logs.map(({ fields }) => fields['event']),
        ['aborted'],
      )
      assert.equal(span.tags['http.status_code'], undefined)
    })
  })

  it('FLK-E05: a response that is destroyed half-way ends its span, and says so', async () => {
    const tracer = new MockTracer()
    const app = application()
    new ExpressTracing({ tracer, app })
    app.get('/', (_: unknown, response: any) => {
      response.write('half')
      setImmediate(() => response.destroy(new Error('no more')))
    })
    await withApp(app, (url) => assert.rejects(get(url)))
    const span = await only(tracer)
    assert.deepEqual(
      span.logs.map(({ fields }) => fields['event']),
      ['aborted'],
    )
    assert.equal(span.tags['http.status_code'], 200)
  })

  it('PYR-E01: baggage in 10,000 headers, and 10,000 items in one, harm no request', async () => {
    for (const [bring, tracer] of [
      [() => [...numbers(10_000)].flatMap((n) => [`ot-baggage-key${n}`, 'value']), new MockTracer()],
      [() => ['baggage', [...numbers(10_000)].map((n) => `key${n}=value`).join(',')], undefined],
    ] as const) {
      const sink = new MemorySink()
      if (tracer === undefined) init({ exporters: [sink] })
      const app = application()
      new ExpressTracing({ app, ...(tracer === undefined ? {} : { tracer }) })
      app.get('/', (incoming: any, response: any) => response.send(String(incoming.rawHeaders.length > 5)))
      const server = createServer({ maxHeaderSize: 4_000_000 }, app)
      server.maxHeadersCount = 0
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      try {
        assert.equal(
          await bringing(['Host', 'localhost', ...bring()], (server.address() as AddressInfo).port),
          'true',
        )
        if (tracer === undefined) await until(() => sink.spans.length === 1)
        else assert.equal((await finished(tracer)).length, 1)
      } finally {
        server.closeAllConnections()
        server.close()
        await shutdown()
      }
    }
  })

  it('a rule of `ignore` by expression keeps no memory from one request to the next', async () => {
    const tracer = new MockTracer()
    const app = application()
    new ExpressTracing({ tracer, app, ignore: { paths: [/\.png$/g], methods: ['get'] } })
    app.use(ok)
    await withApp(app, async (url) => {
      for (let i = 0; i < 4; i += 1) await get(`${url}/picture.png`)
      await get(`${url}/page`)
    })
    assert.equal((await finished(tracer)).length, 0)
  })
})

function* numbers(count: number): Iterable<number> {
  for (let n = 0; n < count; n += 1) yield n
}

function bringing(headers: string[], port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', agent: untraced, headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk)).on('end', () => resolve(body))
    })
    outgoing.on('error', reject).end()
  })
}
