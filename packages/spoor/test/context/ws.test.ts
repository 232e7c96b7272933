import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, it } from 'node:test'
import { activeSpan, instrument, shutdown, tracer, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { HttpTracing } from 'spoor/http'
import { MockTracer } from 'spoor/testing'
import { finished, type Listening, listen, load, trace } from '../instrumentations/support/web.ts'

/** Sees the server's side alone: clients are opened outside of every trace, and listen to nothing they need not. */
describe('WebSocket, by ws', () => {
  const open: Listening[] = []
  const clients: any[] = []
  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate()
    for (const site of open.splice(0)) {
      site.server.closeAllConnections()
      await site.close()
    }
    await shutdown()
  })

  const serve = async (connected: (socket: any, request: any) => void, options = {}): Promise<Listening> => {
    const { WebSocketServer } = load('ws')
    const server = createServer()
    const sockets = new WebSocketServer({ server, ...options })
    sockets.on('connection', connected)
    const site = await listen(server)
    open.push(site)
    return site
  }
  const dial = async (site: Listening, path = '/chat?token=s3cret'): Promise<any> => {
    const { WebSocket } = load('ws')
    const client = new WebSocket(`ws://127.0.0.1:${site.port}${path}`)
    clients.push(client)
    await once(client, 'open')
    return client
  }
  const named = (spans: SpanData[], name: string, kind: string): SpanData => {
    const found = spans.filter((span) => span.name === name && span.kind === kind)
    assert.equal(found.length, 1, `${found.length} spans "${name}"`)
    return found[0] as SpanData
  }

  it('a message begins a trace of its own, which links to the handshake; its handler runs in the span', async () => {
    const sink = trace()
    let seen: string | undefined
    const site = await serve((socket) => {
      socket.on('message', (data: Buffer) => {
        seen = activeSpan()?.context().toSpanId()
        withSpan('handle', () => {})
        setImmediate(() => withSpan('later', () => {}))
        socket.send(`echo ${data}`)
      })
    })
    const client = await dial(site)
    const [handshake] = (await finished(sink, 2)).filter(({ kind }) => kind === 'server')
    assert.equal(handshake?.name, 'GET')
    client.send('hello')
    const spans = await finished(sink, 4)
    const receive = named(spans, 'receive', 'consumer')
    assert.equal(receive.spanId, seen)
    assert.equal(receive.parentSpanId, '')
    assert.notEqual(receive.traceId, handshake?.traceId)
    assert.equal(receive.links[0]?.spanId, handshake?.spanId)
    assert.equal(receive.links[0]?.traceId, handshake?.traceId)
    assert.deepEqual(receive.attributes, {
      'messaging.system': 'websocket',
      'messaging.operation.name': 'receive',
      'messaging.destination.name': '/chat',
      'messaging.message.body.size': 5,
    })
    for (const [name, kind] of [
      ['handle', 'internal'],
      ['later', 'internal'],
      ['send', 'producer'],
    ] as const)
      assert.equal(named(spans, name, kind).parentSpanId, receive.spanId, name)
  })

  it('a handshake that a tracing object has traced is linked to as well, and one that it ignores is silent', async () => {
    const sink = trace({ disable: ['http'] })
    const site = await serve((socket) => socket.on('message', () => withSpan('handle', () => {})))
    new HttpTracing({ app: site.server, tracer, ignore: ['/quiet'] })
    const client = await dial(site)
    const [handshake] = await finished(sink, 1)
    client.send('hello')
    const receive = named(await finished(sink, 2), 'receive', 'consumer')
    assert.equal(receive.links[0]?.spanId, handshake?.spanId)
    const quiet = await dial(site, '/quiet')
    quiet.send('hello')
    quiet.ping()
    await once(quiet, 'pong')
    await finished(sink, 0)
  })

  it('a connection keeps no span: neither its socket nor its WebSocket holds the one of the handshake', async () => {
    const sink = trace()
    let held: unknown[] = []
    const site = await serve((socket, request) => {
      const server = request[Symbol.for('spoor.server-span')]
      assert.ok(server)
      held = [socket, socket._socket].flatMap((owner) =>
        Object.getOwnPropertySymbols(owner).filter((key) => owner[key] === server),
      )
      socket.on('message', () => {})
    })
    await dial(site)
    await finished(sink, 2)
    assert.deepEqual(held, [])
  })

  it('what is sent outside of a trace is nobody’s, and what nobody hears makes no span', async () => {
    const sink = trace()
    const site = await serve((socket) => socket.on('ping', () => socket.send('pong')))
    const client = await dial(site)
    await finished(sink, 2)
    client.ping()
    client.send('nobody listens')
    await once(client, 'pong')
    client.close()
    await once(client, 'close')
    // The one listener for the end of the connection is that of the test.
    const spans = await finished(sink, 1)
    assert.equal(spans[0]?.name, 'close')
  })

  it('a client links what it receives to where it has opened the connection', async () => {
    const sink = trace()
    const site = await serve((socket) => socket.on('message', (data: Buffer) => socket.send(data)))
    const [client, answered] = await withSpan('opener', async () => {
      const dialled = await dial(site)
      return [dialled, once(dialled, 'message')] as const
    })
    const opener = named(await finished(sink, 3), 'opener', 'internal')
    await withSpan('question', () => client.send('what?'))
    await answered
    const spans = await finished(sink, 5)
    const question = named(spans, 'question', 'internal')
    const receives = spans.filter(({ name }) => name === 'receive')
    assert.equal(receives.length, 2)
    const own = receives.find(({ links }) => links[0]?.spanId === opener.spanId)
    assert.ok(own, 'the client’s own span links to its opener')
    assert.equal(own.parentSpanId, '')
    assert.equal(spans.find(({ parentSpanId }) => parentSpanId === question.spanId)?.name, 'send')
  })

  it('the end of a connection that somebody waits for is a span with the same link', async () => {
    const sink = trace()
    const site = await serve((socket) => {
      socket.on('close', () => withSpan('clean up', () => {}))
    })
    const client = await dial(site)
    const handshake = named(await finished(sink, 2), 'GET', 'server')
    client.close()
    const spans = await finished(sink, 2)
    const close = named(spans, 'close', 'consumer')
    assert.equal(close.links[0]?.spanId, handshake.spanId)
    assert.equal(named(spans, 'clean up', 'internal').parentSpanId, close.spanId)
  })

  it('compressed messages, and many at once, keep their own spans', async () => {
    const sink = trace()
    const site = await serve(
      (socket) =>
        socket.on('message', async (data: Buffer) => {
          const span = activeSpan()
          await new Promise((resolve) => setTimeout(resolve, Number(data) % 7))
          assert.equal(activeSpan(), span)
          withSpan(`work ${data}`, () => {})
        }),
      { perMessageDeflate: { threshold: 0 } },
    )
    const client = await dial(site)
    await finished(sink, 2)
    for (let i = 0; i < 50; i += 1) client.send(String(i))
    const spans = await finished(sink, 100)
    const receives = new Set(spans.filter(({ name }) => name === 'receive').map(({ spanId }) => spanId))
    assert.equal(receives.size, 50)
    const parents = new Set(spans.filter(({ name }) => name !== 'receive').map((span) => span.parentSpanId))
    assert.deepEqual(parents, receives)
  })

  it('nothing of a connection whose handshake is ignored is traced', async () => {
    const sink = trace({ ignore: ['/chat'] })
    const site = await serve((socket) => {
      socket.on('message', (data: Buffer) => {
        withSpan('handle', () => socket.send(`echo ${data}`))
      })
      socket.on('close', () => withSpan('clean up', () => {}))
    })
    const { WebSocket } = load('ws')
    const client = new WebSocket(`ws://127.0.0.1:${site.port}/chat`)
    clients.push(client)
    await once(client, 'open')
    client.send('hello')
    await once(client, 'message')
    client.close()
    await once(client, 'close')
    const names = (await settled(sink)).filter(({ kind }) => kind !== 'client').map(({ name }) => name)
    // What is left is the client's own side, of which nobody has said anything.
    assert.deepEqual(names.sort(), ['close', 'receive'])
  })

  it('a foreign tracer gets follows_from references and the tags of OpenTracing', async () => {
    const mock = new MockTracer({ strictExtract: false })
    trace({ tracer: mock, exporters: [] })
    const site = await serve((socket) => socket.on('message', () => withSpan('handle', () => {})))
    const client = await dial(site)
    client.send('hello')
    const find = (name: string) => mock.finishedSpans().find((span) => span.operationName === name)
    while (find('receive') === undefined) await new Promise((resolve) => setImmediate(resolve))
    const receive = find('receive')
    const handshake = mock
      .finishedSpans()
      .find((span) => span.operationName === 'GET' && span.tags['span.kind'] === 'server')
    assert.equal(receive?.tags['message_bus.destination'], '/chat')
    assert.equal(receive?.tags['span.kind'], 'consumer')
    assert.equal(receive?.references[0]?.type, 'follows_from')
    assert.equal(receive?.references[0]?.context, handshake?.context())
    assert.equal(find('handle')?.parentId, receive?.context().spanId)
  })

  it('handed over by hand, and taken back at the end, it works as well', async () => {
    const library = load('ws')
    const before = library.WebSocket.prototype.send
    const sink = trace({ disable: ['http'] })
    instrument(library)
    const site = await serve((socket) => socket.on('message', () => {}))
    const client = await dial(site)
    client.send('hello')
    const [receive] = await finished(sink, 1)
    assert.equal(receive?.name, 'receive')
    assert.deepEqual(receive?.links, [])
    await shutdown()
    assert.equal(library.WebSocket.prototype.send, before)
  })
})

async function settled(sink: MemorySink): Promise<SpanData[]> {
  await new Promise((resolve) => setTimeout(resolve, 30))
  return [...sink.spans]
}
