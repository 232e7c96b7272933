/**
 * Fastify: a client and a server in two processes, and one trace. `init()` is all that carries it.
 *
 *     node examples/frameworks/fastify/two-processes.mjs
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { FastifyTracing } from 'spoor/fastify'

const side = process.argv[2] === 'server' ? 'server' : 'client'
const kept = new MemorySink()
init({ serviceName: side, exporters: ['console', kept] })
await (side === 'server' ? serve() : ask())

/** Serves until its parent has had enough, and tells how much it has traced. */
async function serve() {
  const app = Fastify()
  new FastifyTracing({ app, tracedAttributes: ['params.id'] })
  app.get('/users/:id', (request) => withSpan('look up', async () => `user ${request.params.id}`))
  process.send(await app.listen({ port: 0, host: '127.0.0.1' }))
  await once(process, 'message')
  await app.close()
  await shutdown()
  process.send(kept.spans.length)
  process.disconnect()
}

async function ask() {
  const server = fork(fileURLToPath(import.meta.url), ['server'])
  const [url] = await once(server, 'message')
  await withSpan('two users', async () => {
    console.log(`the trace is ${activeSpan().context().toTraceId()}`)
    for (const id of [7, 8]) await (await fetch(`${url}/users/${id}`)).text()
  })
  await shutdown()
  server.send('enough')
  const [served] = await once(server, 'message')
  await once(server, 'exit')
  console.log(`${kept.spans.length + served} spans`)
}
