/**
 * Hapi: a client and a server in two processes, and one trace. `init()` is all that carries it.
 *
 *     node examples/frameworks/hapi/two-processes.mjs
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import Hapi from '@hapi/hapi'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HapiTracing } from 'spoor/hapi'

const side = process.argv[2] === 'server' ? 'server' : 'client'
const kept = new MemorySink()
init({ serviceName: side, exporters: ['console', kept] })
await (side === 'server' ? serve() : ask())

/** Serves until its parent has had enough, and tells how much it has traced. */
async function serve() {
  const server = Hapi.server({ host: '127.0.0.1', port: 0 })
  new HapiTracing({ app: server, tracedAttributes: ['params.id'] })
  server.route({
    method: 'GET',
    path: '/users/{id}',
    handler: ({ params }) => withSpan('look up', async () => `user ${params.id}`),
  })
  await server.start()
  process.send(server.info.port)
  await once(process, 'message')
  await server.stop()
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
