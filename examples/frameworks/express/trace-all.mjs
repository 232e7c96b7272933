/**
 * Express: every request is traced, with some of its properties, except those that are nobody's business.
 *
 *     node examples/frameworks/express/trace-all.mjs
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { ExpressTracing } from 'spoor/express'

const kept = new MemorySink()
init({ serviceName: 'library', exporters: ['console', kept], disable: ['undici'] })

const app = express()
new ExpressTracing({
  app,
  tracedAttributes: { 'book.id': 'params.id', page: 'query.page', reader: (request) => request.reader },
  ignore: ['/health'],
})

app.use((request, _response, next) => {
  request.reader = request.get('x-reader')
  next()
})
app.get('/health', (_request, response) => response.send('fine'))

const books = express.Router()
books.get('/:id', async (request, response) => {
  const book = await withSpan('fetch from the shelf', async () => {
    await sleep(5)
    return `book ${request.params.id}`
  })
  response.send(book)
})
app.use('/books', books)
app.get('/lost/:id', () => {
  throw new Error('nobody has seen this book for years')
})
app.use((error, _request, response, _next) => response.status(500).send(error.message))

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
for (const path of ['/health', '/books/7?page=2', '/lost/8', '/nowhere']) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
    headers: { 'x-reader': 'Ada' },
  })
  console.log(`${path}: ${response.status}`)
}
server.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
