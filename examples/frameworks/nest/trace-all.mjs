/**
 * Nest: a module traces every request, with some of its properties, except those that are nobody's business.
 *
 *     node examples/frameworks/nest/trace-all.mjs
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Controller, Get, Module, NotFoundException, Param } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { TracingModule } from 'spoor/nest'
import { decorate } from './decorate.js'

const kept = new MemorySink()
init({ serviceName: 'library', exporters: ['console', kept], disable: ['undici'] })

class Books {
  health() {
    return 'fine'
  }

  book(id) {
    return withSpan('fetch from the shelf', async () => {
      await sleep(5)
      return `book ${id}`
    })
  }

  lost() {
    throw new Error('nobody has seen this book for years')
  }

  burnt(id) {
    throw new NotFoundException(`book ${id} was burnt`)
  }
}
decorate(Books, 'health', [Get('health')])
decorate(Books, 'book', [Get('books/:id')], [Param('id')])
decorate(Books, 'lost', [Get('lost/:id')])
decorate(Books, 'burnt', [Get('burnt/:id')], [Param('id')])
Controller()(Books)

class Application {}
Module({
  imports: [
    TracingModule.forRoot({
      tracedAttributes: { id: 'params.id', page: 'query.page' },
      ignore: ['/health'],
    }),
  ],
  controllers: [Books],
})(Application)

const app = await NestFactory.create(Application, { logger: false, forceCloseConnections: true })
await app.listen(0, '127.0.0.1')
for (const path of ['/health', '/books/7?page=2', '/lost/8', '/burnt/9', '/nowhere']) {
  const response = await fetch(`http://127.0.0.1:${app.getHttpServer().address().port}${path}`)
  console.log(`${path}: ${response.status}`)
}
await app.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
