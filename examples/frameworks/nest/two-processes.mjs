/**
 * Nest: a client and a server in two processes, and one trace. `init()` is all that carries it.
 *
 *     node examples/frameworks/nest/two-processes.mjs
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Controller, Get, Module, Param } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { TracingModule } from 'spoor/nest'
import { decorate } from './decorate.js'

const side = process.argv[2] === 'server' ? 'server' : 'client'
const kept = new MemorySink()
init({ serviceName: side, exporters: ['console', kept] })
await (side === 'server' ? serve() : ask())

/** Serves until its parent has had enough, and tells how much it has traced. */
async function serve() {
  class Users {
    show(id) {
      return withSpan('look up', async () => `user ${id}`)
    }
  }
  decorate(Users, 'show', [Get('users/:id')], [Param('id')])
  Controller()(Users)
  class Application {}
  Module({
    imports: [TracingModule.forRoot({ tracedAttributes: ['params.id'] })],
    controllers: [Users],
  })(Application)

  const app = await NestFactory.create(Application, { logger: false, forceCloseConnections: true })
  await app.listen(0, '127.0.0.1')
  process.send(app.getHttpServer().address().port)
  await once(process, 'message')
  await app.close()
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
