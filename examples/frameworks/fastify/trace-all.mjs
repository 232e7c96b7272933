/**
 * Fastify: every request is traced, with some of its properties, except those that are nobody's business.
 *
 *     node examples/frameworks/fastify/trace-all.mjs
 */
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { FastifyTracing } from 'spoor/fastify'

const kept = new MemorySink()
init({ serviceName: 'library', exporters: ['console', kept], disable: ['undici'] })

const tracing = new FastifyTracing({
  tracedAttributes: ['params.id', 'query.page', 'body.reader'],
  ignore: { routes: ['/health'] },
})

const app = Fastify()
app.register(tracing.plugin)
app.get('/health', async () => 'fine')
app.register(
  async (books) => {
    books.get('/:id', (request) => {
      activeSpan().setTag('shelf', 3)
      return withSpan('fetch from the shelf', async () => {
        await sleep(5)
        return `book ${request.params.id}`
      })
    })
    books.post('/:id/loans', async (_request, reply) => reply.code(201).send('lent'))
  },
  { prefix: '/books' },
)
app.setErrorHandler(async (_error, _request, reply) => reply.code(500).send('sorry'))
app.get('/lost/:id', async () => {
  throw new Error('nobody has seen this book for years')
})

const url = await app.listen({ port: 0, host: '127.0.0.1' })
const loan = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ reader: 'Ada' }),
}
for (const [path, options] of [
  ['/health'],
  ['/books/7?page=2'],
  ['/books/7/loans', loan],
  ['/lost/8'],
  ['/nowhere'],
]) {
  const response = await fetch(url + path, options)
  console.log(`${path}: ${response.status}`)
}
await app.close()

await shutdown()
for (const { name, attributes } of kept.spans) {
  const told = { id: attributes['params.id'], reader: attributes['body.reader'], shelf: attributes.shelf }
  console.log(`${name} ${JSON.stringify(told)}`)
}
console.log(`${kept.spans.length} spans`)
