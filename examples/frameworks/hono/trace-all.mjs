/**
 * Hono: every request is traced, with some of its properties, except those that are nobody's business. Those of
 * `app.request()` are traced as well, as on Bun, on Deno and in workers: they have no messages of Node.js.
 *
 *     node examples/frameworks/hono/trace-all.mjs
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HonoTracing } from 'spoor/hono'

const kept = new MemorySink()
init({ serviceName: 'library', exporters: ['console', kept], disable: ['undici'] })

const app = new Hono()
new HonoTracing({
  app,
  tracedAttributes: { id: 'params.id', page: 'query.page', reader: (c) => c.get('reader') },
  ignore: ['/health'],
})

app.use(async (c, next) => {
  c.set('reader', c.req.header('x-reader'))
  await next()
})
app.get('/health', (c) => c.text('fine'))

const books = new Hono()
books.get('/books/:id', async (c) => {
  const book = await withSpan('fetch from the shelf', async () => {
    await sleep(5)
    return `book ${c.req.param('id')}`
  })
  return c.text(book)
})
books.get('/lost/:id', () => {
  throw new Error('nobody has seen this book for years')
})
app.route('/:branch', books)
app.onError((error, c) => c.text(error.message, 500))

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
await once(server, 'listening')
for (const path of ['/health', '/north/books/7?page=2', '/north/lost/8', '/nowhere']) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
    headers: { 'x-reader': 'Ada' },
  })
  console.log(`${path}: ${response.status}`)
}
server.close()

const response = await app.request('/south/books/9')
console.log(`/south/books/9, without a socket: ${await response.text()}`)

await shutdown()
console.log(`${kept.spans.length} spans`)
