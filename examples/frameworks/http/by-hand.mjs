/**
 * A framework of one's own, here lines of text over a socket: its requests are described, started and finished by hand.
 *
 *     node examples/frameworks/http/by-hand.mjs
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { init, shutdown, tracer, withSpan } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import { finishServerSpan, startServerSpan } from 'spoor/http'

const kept = new MemorySink()
init({ serviceName: 'lines', exporters: ['console', kept] })

/** One request is one line: a method, a URL, and headers as JSON. */
const server = createServer(async (socket) => {
  for await (const line of createInterface({ input: socket })) {
    const [method, url, headers] = line.split(' ')
    const span = startServerSpan(
      {
        method,
        url,
        headers: JSON.parse(headers),
        remoteAddress: socket.remoteAddress,
        remotePort: socket.remotePort,
        serverName: 'localhost',
        serverPort: server.address().port,
      },
      { component: 'lines', callerNameHeaders: ['x-caller'] },
    )
    // It is not active by itself: what is below it belongs in here.
    await tracer.scopeManager.with(span, async () => {
      try {
        socket.end(await answer(url))
        finishServerSpan(span, { status: 200, route: '/greetings/:name' })
      } catch (error) {
        socket.end(error.message)
        finishServerSpan(span, { status: 500, error })
      }
    })
  }
})

async function answer(url) {
  return withSpan('greet', async () => {
    const [, name] = /^\/greetings\/(\w+)$/.exec(url) ?? []
    if (name === undefined) throw new Error('there is nobody to greet')
    return `hello ${name}`
  })
}

server.listen(0, '127.0.0.1')
await once(server, 'listening')
await withSpan('visit', async (span) => {
  const headers = { 'x-caller': 'visitor' }
  tracer.inject(span, FORMAT_HTTP_HEADERS, headers)
  for (const path of ['/greetings/Ada', '/nobody']) {
    const socket = connect(server.address().port, '127.0.0.1')
    socket.write(`GET ${path} ${JSON.stringify(headers)}\n`)
    console.log(`${path}: ${await text(socket)}`)
  }
})
server.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
