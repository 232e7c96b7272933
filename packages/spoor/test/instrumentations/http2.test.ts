import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2'
import { request as requestHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { activeSpan, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { cert, key } from '../export/support/certificate.ts'
import { finished, load, shutdown, trace } from './support/web.ts'

const active = (): string | undefined => activeSpan()?.context().toSpanId()

describe('node:http2', () => {
  let sink: MemorySink
  const cleanup: (() => unknown)[] = []

  before(() => {
    sink = trace()
  })
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step()
    sink.reset()
  })
  after(() => shutdown())

  async function serve(server: Http2Server): Promise<number> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanup.push(() => new Promise((resolve) => server.close(resolve)))
    return (server.address() as AddressInfo).port
  }

  function open(url: string, options = {}): ClientHttp2Session {
    const session = connect(url, options)
    session.on('error', () => {})
    cleanup.push(() => session.destroy())
    return session
  }

  async function answer(stream: ClientHttp2Stream): Promise<string> {
    stream.end()
    const body = await text(stream)
    if (!stream.closed) await once(stream, 'close')
    return body
  }

  async function pair(): Promise<{ client: SpanData; server: SpanData }> {
    const spans = await finished(sink, 2)
    const client = spans.find(({ kind }) => kind === 'client') as SpanData
    const server = spans.find(({ kind }) => kind === 'server') as SpanData
    assert.equal(server.parentSpanId, client.spanId)
    assert.equal(server.traceId, client.traceId)
    return { client, server }
  }

  it('has a span on both sides of a stream', async () => {
    const server = createServer()
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 201 })
      stream.end(active())
    })
    const port = await serve(server)
    const body = await answer(open(`http://127.0.0.1:${port}`).request({ ':path': '/x?a=1&token=s3cret' }))
    const { client, server: served } = await pair()
    assert.equal(body, served.spanId)
    assert.deepEqual(served.attributes, {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/x',
      'url.query': 'a=1&token=REDACTED',
      'network.protocol.version': '2',
      'client.address': '127.0.0.1',
      'server.address': '127.0.0.1',
      'server.port': port,
      'http.response.status_code': 201,
    })
    assert.deepEqual(client.attributes, {
      'http.request.method': 'GET',
      'url.full': `http://127.0.0.1:${port}/x?a=1&token=REDACTED`,
      'server.address': '127.0.0.1',
      'server.port': port,
      'network.protocol.version': '2',
      'http.response.status_code': 201,
    })
  })

  it('has one server span where the compatibility API is used, and it is found from the request', async () => {
    const { serverSpanOf } = await import('../../dist/esm/instrument/open-requests.js')
    const port = await serve(
      createServer((incoming, response) => {
        const found = serverSpanOf(incoming)?.context().toSpanId()
        response.statusCode = 503
        response.end(JSON.stringify([found, serverSpanOf(response)?.context().toSpanId(), active()]))
      }),
    )
    const body = await answer(open(`http://127.0.0.1:${port}`).request({ ':path': '/y' }))
    const { client, server } = await pair()
    assert.deepEqual(JSON.parse(body), [server.spanId, server.spanId, server.spanId])
    assert.deepEqual([server.status.code, client.status.code], ['error', 'error'])
    assert.equal(server.attributes['error.type'], '503')
  })

  it('names requests of a framework by their route', async () => {
    const app = load('fastify')({ http2: true })
    app.get('/users/:id', async () => ({ active: active() }))
    await app.listen({ port: 0, host: '127.0.0.1' })
    cleanup.push(() => app.close())
    const session = open(`http://127.0.0.1:${app.server.address().port}`)
    const body = JSON.parse(await answer(session.request({ ':path': '/users/7' })))
    session.close()
    const { server } = await pair()
    assert.equal(server.name, 'GET /users/:id')
    assert.equal(body.active, server.spanId)
  })

  it('keeps the span in whatever way a body is read', async () => {
    const seen: unknown[] = []
    const server = createServer((incoming, response) => {
      incoming.on('data', () => seen.push(active()))
      incoming.on('end', () => {
        seen.push(active())
        response.end()
      })
      response.on('finish', () => seen.push(active()))
    })
    const streams: unknown[] = []
    server.on('stream', (stream) => {
      stream.on('data', () => streams.push(active()))
      stream.on('close', () => streams.push(active()))
    })
    const port = await serve(server)
    const stream = open(`http://127.0.0.1:${port}`).request({ ':method': 'POST', ':path': '/' })
    stream.write('one')
    await sleep(10)
    stream.write('two')
    await answer(stream)
    const { server: served } = await pair()
    assert.ok(seen.length >= 3)
    assert.deepEqual(new Set([...seen, ...streams]), new Set([served.spanId]))
  })

  it('serves HTTP/1.1 on the same secure port, with the same spans', async () => {
    const server = createSecureServer({ key, cert, allowHTTP1: true }, (incoming, response) => {
      response.end(`${incoming.httpVersion} ${active()}`)
    })
    const port = await serve(server as never)
    const session = open(`https://127.0.0.1:${port}`, { ca: cert })
    const modern = await answer(session.request({ ':path': '/' }))
    const first = await pair()
    assert.equal(modern, `2.0 ${first.server.spanId}`)
    assert.equal(first.server.attributes['url.scheme'], 'https')
    assert.equal(first.client.attributes['url.full'], `https://127.0.0.1:${port}/`)
    const outgoing = requestHttps({ port, host: '127.0.0.1', ca: cert, agent: false })
    outgoing.end()
    const [response] = await once(outgoing, 'response')
    const old = await text(response)
    const second = await pair()
    assert.equal(old, `1.1 ${second.server.spanId}`)
    assert.equal(second.server.attributes['network.protocol.version'], '1.1')
  })

  it('lets listeners of a client run in the caller’s context, and does not mix up a hundred streams', async () => {
    const port = await serve(createServer((incoming, response) => response.end(incoming.url)))
    const session = open(`http://127.0.0.1:${port}`)
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        withSpan(`caller ${i}`, async () => {
          const mine = active()
          const stream = session.request({ ':path': `/${i}` })
          const seen: unknown[] = []
          for (const event of ['response', 'data', 'end', 'close']) {
            stream.on(event, () => seen.push(active()))
          }
          await answer(stream)
          assert.ok(seen.length >= 3)
          assert.deepEqual(new Set([...seen, active()]), new Set([mine]))
        }),
      ),
    )
    const spans = await finished(sink, 300)
    const callers = new Map(spans.map((span) => [span.spanId, span.name]))
    for (const span of spans.filter(({ kind }) => kind === 'client')) {
      const path = new URL(String(span.attributes['url.full'])).pathname
      assert.equal(callers.get(span.parentSpanId), `caller ${path.slice(1)}`)
    }
  })

  it('puts its headers in place of those of the caller, in every form that Node takes', async () => {
    const port = await serve(
      createServer((incoming, response) => {
        const named = incoming.rawHeaders.filter((_, i, all) => all[i - (i % 2)] === 'traceparent')
        response.end(JSON.stringify([named, incoming.headers['x-a']]))
      }),
    )
    const session = open(`http://127.0.0.1:${port}`)
    const stale = '00-11111111111111111111111111111111-2222222222222222-01'
    const forms: unknown[] = [
      { traceparent: stale, 'x-a': '1' },
      { TraceParent: stale, 'X-A': '1' },
      Object.assign(Object.create(null), { 'x-a': '1' }),
      // Since Node 24.
      ...(Number(process.versions.node.split('.')[0]) >= 24
        ? [[':path', '/', ':method', 'GET', 'x-a', '1', 'traceparent', stale]]
        : []),
    ]
    for (const headers of forms) {
      const body = JSON.parse(await answer(session.request(headers as never)))
      const { client } = await pair()
      assert.deepEqual(body, [['traceparent', `00-${client.traceId}-${client.spanId}-03`], '1'])
      if (!Array.isArray(headers))
        assert.equal(Object.keys(headers as object).includes('x-a') || 'X-A' in (headers as object), true)
    }
    assert.equal(
      (forms[0] as { traceparent: string }).traceparent,
      stale,
      'the caller’s object is not changed',
    )
  })

  it('records streams that end badly, on both sides', async () => {
    const server = createServer()
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => {})
      if (headers[':path'] === '/reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR)
      if (headers[':path'] === '/cancel') stream.close(constants.NGHTTP2_CANCEL)
    })
    const port = await serve(server)
    const session = open(`http://127.0.0.1:${port}`)
    for (const path of ['/reset', '/cancel']) {
      const stream = session.request({ ':path': path })
      stream.on('error', () => {})
      stream.end()
      await new Promise((resolve) => stream.on('close', resolve))
      const { client, server: served } = await pair()
      assert.equal(client.status.code, 'error', path)
      assert.equal(client.attributes['error.type'], 'ERR_HTTP2_STREAM_ERROR')
      assert.equal(client.attributes['http.response.status_code'], undefined)
      assert.equal(served.attributes['http.response.status_code'], undefined)
      assert.deepEqual(
        served.events.map(({ name }) => name),
        ['aborted'],
      )
    }
    const waiting = session.request({ ':path': '/silent' })
    waiting.on('error', () => {})
    waiting.end()
    await sleep(20)
    waiting.close(constants.NGHTTP2_CANCEL)
    await new Promise((resolve) => waiting.on('close', resolve))
    const { server: abandoned } = await pair()
    assert.equal(abandoned.events[0]?.name, 'aborted')
  })

  it('throws what Node throws for a request that cannot be made, and finishes its span', async () => {
    const port = await serve(createServer())
    const session = open(`http://127.0.0.1:${port}`)
    assert.throws(() => session.request({ connection: 'close' }), {
      code: 'ERR_HTTP2_INVALID_CONNECTION_HEADERS',
    })
    const [span] = await finished(sink, 1)
    assert.equal(span?.status.code, 'error')
    session.destroy()
    // Thrown until Node 22, emitted by the stream since Node 24.
    const code = await new Promise((resolve) => {
      try {
        session.request({}).on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      } catch (error) {
        resolve((error as NodeJS.ErrnoException).code)
      }
    })
    assert.equal(code, 'ERR_HTTP2_INVALID_SESSION')
    const [refused] = await finished(sink, 1)
    assert.equal(refused?.attributes['error.type'], code)
  })

  it('sees sessions of connect() as a promise', async () => {
    const port = await serve(createServer((_, response) => response.end()))
    const session = (await promisify(connect)(`http://127.0.0.1:${port}`)) as ClientHttp2Session
    cleanup.push(() => session.destroy())
    await answer(session.request({ ':path': '/' }))
    await pair()
  })

  it('undoes itself', async () => {
    const port = await serve(createServer((_, response) => response.end(String(activeSpan()))))
    const session = open(`http://127.0.0.1:${port}`)
    await answer(session.request({ ':path': '/' }))
    await pair()
    await shutdown()
    assert.equal(await answer(session.request({ ':path': '/' })), 'null')
    assert.equal(sink.spans.length, 0)
    assert.equal(Symbol.for('spoor.wrapped') in session.request, false)
    assert.equal(Symbol.for('spoor.wrapped') in connect, false)
    sink = trace()
    await answer(session.request({ ':path': '/' }))
    await finished(sink, 1)
    open(`http://127.0.0.1:${port}`)
    await answer(session.request({ ':path': '/' }))
    await pair()
  })
})
