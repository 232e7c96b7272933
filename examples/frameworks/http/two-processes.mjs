/**
 * node:http: a client and a server in two processes, and one trace. `init()` is all that carries it.
 *
 *     node examples/frameworks/http/two-processes.mjs
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HttpTracing } from 'spoor/http'

const side = process.argv[2] === 'server' ? 'server' : 'client'
const kept = new MemorySink()
init({ serviceName: side, exporters: ['console', kept] })
await (side === 'server' ? serve() : ask())

/** Serves until its parent has had enough, and tells how much it has traced. */
async function serve() {
  const server = createServer(async (request, response) => {
    const id = request.url.slice('/users/'.length)
    response.end(await withSpan('look up', async () => `user ${id}`))
  })
  new HttpTracing({ app: server, operationName: 'GET /users/:id' })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send(server.address().port)
  await once(process, 'message')
  server.close()
  await shutdown()
  process.send(kept.spans.length)
  process.disconnect()
}

async function ask() {
  const server = fork(fileURLToPath(import.meta.url), ['server'])
  const [port] = await once(server, 'message')
  await withSpan('two users', async () => {
    console.log(`the trace is ${activeSpan().context().toTraceId()}`)
    for (const id of [7, 8]) await (await fetch(`http://127.0.0.1:${port}/users/${id}`)).text()
  })
  await shutdown()
  server.send('enough')
  const [served] = await once(server, 'message')
  await once(server, 'exit')
  console.log(`${kept.spans.length + served} spans`)
}
