import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { activeSpan, instrument, shutdown, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { type Listening, listen, load, trace } from '../instrumentations/support/web.ts'

for (const transport of ['websocket', 'polling']) {
  describe(`socket.io 4 over ${transport}`, () => {
    let site: Listening
    let io: any
    const clients: any[] = []
    afterEach(async () => {
      for (const client of clients.splice(0)) client.close()
      io.close()
      site.server.closeAllConnections()
      await once(site.server, 'close').catch(() => {})
      await shutdown()
    })

    const serve = async (connected: (socket: any) => void, before: (io: any) => void = () => {}) => {
      const server = createServer()
      io = new (load('socket.io').Server)(server)
      before(io)
      io.on('connection', connected)
      site = await listen(server)
    }
    const dial = async (path = '/'): Promise<any> => {
      const client = load('socket.io-client').io(site.origin + path, {
        transports: [transport],
        forceNew: true,
      })
      clients.push(client)
      await once(client, 'connect')
      return client
    }
    /** Those that are neither of HTTP nor of the client's side: the spans of events, and what is below them. */
    const events = async (sink: MemorySink, count: number): Promise<SpanData[]> => {
      const found = (): SpanData[] =>
        sink.spans.filter(({ attributes }) => attributes['http.request.method'] === undefined)
      const deadline = Date.now() + 5000
      while (found().length < count && Date.now() < deadline) await sleep(2)
      await sleep(20)
      const spans = found()
      assert.equal(spans.length, count, spans.map(({ name }) => name).join(', '))
      return spans
    }
    const find = (spans: readonly SpanData[], name: string): SpanData => {
      const span = spans.find((each) => each.name === name)
      assert.ok(span, `no "${name}" among ${spans.map((each) => each.name).join(', ')}`)
      return span
    }

    it('an event is a span of its own trace, with a link to the request that opened the connection', async () => {
      const sink = trace()
      await serve((socket) => {
        socket.on('order', async (article: string, answer: (text: string) => void) => {
          await sleep(1)
          withSpan(`price of ${article}`, () => {})
          answer('done')
        })
      })
      const client = await dial()
      assert.equal(await client.emitWithAck('order', 'tea'), 'done')
      const spans = await events(sink, 3)
      const order = find(spans, 'socket.io order')
      assert.equal(order.kind, 'consumer')
      assert.equal(order.parentSpanId, '')
      assert.equal(order.attributes['messaging.system'], 'socket.io')
      assert.equal(order.attributes['messaging.destination.name'], '/')
      assert.equal(find(spans, 'price of tea').parentSpanId, order.spanId)
      client.close()
      await sleep(30)
      const servers = sink.spans.filter(({ kind }) => kind === 'server')
      assert.ok(
        servers.some(({ spanId }) => spanId === order.links[0]?.spanId),
        'it links to a request',
      )
      assert.ok(!servers.some(({ traceId }) => traceId === order.traceId), 'no request is its parent')
      assert.equal(find(spans, 'socket.io connection').links[0]?.spanId, order.links[0]?.spanId)
    })

    it('neither heartbeats nor frames make spans, and names of events come from those who listen', async () => {
      const sink = trace()
      await serve(
        (socket) => socket.on('known', () => {}),
        (server) => {
          server.engine.opts.pingInterval = 20
        },
      )
      const client = await dial()
      client.emit('invented by the client', 1)
      client.emit('known')
      await sleep(100)
      const spans = await events(sink, 2)
      assert.deepEqual(spans.map(({ name }) => name).sort(), ['socket.io connection', 'socket.io known'])
    })

    it('acknowledgements and broadcasts to rooms come back to who has asked for them', async () => {
      const sink = trace()
      const seen: boolean[] = []
      await serve((socket) => {
        socket.join('room')
        socket.on('ask', async () => {
          const span = activeSpan()
          await new Promise<void>((resolve) => {
            socket.emit('question', () => {
              seen.push(activeSpan() === span)
              resolve()
            })
          })
          await new Promise<void>((resolve) => {
            io.to('room')
              .timeout(2000)
              .emit('question', () => {
                seen.push(activeSpan() === span)
                resolve()
              })
          })
          await socket.emitWithAck('question')
          seen.push(activeSpan() === span)
          withSpan('asked', () => {})
        })
      })
      const client = await dial()
      client.on('question', (answer: (text: string) => void) => answer('42'))
      client.emit('ask')
      const spans = await events(sink, 3)
      assert.deepEqual(seen, [true, true, true])
      assert.equal(find(spans, 'asked').parentSpanId, find(spans, 'socket.io ask').spanId)
    })

    it('the end of a connection, in a namespace of its own', async () => {
      const sink = trace()
      await serve(
        () => {},
        (server) =>
          server.of('/shop').on('connection', (socket: any) => {
            socket.on('disconnect', () => withSpan('clean up', () => {}))
          }),
      )
      const client = await dial('/shop')
      client.close()
      const spans = await events(sink, 3)
      const end = find(spans, 'socket.io disconnect')
      assert.equal(end.attributes['messaging.destination.name'], '/shop')
      assert.equal(find(spans, 'clean up').parentSpanId, end.spanId)
    })

    it('nothing of an ignored connection is traced', async () => {
      const sink = trace({ ignore: ['/socket.io/*'] })
      await serve((socket) => {
        withSpan('greet', () => {})
        socket.on('order', (answer: () => void) => withSpan('price', () => answer()))
        socket.on('disconnect', () => withSpan('clean up', () => {}))
      })
      const client = await dial()
      await client.emitWithAck('order')
      client.close()
      await sleep(30)
      assert.deepEqual(
        sink.spans.filter(({ kind }) => kind !== 'client').map(({ name }) => name),
        [],
      )
    })
  })
}

describe('socket.io, handed over by hand', () => {
  it('is traced in all its parts, and any other library is left alone', async () => {
    const [server, engine, client] = ['socket.io', 'engine.io', 'engine.io-client'].map((name) => load(name))
    const operator = Object.getPrototypeOf(server.Namespace.prototype.to.call({}, 'a room'))
    const methods = () => [server.Socket.prototype.emit, operator.emit, engine.Server.prototype.onWebSocket]
    const before = methods()
    const lines: string[] = []
    const sink = trace({ logLevel: 'warn' })
    const error = console.error
    console.error = (line: string) => lines.push(line)
    for (const library of [server, engine, client, load('ws'), { Namespace: class {} }, () => {}])
      instrument(library)
    console.error = error
    assert.deepEqual(lines, [])
    assert.equal(sink.spans.length, 0)
    for (const [index, method] of methods().entries()) assert.notEqual(method, before[index])
    await shutdown()
    assert.deepEqual(methods(), before)
  })
})
