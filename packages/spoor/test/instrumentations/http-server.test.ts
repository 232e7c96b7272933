import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { pipeline, Readable, Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { activeSpan, withSpan } from 'spoor'
import type { MemorySink } from 'spoor/export'
import {
  ask,
  assertNoSecret,
  finished,
  type Listening,
  listen,
  load,
  raw,
  serverSpan,
  shutdown,
  trace,
} from './support/web.ts'

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const active = (): string | undefined => activeSpan()?.context().toSpanId()

describe('server spans of node:http', () => {
  let sink: MemorySink
  let site: Listening
  const open: Listening[] = []

  before(() => {
    sink = trace()
  })
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close()
    sink.reset()
  })
  after(() => shutdown())

  const serve: typeof listen = async (what) => {
    site = await listen(what)
    open.push(site)
    return site
  }

  it('tell method, path, status, host, client and agent', async () => {
    await serve((_, response) => response.writeHead(201).end('made'))
    const answer = await ask(site.origin, '/things?size=3&token=s3cret', {
      method: 'POST',
      headers: { 'user-agent': 'test/1.0' },
      body: '{}',
    })
    assert.equal(answer.status, 201)
    const span = await serverSpan(sink)
    assert.equal(span.name, 'POST')
    assert.equal(span.parentSpanId, '')
    assert.equal(span.status.code, 'unset')
    assert.deepEqual(span.attributes, {
      'http.request.method': 'POST',
      'url.scheme': 'http',
      'url.path': '/things',
      'url.query': 'size=3&token=REDACTED',
      'network.protocol.version': '1.1',
      'client.address': '127.0.0.1',
      'server.address': '127.0.0.1',
      'server.port': site.port,
      'user_agent.original': 'test/1.0',
      'http.response.status_code': 201,
    })
    assertNoSecret([span], 's3cret')
  })

  it('are errors from 500 on, and not below', async () => {
    await serve((incoming, response) => response.writeHead(Number(incoming.url?.slice(1))).end())
    for (const [status, code] of [
      [404, 'unset'],
      [499, 'unset'],
      [500, 'error'],
      [503, 'error'],
    ] as const) {
      await ask(site.origin, `/${status}`)
      const span = await serverSpan(sink)
      assert.equal(span.status.code, code)
      assert.equal(span.attributes['error.type'], code === 'error' ? String(status) : undefined)
    }
  })

  it('continue the trace of the caller, and its decision not to sample', async () => {
    await serve((_, response) => response.end(active()))
    await ask(site.origin, '/', { headers: { traceparent: TRACEPARENT, tracestate: 'vendor=x' } })
    const span = await serverSpan(sink)
    assert.equal(span.traceId, '0af7651916cd43dd8448eb211c80319c')
    assert.equal(span.parentSpanId, 'b7ad6b7169203331')
    assert.equal(span.parentIsRemote, true)
    assert.equal(span.traceState, 'vendor=x')
    await ask(site.origin, '/', { headers: { traceparent: TRACEPARENT.replace(/01$/, '00') } })
    await finished(sink, 0)
  })

  it('begin a trace of their own when the server began to listen inside a span', async () => {
    const seen: (string | undefined)[] = []
    await withSpan('start', async () => {
      await serve((incoming, response) => {
        incoming.on('data', () => seen.push(active()))
        incoming.on('end', () => {
          seen.push(active())
          response.end()
        })
        response.on('finish', () => seen.push(active()))
      })
    })
    await ask(site.origin, '/', { method: 'POST', body: 'x' })
    const [, span] = await finished(sink, 2)
    assert.equal(span?.parentSpanId, '')
    assert.deepEqual(seen, [span?.spanId, span?.spanId, span?.spanId])
  })

  it('are active in whatever way the body is read', async () => {
    const ways: { [path: string]: (incoming: IncomingMessage, done: (seen: unknown[]) => void) => void } = {
      '/events'(incoming, done) {
        const seen: unknown[] = []
        incoming.on('data', () => seen.push(active()))
        incoming.on('end', () => {
          seen.push(active())
          done(seen)
        })
      },
      '/readable'(incoming, done) {
        const seen: unknown[] = []
        incoming.on('readable', () => {
          seen.push(active())
          while (incoming.read() !== null);
        })
        incoming.on('end', () => done(seen))
      },
      async '/iterate'(incoming, done) {
        const seen: unknown[] = []
        for await (const _ of incoming) seen.push(active())
        seen.push(active())
        done(seen)
      },
      '/pipe'(incoming, done) {
        const seen: unknown[] = []
        const through = new Transform({
          transform(chunk, _, next) {
            seen.push(active())
            next(null, chunk)
          },
          flush(next) {
            seen.push(active())
            next()
          },
        })
        pipeline(incoming, through, () => done(seen)).resume()
      },
      async '/late'(incoming, done) {
        await sleep(20)
        const seen: unknown[] = []
        incoming.on('data', () => seen.push(active()))
        incoming.on('end', () => done(seen))
      },
      async '/timer'(incoming, done) {
        await text(incoming)
        setTimeout(() => setImmediate(() => process.nextTick(() => done([active()]))), 2)
      },
    }
    await serve((incoming, response) => {
      ways[incoming.url ?? '']?.(incoming, (seen) => response.end(JSON.stringify(seen)))
    })
    for (const way of Object.keys(ways)) {
      const socket = connect(site.port, '127.0.0.1')
      socket.write(`POST ${way} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nConnection: close\r\n\r\n12345`)
      setTimeout(() => socket.write('67890'), 10)
      const answer = await text(socket)
      const span = await serverSpan(sink)
      const seen: unknown[] = JSON.parse(/\[.*?\]/.exec(answer)?.[0] ?? '[]')
      assert.ok(seen.length > 0, way)
      assert.deepEqual(new Set(seen), new Set([span.spanId]), way)
    }
  })

  it('are one for each request of a connection that is kept alive, also when the requests are pipelined', async () => {
    await serve(async (incoming, response) => {
      await sleep(incoming.url === '/1' ? 15 : 1)
      response.end(`${incoming.url} ${active()}\n`)
    })
    const requests = [1, 2, 3].map((n) => `GET /${n} HTTP/1.1\r\nHost: x\r\n\r\n`).join('')
    const last = 'GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    const answer = await raw(site.port, requests + last)
    const answered = [...answer.matchAll(/^(\/\d) (\w{16})$/gm)].map(([, path, id]) => [path, id])
    assert.deepEqual(
      answered.map(([path]) => path),
      ['/1', '/2', '/3', '/4'],
    )
    const spans = await finished(sink, 4)
    for (const [path, id] of answered) {
      assert.equal(spans.find(({ spanId }) => spanId === id)?.attributes['url.path'], path)
    }
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 4)
  })

  it('do not mix up a hundred requests at once', async () => {
    await serve(async (incoming, response) => {
      await text(incoming)
      await withSpan('work', async (span) => {
        span.setTag('path', incoming.url)
        await sleep(Number(incoming.url?.slice(1)) % 9)
      })
      response.end()
    })
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => ask(site.origin, `/${i}`, { method: 'POST', body: 'x' })),
    )
    const spans = await finished(sink, 200)
    const paths = new Map(spans.map((span) => [span.spanId, span.attributes['url.path']]))
    for (const span of spans) {
      if (span.name === 'work') assert.equal(paths.get(span.parentSpanId), span.attributes['path'])
    }
  })

  it('end with a streamed response, not with its first byte', async () => {
    await serve((_, response) => {
      Readable.from(
        (async function* () {
          for (let i = 0; i < 3; i += 1) {
            await sleep(10)
            yield `${active()}\n`
          }
        })(),
      ).pipe(response)
    })
    const { body } = await ask(site.origin)
    const span = await serverSpan(sink)
    assert.equal(body, `${span.spanId}\n`.repeat(3))
    assert.ok(span.endTime - span.startTime >= 25)
  })

  it('tell of a client that went away, and claim no status that was not sent', async () => {
    let arrived: () => void = () => {}
    await serve(() => arrived())
    const socket = connect(site.port, '127.0.0.1')
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise<void>((resolve) => (arrived = resolve))
    socket.destroy()
    const span = await serverSpan(sink)
    assert.equal(span.attributes['http.response.status_code'], undefined)
    assert.deepEqual(
      span.events.map(({ name }) => name),
      ['aborted'],
    )
    assert.equal(span.status.code, 'unset')
  })

  it('leave HEAD, 204 and 304 without a body alone', async () => {
    await serve((incoming, response) => response.writeHead(incoming.method === 'HEAD' ? 200 : 304).end())
    assert.equal((await ask(site.origin, '/', { method: 'HEAD' })).status, 200)
    assert.equal((await serverSpan(sink)).name, 'HEAD')
    assert.equal((await ask(site.origin)).status, 304)
    assert.equal((await serverSpan(sink)).attributes['http.response.status_code'], 304)
  })

  it('are one where a body is announced with Expect: 100-continue, with and without a listener for that', async () => {
    const server = createServer((incoming, response) => {
      incoming.resume().on('end', () => response.end(active()))
    })
    await serve(server)
    const bytes =
      'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi'
    assert.match(await raw(site.port, bytes), /100 Continue[\s\S]*200 OK/)
    await serverSpan(sink)
    server.on('checkContinue', (incoming, response) => {
      response.writeContinue()
      server.emit('request', incoming, response)
    })
    assert.match(await raw(site.port, bytes), /100 Continue[\s\S]*200 OK/)
    await serverSpan(sink)
    server.on('checkExpectation', (_, response) => response.writeHead(417).end())
    assert.match(await raw(site.port, bytes.replace('100-continue', 'miracle')), /417/)
    assert.equal((await serverSpan(sink)).attributes['http.response.status_code'], 417)
  })

  it('are one for a request that one server hands to another', async () => {
    const inner = createServer((_, response) => response.end(active()))
    await serve((incoming, response) => {
      inner.emit('request', incoming, response)
    })
    assert.equal((await ask(site.origin)).body, (await serverSpan(sink)).spanId)
  })

  it('let anybody emit anything on a server, with as many arguments as they like', () => {
    const server = new Server()
    const counts: number[] = []
    for (const event of ['request', 'custom', 'checkContinue']) {
      server.removeAllListeners(event)
      server.on(event, (...args) => counts.push(args.length))
    }
    server.emit('request')
    server.emit('request', null, undefined)
    server.emit('request', 'text', 7)
    server.emit('custom')
    server.emit('custom', 1)
    server.emit('custom', 1, 2, 3, 4)
    server.emit('checkContinue')
    assert.deepEqual(counts, [0, 2, 2, 0, 1, 4, 0])
    assert.equal(new Server().emit('nobody listens'), false)
  })

  it('serve requests that somebody made by hand, of however little', async () => {
    const server = new Server()
    let seen: string | undefined
    server.on('request', () => (seen = active()))
    server.emit('request', {} as IncomingMessage, {} as ServerResponse)
    assert.match(seen ?? '', /^[0-9a-f]{16}$/)
    server.emit(
      'request',
      { url: '/x', headers: { traceparent: TRACEPARENT } } as never,
      {} as ServerResponse,
    )
    assert.equal(activeSpan(), null)
    // What was made by hand never ends; the next real request is traced as ever.
    await serve((_, response) => response.end())
    await ask(site.origin)
    await serverSpan(sink)
  })

  it('let an error of a listener reach whom it would reach without them', async () => {
    const server = new Server()
    const error = new Error('thrown on purpose')
    server.on('request', () => {
      throw error
    })
    assert.throws(
      () => server.emit('request', new IncomingMessage(null as never), {} as ServerResponse),
      (thrown) => thrown === error,
    )
    assert.equal(activeSpan(), null)
  })

  it('leave a change of protocol to whoever listens for it', async () => {
    const { WebSocketServer, WebSocket } = load('ws')
    const server = createServer((_, response) => response.end('plain'))
    await serve(server)
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket: any) =>
      socket.on('message', (data: Buffer) => socket.send(`echo ${data}`)),
    )
    const socket = new WebSocket(`ws://127.0.0.1:${site.port}/chat`, { agent: undefined })
    await once(socket, 'open')
    socket.send('hello')
    const [message] = await once(socket, 'message')
    assert.equal(String(message), 'echo hello')
    socket.close()
    await once(socket, 'close')
    sockets.close()
    // The handshake on either side; then what ws says of the messages and of the end.
    const spans = await finished(sink, 6)
    assert.deepEqual(spans.map(({ kind, name }) => `${kind} ${name}`).sort(), [
      'client GET',
      'consumer close',
      'consumer receive',
      'consumer receive',
      'producer send',
      'server GET',
    ])
  })

  it('mask credentials in the absolute form that proxies get', async () => {
    await serve((incoming, response) => response.end(incoming.url))
    const answer = await raw(
      site.port,
      'GET http://alice:hunter2@example.test/p?q=1&api_key=k3y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    )
    assert.match(answer, /http:\/\/alice:hunter2@example\.test/)
    const span = await serverSpan(sink)
    assert.equal(span.attributes['url.path'], '/p')
    assert.equal(span.attributes['url.query'], 'q=1&api_key=REDACTED')
    assertNoSecret([span], 'hunter2', 'alice', 'k3y')
    await raw(site.port, 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    assert.equal((await serverSpan(sink)).attributes['url.path'], '*')
  })

  it('do not let clients invent span names', async () => {
    await serve((_, response) => response.end())
    await raw(site.port, 'PROPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const span = await serverSpan(sink)
    assert.equal(span.name, 'HTTP')
    assert.equal(span.attributes['http.request.method'], '_OTHER')
    assert.equal(span.attributes['http.request.method_original'], 'PROPFIND')
  })

  it('follow the dialect of OpenTracing where that is asked for', async () => {
    await shutdown()
    sink = trace({ dialect: 'opentracing' })
    await serve((_, response) => response.writeHead(200).end())
    await ask(site.origin, '/x?y=1')
    const span = await serverSpan(sink)
    const { 'peer.port': port, ...attributes } = span.attributes
    assert.ok(Number(port) > 1023 && port !== site.port, 'the port of the client')
    assert.deepEqual(attributes, {
      component: 'http',
      'http.method': 'GET',
      'http.url': `http://127.0.0.1:${site.port}/x`,
      'peer.address': '127.0.0.1',
      'peer.ipv4': '127.0.0.1',
      'http.status_code': 200,
    })
    await shutdown()
    sink = trace()
  })

  it('cost a request nothing but its shape when nothing is kept of it', async () => {
    await shutdown()
    sink = trace({ sampler: (await import('../../dist/esm/tracer/sampler.js')).alwaysOff })
    let described = 0
    await serve((incoming, response) => {
      Object.defineProperty(incoming, 'httpVersion', { get: () => (described += 1) })
      response.end(String(activeSpan()?.context().toTraceId().length))
    })
    assert.equal((await ask(site.origin)).body, '32')
    await finished(sink, 0)
    assert.equal(described, 0)
    await shutdown()
    sink = trace()
  })

  it('undo themselves: prototypes are as they were, and nothing is recorded', async () => {
    const targets = [
      [Server.prototype, 'emit'],
      [IncomingMessage.prototype, 'emit'],
      [ServerResponse.prototype, 'emit'],
      [load('node:https').Server.prototype, 'emit'],
      [load('node:http').ClientRequest.prototype, 'emit'],
      [load('node:http').ClientRequest.prototype, '_storeHeader'],
    ] as const
    const traced = targets.map(([target, name]) => (target as any)[name])
    assert.ok(targets.every(([target, name]) => Object.hasOwn(target, name)))
    await shutdown()
    assert.ok(targets.every(([target, name]) => !Object.hasOwn(target, name)))
    targets.forEach(([target, name], i) => {
      const bare = (target as any)[name]
      assert.deepEqual([traced[i].name, traced[i].length], [bare.name, bare.length])
    })
    await serve((_, response) => response.end(String(activeSpan())))
    assert.equal((await ask(site.origin)).body, 'null')
    assert.equal(sink.spans.length, 0)
    sink = trace()
    await ask(site.origin)
    await serverSpan(sink)
  })
})
