/**
 * Koa: every request is traced, with some of its properties, except those that are nobody's business.
 *
 *     node examples/frameworks/koa/trace-all.mjs
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import Router from '@koa/router'
import Koa from 'koa'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { KoaTracing } from 'spoor/koa'

const kept = new MemorySink()
init({ serviceName: 'library', exporters: ['console', kept], disable: ['undici'] })

const app = new Koa()
new KoaTracing({
  app,
  tracedAttributes: ['params.id', 'query.page', 'state.reader'],
  ignore: ['/health'],
})

app.silent = true // Koa would print the error below
app.use(async (ctx, next) => {
  ctx.state.reader = ctx.get('x-reader')
  await next()
})

const router = new Router()
router.get('/health', (ctx) => {
  ctx.body = 'fine'
})
router.get('/books/:id', async (ctx) => {
  activeSpan().setTag('shelf', 3)
  ctx.body = await withSpan('fetch from the shelf', async () => {
    await sleep(5)
    return `book ${ctx.params.id}`
  })
})
router.get('/lost/:id', () => {
  throw new Error('nobody has seen this book for years')
})
app.use(router.routes())

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
for (const { name, attributes } of kept.spans) {
  const told = { id: attributes['params.id'], reader: attributes['state.reader'], shelf: attributes.shelf }
  console.log(`${name} ${JSON.stringify(told)}`)
}
console.log(`${kept.spans.length} spans`)
