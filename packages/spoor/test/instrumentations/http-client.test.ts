import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  Agent,
  type ClientRequest,
  get,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
  request,
} from 'node:http'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { activeSpan, withSpan } from 'spoor'
import type { Propagator } from 'spoor/api'
import type { MemorySink, SpanData } from 'spoor/export'
import { assertNoSecret, finished, type Listening, listen, shutdown, trace } from './support/web.ts'

const active = (): string | undefined => activeSpan()?.context().toSpanId()

/** Waits until a response is over, if it is not yet. */
async function closed(response: IncomingMessage): Promise<void> {
  // Not `once()`, which listens for errors as well.
  if (!response.closed) await new Promise((resolve) => response.on('close', resolve))
}

describe('client spans of node:http', () => {
  let sink: MemorySink
  let site: Listening

  before(async () => {
    sink = trace()
    site = await listen((incoming, response) => {
      incoming.resume()
      if (incoming.url === '/silent') return
      if (incoming.url === '/half') {
        response.writeHead(200, { 'content-length': 100 })
        response.write('half')
        setTimeout(() => response.destroy(), 10)
        return
      }
      const status = Number(/^\/(\d{3})$/.exec(incoming.url ?? '')?.[1] ?? 200)
      incoming.on('end', () => {
        response.writeHead(status, status === 302 ? { location: '/200' } : {})
        response.end(JSON.stringify({ headers: incoming.headers, raw: incoming.rawHeaders }))
      })
    })
  })
  afterEach(() => sink.reset())
  after(async () => {
    await site.close()
    await shutdown()
  })

  /** Waits for the answer to a request of the test, and reads it. */
  async function answer(outgoing: ClientRequest): Promise<any> {
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return JSON.parse(await text(response))
  }

  /** The client and the server span of one request, which belong together. */
  async function pair(): Promise<{ client: SpanData; server: SpanData }> {
    const spans = await finished(sink, 2)
    const client = spans.find(({ kind }) => kind === 'client') as SpanData
    const server = spans.find(({ kind }) => kind === 'server') as SpanData
    assert.equal(server.parentSpanId, client.spanId)
    assert.equal(server.traceId, client.traceId)
    assert.equal(server.parentIsRemote, true)
    return { client, server }
  }

  it('tell method, URL, peer and status, and reach the other side', async () => {
    await answer(get(`${site.origin}/thing?q=1&password=s3cret`))
    const { client } = await pair()
    assert.equal(client.name, 'GET')
    assert.deepEqual(client.attributes, {
      'http.request.method': 'GET',
      'url.full': `${site.origin}/thing?q=1&password=REDACTED`,
      'server.address': '127.0.0.1',
      'server.port': site.port,
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
    })
    assertNoSecret([client], 's3cret')
  })

  it('come with every way to make a request', async () => {
    const url = new URL(`${site.origin}/x`)
    const options: RequestOptions = { host: '127.0.0.1', port: site.port, path: '/x' }
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ways: (() => ClientRequest)[] = [
      () => get(url.href),
      () => get(url),
      () => get(options),
      () => get(url, { headers: { 'x-a': '1' } }),
      () => get(url.href, (response) => response.resume()),
      () => get(url, {}, (response) => response.resume()),
      () => get(options, (response) => response.resume()),
      () => get(url, { agent }),
      () => get(url, { agent }),
      () => get(url, { agent: false }),
      () => request({ ...options, method: 'POST' }).end('body'),
      () => {
        const outgoing = request({ ...options, method: 'PUT', headers: { 'content-length': '4' } })
        outgoing.flushHeaders()
        setTimeout(() => outgoing.end('body'), 2)
        return outgoing
      },
      () => {
        const outgoing = request({ ...options, method: 'POST' })
        outgoing.write('one')
        outgoing.write('two')
        outgoing.end()
        return outgoing
      },
    ]
    for (const way of ways) {
      const [response] = await once(way(), 'response')
      response.resume()
      await closed(response)
      await pair()
    }
    agent.destroy()
  })

  it('put their headers where the caller gave a list, named the parent already, or waits for 100 Continue', async () => {
    const stale = '00-11111111111111111111111111111111-2222222222222222-01'
    const forms: (OutgoingHttpHeaders | readonly string[])[] = [
      { traceparent: stale },
      { TraceParent: stale, Host: 'named.test:81' },
      ['Host', 'named.test:81', 'X-Twice', '1', 'X-Twice', '2', 'Traceparent', stale],
      { Expect: '100-continue' },
    ]
    for (const headers of forms) {
      const outgoing = request({ port: site.port, host: '127.0.0.1', path: '/x', headers, method: 'POST' })
      outgoing.end('body')
      const seen = await answer(outgoing)
      const { client } = await pair()
      assert.equal(seen.headers.traceparent, `00-${client.traceId}-${client.spanId}-03`)
      assert.equal(seen.raw.filter((name: string) => name.toLowerCase() === 'traceparent').length, 1)
      if (Array.isArray(headers)) {
        assert.equal(seen.headers['x-twice'], '1, 2')
        assert.equal(client.attributes['url.full'], 'http://named.test:81/x')
        assert.equal(client.attributes['server.port'], 81)
      }
    }
  })

  it('replace a header that was set by method', async () => {
    const outgoing = request(`${site.origin}/x`)
    outgoing.setHeader('Traceparent', 'nonsense')
    outgoing.end()
    const seen = await answer(outgoing)
    const { client } = await pair()
    assert.equal(seen.headers.traceparent, `00-${client.traceId}-${client.spanId}-03`)
  })

  it('are children of the active span, which their listeners see again', async () => {
    const seen: (string | undefined)[] = []
    await withSpan('outer', async () => {
      const outgoing = get(`${site.origin}/x`, (response) => {
        seen.push(active())
        response.on('data', () => seen.push(active()))
        response.on('end', () => seen.push(active()))
      })
      outgoing.on('socket', () => seen.push(active()))
      const [response] = await once(outgoing, 'response')
      seen.push(active())
      await closed(response)
      seen.push(active())
    })
    const spans = await finished(sink, 3)
    const outer = spans.find(({ name }) => name === 'outer')
    assert.equal(spans.find(({ kind }) => kind === 'client')?.parentSpanId, outer?.spanId)
    assert.ok(seen.length >= 6)
    assert.deepEqual(new Set(seen), new Set([outer?.spanId]))
  })

  it('do not mix up a hundred requests over two sockets', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 2 })
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        withSpan(`caller ${i}`, async () => {
          const response = await new Promise<IncomingMessage>((resolve) => {
            get(`${site.origin}/p${i}`, { agent }, resolve)
          })
          const mine = active()
          await text(response)
          assert.equal(active(), mine)
        }),
      ),
    )
    agent.destroy()
    const spans = await finished(sink, 300)
    const callers = new Map(spans.map((span) => [span.spanId, span.name]))
    for (const span of spans.filter(({ kind }) => kind === 'client')) {
      const path = new URL(String(span.attributes['url.full'])).pathname
      assert.equal(callers.get(span.parentSpanId), `caller ${path.slice(2)}`)
    }
  })

  it('are errors from 400 on, and follow no redirect by themselves', async () => {
    for (const [status, code] of [
      [302, 'unset'],
      [404, 'error'],
      [500, 'error'],
    ] as const) {
      await answer(get(`${site.origin}/${status}`))
      const { client } = await pair()
      assert.equal(client.attributes['http.response.status_code'], status)
      assert.equal(client.status.code, code)
      assert.equal(client.attributes['error.type'], code === 'error' ? String(status) : undefined)
    }
  })

  it('record a refused connection, and leave the error to the caller', async () => {
    const unused = await listen(() => {})
    await unused.close()
    const outgoing = get(`http://alice:hunter2@127.0.0.1:${unused.port}/x`)
    const [error] = await once(outgoing, 'error')
    assert.equal(error.code, 'ECONNREFUSED')
    const [span] = await finished(sink, 1)
    assert.equal(span?.status.code, 'error')
    assert.equal(span?.attributes['error.type'], 'ECONNREFUSED')
    assert.equal(span?.events[0]?.attributes['exception.message'], error.message)
    assertNoSecret([span as SpanData], 'hunter2')
  })

  it('record a timeout, a signal, and a request destroyed by hand', async () => {
    const late = get(`${site.origin}/silent`, { timeout: 10 })
    late.on('timeout', () => late.destroy(Object.assign(new Error('too late'), { code: 'LATE' })))
    await once(late, 'error')
    const abort = new AbortController()
    const aborted = get(`${site.origin}/silent`, { signal: abort.signal })
    await once(aborted, 'socket')
    setTimeout(() => abort.abort(), 10)
    await once(aborted, 'error')
    const destroyed = get(`${site.origin}/silent`)
    await once(destroyed, 'socket')
    setTimeout(() => destroyed.destroy(), 10)
    await once(destroyed, 'error')
    const spans = (await finished(sink, 6)).filter(({ kind }) => kind === 'client')
    assert.deepEqual(
      spans.map(({ attributes, status }) => [attributes['error.type'], status.code]),
      [
        ['LATE', 'error'],
        ['ABORT_ERR', 'error'],
        ['ECONNRESET', 'error'],
      ],
    )
  })

  it('record a response that was cut short, with and without a listener for errors', async () => {
    for (const listens of [true, false]) {
      const [response] = await once(get(`${site.origin}/half`), 'response')
      if (listens) response.on('error', () => {})
      response.resume()
      await closed(response)
      const spans = await finished(sink, 2)
      const client = spans.find(({ kind }) => kind === 'client')
      assert.equal(client?.status.code, 'error')
      assert.equal(client?.attributes['error.type'], 'ECONNRESET')
      assert.equal(client?.attributes['http.response.status_code'], 200)
    }
  })

  it('end when nobody listens for the response, and when nobody reads it until the socket is gone', async () => {
    get(`${site.origin}/x`)
    await pair()
    const outgoing = get(`${site.origin}/x`)
    await once(outgoing, 'response')
    await sleep(10)
    assert.equal(sink.spans.filter(({ kind }) => kind === 'client').length, 0)
    outgoing.destroy()
    await pair()
  })

  it('leave an error without a listener to crash as it would', async () => {
    const outgoing = request(`${site.origin}/x`)
    assert.throws(() => outgoing.emit('error', new Error('nobody listens')), /nobody listens/)
    outgoing.on('error', () => {}).destroy()
    await finished(sink, 0)
  })

  it('throw what Node throws for a header that cannot be sent, and are finished then', async () => {
    const outgoing = (): ClientRequest =>
      request({ port: site.port, path: '/x', headers: ['Host', 'x', 'X-Bad', 'a\r\nb'] as never })
    assert.throws(outgoing, { code: 'ERR_INVALID_CHAR' })
    const [span] = await finished(sink, 1)
    assert.equal(span?.status.code, 'error')
  })

  it('end with a change of protocol', async () => {
    const server = createServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nraw')
      })
      socket.on('error', () => {})
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const outgoing = get({ port, headers: { upgrade: 'echo', connection: 'upgrade' } })
    const [, socket] = await once(outgoing, 'upgrade')
    const [span] = await finished(sink, 1)
    assert.equal(span?.attributes['http.response.status_code'], 101)
    socket.destroy()
    server.close()
  })

  it('send no header that a propagator got wrong', async () => {
    await shutdown()
    const wrong: Propagator = {
      name: 'wrong',
      fields: [],
      extract: () => false,
      inject(_context, carrier, { set }) {
        set(carrier, 'x-good', 'good')
        set(carrier, 'x-number', 7 as never)
        set(carrier, 'x-bad', 'line\r\nbreak')
        set(carrier, 'x-none', undefined as never)
        set(carrier, 'bad name', 'x')
      },
    }
    sink = trace({ propagators: [wrong] })
    const seen = await answer(get(`${site.origin}/x`))
    assert.deepEqual(
      Object.fromEntries(Object.entries(seen.headers).filter(([name]) => name.startsWith('x-'))),
      { 'x-good': 'good', 'x-number': '7' },
    )
    await finished(sink, 2)
    await shutdown()
    sink = trace()
  })

  it('leave requests of a marked agent alone, as those of the exporter are', async () => {
    const agent = Object.assign(new Agent(), { [Symbol.for('spoor.untraced')]: true })
    const seen = await answer(get(`${site.origin}/x`, { agent }))
    assert.equal(seen.headers.traceparent, undefined)
    const [span] = await finished(sink, 1)
    assert.equal(span?.kind, 'server')
  })

  it('pass on the decision not to sample', async () => {
    await shutdown()
    sink = trace({ sampler: (await import('../../dist/esm/tracer/sampler.js')).alwaysOff })
    const seen = await answer(get(`${site.origin}/x`))
    assert.match(seen.headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[02]$/)
    await finished(sink, 0)
    await shutdown()
    sink = trace()
  })
})
