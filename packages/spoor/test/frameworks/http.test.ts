import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2, type Http2Server } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { init, shutdown } from 'spoor'
import { HttpTracing } from 'spoor/http'
import { type MockSpan, MockTracer } from 'spoor/testing'
import { cert, key } from '../export/support/certificate.ts'
import { ask, type Listening, listen, load } from '../instrumentations/support/web.ts'

const cleanup: (() => unknown)[] = []
let tracer: MockTracer

/** Waits until so many server spans have finished: the clients of HTTP/2 are traced too, beside `init()`. */
async function spans(count: number): Promise<MockSpan[]> {
  const served = () => tracer.finishedSpans().filter(({ tags }) => tags['span.kind'] === 'server')
  const deadline = Date.now() + 5000
  while (served().length < count && Date.now() < deadline) await sleep(2)
  await sleep(10)
  const names = served().map(({ operationName }) => operationName)
  assert.equal(names.length, count, `got ${names.join(', ')}`)
  return served()
}

async function started(server: Parameters<typeof listen>[0]): Promise<Listening> {
  const listening = await listen(server)
  cleanup.push(() => listening.close())
  return listening
}

async function startedHttp2(server: Http2Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function askHttp2(origin: string, path: string): Promise<string> {
  const session = connect(origin)
  try {
    const stream = session.request({ ':path': path })
    stream.end()
    return await text(stream)
  } finally {
    session.close()
  }
}

beforeEach(() => {
  tracer = new MockTracer({ strictExtract: false })
})
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

describe('a tracing object on a server of node:http', () => {
  it('may be attached before and after the server listens, and lets go of it again', async () => {
    const server = createServer((_, response) => response.end(String(tracer.activeSpan !== null)))
    const before = new HttpTracing({ tracer, app: server })
    const { origin } = await started(server)
    assert.equal((await ask(origin, '/a')).body, 'true')
    before.detach(server)
    assert.equal((await ask(origin, '/b')).body, 'false')
    before.attach(server)
    assert.equal((await ask(origin, '/c')).body, 'true')
    const [first, second] = await spans(2)
    assert.equal(first?.tags['http.url'], `${origin}/a`)
    assert.equal(second?.tags['http.url'], `${origin}/c`)
    assert.equal(first?.tags['component'], 'http')
  })

  it('traces https, under its own scheme', async () => {
    const server = createHttps({ key, cert }, (_, response) => response.end())
    new HttpTracing({ tracer, app: server })
    const { port } = await started(server as never)
    const agent = new (await import('node:https')).Agent({ rejectUnauthorized: false })
    await new Promise((resolve, reject) => {
      const outgoing = load('node:https').request(
        `https://127.0.0.1:${port}/x`,
        { agent },
        (response: IncomingMessage) => response.resume().on('end', resolve),
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
    agent.destroy()
    const [span] = await spans(1)
    assert.equal(span?.tags['http.url'], `https://127.0.0.1:${port}/x`)
  })

  it('traces requests that ask before they send their body, and those with an expectation of their own', async () => {
    const server = createServer((_, response) => response.end('plain'))
    server.on('checkContinue', (_, response) => {
      response.writeContinue()
      response.end('continued')
    })
    server.on('checkExpectation', (_, response) => response.writeHead(417).end())
    new HttpTracing({ tracer, app: server })
    const { origin } = await started(server)
    const headers = (expect: string) => ({ headers: { expect }, method: 'POST', body: 'x' })
    assert.equal((await ask(origin, '/continue', headers('100-continue'))).body, 'continued')
    assert.equal((await ask(origin, '/other', headers('a-miracle'))).status, 417)
    const statuses = (await spans(2)).map(({ tags }) => tags['http.status_code'])
    assert.deepEqual(statuses, [200, 417])
  })

  it('leaves everything else that is emitted as it is', async () => {
    const server = createServer()
    new HttpTracing({ tracer, app: server })
    const seen: unknown[] = []
    server.on('request', (...args) => seen.push(args))
    server.on('anything', (...args) => seen.push(args))
    assert.equal(server.emit('anything', 1, 2, 3), true)
    assert.equal(server.emit('nothing'), false)
    server.emit('request', 'no request' as never)
    assert.deepEqual(seen, [[1, 2, 3], ['no request']])
    assert.deepEqual(tracer.finishedSpans(), [])
  })

  it('makes one span with init(), and tells it what both were asked for', async () => {
    init({ tracer, logLevel: 'silent', tracedAttributes: ['httpVersion'] })
    cleanup.push(shutdown)
    const server = createServer((_, response) => response.end())
    new HttpTracing({ app: server, tracedAttributes: ['method'] })
    const { origin } = await started(server)
    await ask(origin, '/both')
    const [span] = await spans(1)
    assert.equal(span?.tags['httpVersion'], '1.1')
    assert.equal(span?.tags['method'], 'GET')
  })

  it('refuses what is neither a server nor an application', () => {
    assert.throws(() => new HttpTracing({ tracer, app: {} as never }), {
      code: 'SPOOR_NOT_AN_APP',
      message: /node:http2.*Connect, Restify or h3/,
    })
  })
})

describe('a handler of node:http that is marked', () => {
  it('is traced alone, and named by the method', async () => {
    const tracing = new HttpTracing({ tracer })
    const traced = tracing.trace(['url'], (incoming: IncomingMessage, response: ServerResponse) => {
      response.end(String(tracing.getSpan(incoming) === tracer.activeSpan))
    })
    const { origin } = await started((incoming, response) =>
      incoming.url === '/traced' ? traced(incoming, response) : response.end('untraced'),
    )
    assert.equal((await ask(origin, '/traced')).body, 'true')
    assert.equal((await ask(origin, '/other')).body, 'untraced')
    const [span] = await spans(1)
    assert.equal(span?.operationName, 'GET')
    assert.equal(span?.tags['url'], '/traced')
  })

  it('that throws ends its span, for nobody answers for it, and the error goes where it went before', async () => {
    const thrown = new Error('nobody answers')
    const caught: unknown[] = []
    const handler = new HttpTracing({ tracer }).trace((_: IncomingMessage, __: ServerResponse) => {
      throw thrown
    })
    const { origin } = await started((incoming, response) => {
      try {
        handler(incoming, response)
      } catch (error) {
        caught.push(error)
        response.destroy()
      }
    })
    await assert.rejects(ask(origin, '/'))
    const [span] = await spans(1)
    assert.deepEqual(caught, [thrown])
    assert.equal(span?.tags['error'], true)
    assert.equal(span?.tags['http.status_code'], undefined)
    assert.equal(span?.logs[0]?.fields['error.object'], thrown)
  })

  it('that rejects does the same, and its promise rejects with the very error', async () => {
    const rejected = new Error('later')
    const handler = new HttpTracing({ tracer }).trace(async (_: IncomingMessage, __: ServerResponse) => {
      await sleep(1)
      throw rejected
    })
    const { origin } = await started((incoming, response) => {
      handler(incoming, response).catch((error) => {
        assert.equal(error, rejected)
        response.writeHead(500).end('answered all the same')
      })
    })
    assert.equal((await ask(origin, '/')).body, 'answered all the same')
    const [span] = await spans(1)
    assert.equal(span?.tags['error'], true)
    assert.equal(span?.logs.filter(({ fields }) => fields['event'] === 'error').length, 1)
  })

  it('in the manner of the pages of Next has its status from the response, for Next answers when it throws', async () => {
    const page = new HttpTracing({ tracer }).trace(['query.id'], (incoming: { query: object }, _: object) => {
      assert.ok(incoming.query)
      throw new Error('page')
    })
    const { origin } = await started((incoming, response) => {
      Object.assign(incoming, { query: { id: '7' } })
      Object.assign(response, { status: () => response, json: () => response })
      try {
        page(incoming as never, response)
      } catch {
        response.writeHead(500).end()
      }
    })
    await ask(origin, '/api/pages?id=7')
    const [span] = await spans(1)
    assert.equal(span?.tags['http.status_code'], 500)
    assert.equal(span?.tags['query.id'], '7')
    assert.equal(span?.tags['error'], true)
  })
})

describe('a tracing object on a server of node:http2', () => {
  for (const [way, prepare] of [
    ['by hand', () => {}],
    [
      'beside init()',
      () => {
        init({ tracer, logLevel: 'silent' })
        cleanup.push(shutdown)
      },
    ],
  ] as const) {
    it(`traces requests and responses of the compatibility API, ${way}`, async () => {
      prepare()
      const server = createHttp2((incoming, response) => {
        response.end(`${incoming.url} ${tracer.activeSpan !== null}`)
      })
      const tracing = new HttpTracing({ tracer, app: server, tracedAttributes: ['url'] })
      const origin = await startedHttp2(server)
      assert.ok(tracing)
      assert.equal(await askHttp2(origin, '/compatible'), '/compatible true')
      const [span] = await spans(1)
      assert.equal(span?.operationName, 'GET')
      assert.equal(span?.tags['http.status_code'], 200)
      assert.equal(span?.tags['url'], '/compatible')
      assert.equal(span?.tags['http.url'], `${origin}/compatible`)
    })

    it(`traces streams, of which attributes and callbacks get method, URL and headers, ${way}`, async () => {
      prepare()
      const server = createHttp2()
      const requests: unknown[] = []
      const tracing: HttpTracing = new HttpTracing({
        tracer,
        app: server,
        tracedAttributes: ['method', 'headers.:path'],
        startSpanCallback: (_, incoming) => requests.push(tracing.getSpan(incoming)),
      })
      server.on('stream', (stream) => {
        requests.push(tracing.getSpan(stream))
        stream.respond({ ':status': 201 })
        stream.end(String(tracer.activeSpan !== null))
      })
      const origin = await startedHttp2(server)
      assert.equal(await askHttp2(origin, '/stream?a=1'), 'true')
      const [span] = await spans(1)
      assert.equal(span?.tags['http.status_code'], 201)
      assert.equal(span?.tags['http.url'], `${origin}/stream`)
      assert.equal(span?.tags['method'], 'GET')
      assert.deepEqual(requests, [span, span])
    })
  }

  it('ends the span of a stream that is reset, and says so', async () => {
    const server = createHttp2()
    new HttpTracing({ tracer, app: server })
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 })
      stream.write('begun')
    })
    const origin = await startedHttp2(server)
    const session = connect(origin)
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    await once(stream, 'data')
    stream.close(8)
    const [span] = await spans(1)
    session.close()
    assert.deepEqual(
      span?.logs.map(({ fields }) => fields['event']),
      ['aborted'],
    )
  })

  it('marks listeners for streams', async () => {
    const server = createHttp2()
    const tracing = new HttpTracing({ tracer })
    server.on(
      'stream',
      tracing.trace((stream) => {
        stream.respond({ ':status': 204 }, { endStream: true })
      }),
    )
    const origin = await startedHttp2(server)
    await askHttp2(origin, '/marked')
    const [span] = await spans(1)
    assert.equal(span?.tags['http.status_code'], 204)
  })
})

describe('trustProxy', () => {
  const forwarded = {
    forwarded: 'for=192.0.2.60;proto=https;host="shop.example:8443", for=10.0.0.1',
  }

  it('is off: anybody may send such headers', async () => {
    const server = createServer((_, response) => response.end())
    new HttpTracing({ tracer, app: server })
    const { origin } = await started(server)
    await ask(origin, '/x', { headers: forwarded })
    const [span] = await spans(1)
    assert.equal(span?.tags['http.url'], `${origin}/x`)
    assert.equal(span?.tags['peer.ipv4'], '127.0.0.1')
  })

  it('tells scheme, host and client as the proxy saw them', async () => {
    const server = createServer((_, response) => response.end())
    new HttpTracing({ tracer, app: server, trustProxy: true })
    const { origin } = await started(server)
    await ask(origin, '/x?y=1', { headers: forwarded })
    const [span] = await spans(1)
    assert.equal(span?.tags['http.url'], 'https://shop.example:8443/x')
    assert.equal(span?.tags['peer.ipv4'], '192.0.2.60')
    assert.equal(span?.tags['peer.address'], '192.0.2.60')
    assert.equal(span?.tags['peer.port'], undefined, 'the port of the socket is the proxy’s')
  })

  it('may be said to init() for all servers, those of node:http2 too', async () => {
    init({ tracer, logLevel: 'silent', trustProxy: true })
    cleanup.push(shutdown)
    const { origin } = await started((_, response) => response.end())
    await ask(origin, '/x', { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' } })
    const http2 = createHttp2()
    http2.on('stream', (stream) => {
      stream.respond({ ':status': 200 })
      stream.end()
    })
    const session = connect(await startedHttp2(http2))
    await text(session.request({ ':path': '/', forwarded: 'host=shop.example;for=192.0.2.2' }).end())
    session.close()
    const [first, second] = await spans(2)
    assert.equal(first?.tags['http.url'], `${origin.replace('http', 'https')}/x`)
    assert.equal(first?.tags['peer.ipv4'], '192.0.2.1')
    assert.equal(second?.tags['http.url'], 'http://shop.example/')
    assert.equal(second?.tags['peer.ipv4'], '192.0.2.2')
  })

  it('holds where init() has opened the span, which does not trust', async () => {
    init({ tracer, logLevel: 'silent' })
    cleanup.push(shutdown)
    const server = createServer((_, response) => response.end())
    new HttpTracing({ app: server, trustProxy: true })
    const { origin } = await started(server)
    await ask(origin, '/x', { headers: forwarded })
    const [span] = await spans(1)
    assert.equal(span?.tags['http.url'], 'https://shop.example:8443/x')
    assert.equal(span?.tags['peer.ipv4'], '192.0.2.60')
  })
})

describe('requests on one connection', () => {
  it('are one trace each', async () => {
    const server = createServer((_, response) => response.end())
    new HttpTracing({ tracer, app: server })
    const { origin } = await started(server)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let i = 0; i < 3; i += 1) {
      await new Promise((resolve) =>
        request(origin, { agent }, (response) => response.resume().on('end', resolve)).end(),
      )
    }
    agent.destroy()
    const traces = new Set((await spans(3)).map((span) => span.traceId))
    assert.equal(traces.size, 3)
  })
})
