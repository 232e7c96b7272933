import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { after, afterEach, describe, it } from 'node:test'
import { activeSpan, tracer, withSpan } from 'spoor'
import type { MemorySink } from 'spoor/export'
import { HttpTracing } from 'spoor/http'
import { finished, type Listening, listen, raw, shutdown, trace } from '../instrumentations/support/web.ts'

const HANDSHAKE =
  'GET /chat?room=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: dummy\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n'

/** The ways in which a server is traced: by a patch of its class, by an object that is attached, by both at once. */
const ways: { [way: string]: (server: Server) => MemorySink } = {
  everything: () => trace(),
  attached(server) {
    const sink = trace({ disable: ['http'] })
    new HttpTracing({ app: server, tracer })
    return sink
  },
  both(server) {
    const sink = trace()
    new HttpTracing({ app: server, tracer })
    return sink
  },
}

for (const [way, start] of Object.entries(ways)) {
  describe(`upgrades and tunnels, ${way}`, () => {
    const open: Listening[] = []
    // Sockets that have been handed over are nobody's: a server that closes does not wait for them to be read.
    const sockets = new Set<Socket>()
    afterEach(async () => {
      for (const socket of sockets) socket.destroy()
      for (const site of open.splice(0)) await site.close()
      await shutdown()
    })

    const serve = async (
      event: 'upgrade' | 'connect',
      handle: (socket: Socket) => unknown,
    ): Promise<{ sink: MemorySink; port: number }> => {
      const server = createServer((_, response) => response.end('plain'))
      server.on(event, (_, socket) => handle(socket as Socket))
      server.on('connection', (socket) => sockets.add(socket))
      const sink = start(server)
      const site = await listen(server)
      open.push(site)
      return { sink, port: site.port }
    }

    it('an upgrade is one server span: it continues the trace, is active in the handler, and ends with the answer', async () => {
      let seen: string | undefined
      const { sink, port } = await serve('upgrade', (socket) => {
        seen = activeSpan()?.context().toSpanId()
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: dummy\r\n\r\n')
        socket.on('data', (chunk) => socket.end(`echo ${chunk}`))
      })
      const client = connect(port, '127.0.0.1')
      client.write(HANDSHAKE)
      await once(client, 'data')
      // The connection goes on; its span does not.
      const [span] = await finished(sink, 1)
      assert.equal(span?.name, 'GET')
      assert.equal(span?.kind, 'server')
      assert.equal(span?.spanId, seen)
      assert.equal(span?.parentSpanId, 'b7ad6b7169203331')
      assert.equal(span?.attributes['http.response.status_code'] ?? span?.attributes['http.status_code'], 101)
      assert.equal(span?.status.code, 'unset')
      client.write('hello')
      const [answer] = (await once(client, 'data')) as [Buffer]
      assert.equal(String(answer), 'echo hello')
      await finished(sink, 0)
    })

    it('a handshake that is refused later tells the status, and what was done for it are its children', async () => {
      const { sink, port } = await serve('upgrade', async (socket) => {
        await withSpan('who is it', () => new Promise((resolve) => setImmediate(resolve)))
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n')
      })
      assert.match(await raw(port, HANDSHAKE), /^HTTP\/1\.1 503/)
      const [child, span] = await finished(sink, 2)
      assert.equal(child?.parentSpanId, span?.spanId)
      assert.equal(span?.attributes['http.response.status_code'] ?? span?.attributes['http.status_code'], 503)
      assert.equal(span?.status.code, 'error')
    })

    it('a handshake that nobody answers ends with its connection, and claims no status', async () => {
      const { sink, port } = await serve('upgrade', (socket) => socket.destroy())
      await raw(port, HANDSHAKE).catch(() => {})
      const [span] = await finished(sink, 1)
      assert.equal(
        span?.attributes['http.response.status_code'] ?? span?.attributes['http.status_code'],
        undefined,
      )
      assert.equal(span?.events[0]?.name, 'aborted')
    })

    it('a tunnel is a span of its own, as bytes go through it untouched', async () => {
      const target = await listen((_, response) => response.end('from the target'))
      open.push(target)
      const { sink, port } = await serve('connect', (socket) => {
        const onward = connect(target.port, '127.0.0.1', () => {
          socket.write(Buffer.from('HTTP/1.1 200 Connection Established\r\n\r\n'))
          socket.pipe(onward).pipe(socket)
        })
      })
      const client = connect(port, '127.0.0.1')
      client.setEncoding('latin1')
      client.write('CONNECT example.test:80 HTTP/1.1\r\nHost: example.test\r\n\r\n')
      assert.match(String(await once(client, 'data')), /200 Connection Established/)
      client.write('GET / HTTP/1.1\r\nHost: example.test\r\nConnection: close\r\n\r\n')
      let text = ''
      for await (const chunk of client) text += chunk
      assert.match(text, /from the target/)
      const spans = await finished(sink, way === 'attached' ? 1 : 2)
      assert.deepEqual(
        spans.map(({ name }) => name),
        way === 'attached' ? ['CONNECT'] : ['CONNECT', 'GET'],
      )
    })

    it('leaves the socket as it was: no method and no listener of ours stays on it', async () => {
      let socket: Socket | undefined
      let before: number | undefined
      const { sink, port } = await serve('upgrade', (given) => {
        socket = given
        before = given.listenerCount('close')
        given.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      })
      const client = connect(port, '127.0.0.1')
      client.write(HANDSHAKE)
      await once(client, 'data')
      await finished(sink, 1)
      assert.equal(Object.hasOwn(socket!, 'write'), false)
      assert.equal(Object.hasOwn(socket!, 'end'), false)
      assert.equal(socket?.listenerCount('close'), before! - 1)
      client.destroy()
    })
  })
}

describe('upgrades that are ignored', () => {
  after(() => shutdown())

  it('nothing of an ignored handshake is traced', async () => {
    const sink = trace({ ignore: ['/chat'] })
    const site = await listen(
      createServer().on('upgrade', (_, socket) => {
        withSpan('inside', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      }),
    )
    await raw(site.port, HANDSHAKE)
    await finished(sink, 0)
    await site.close()
  })
})
