/**
 * Hapi: every request is traced, with some of its properties, except those that are nobody's business. Requests that are
 * injected are traced as well.
 *
 *     node examples/frameworks/hapi/trace-all.mjs
 */
import { setTimeout as sleep } from 'node:timers/promises'
import Hapi from '@hapi/hapi'
import { init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HapiTracing } from 'spoor/hapi'

const kept = new MemorySink()
init({ serviceName: 'library', exporters: ['console', kept], disable: ['undici'] })

const tracing = new HapiTracing({
  // What is in `auth` is a secret, unless a function says what of it may be sent.
  tracedAttributes: {
    id: 'params.id',
    page: 'query.page',
    reader: ({ auth }) => auth.credentials?.reader,
  },
  ignore: ['/health'],
})

const server = Hapi.server({ host: '127.0.0.1', port: 0, debug: false })
await server.register(tracing.plugin)

server.auth.scheme('reader', () => ({
  authenticate: (request, h) => h.authenticated({ credentials: { reader: request.headers['x-reader'] } }),
}))
server.auth.strategy('reader', 'reader')

server.route([
  { method: 'GET', path: '/health', handler: () => 'fine' },
  {
    method: 'GET',
    path: '/books/{id}',
    handler: ({ params }) =>
      withSpan('fetch from the shelf', async () => {
        await sleep(5)
        return `book ${params.id}`
      }),
  },
  {
    method: 'GET',
    path: '/lost/{id}',
    handler: () => {
      throw new Error('nobody has seen this book for years')
    },
  },
])

await server.start()
for (const path of ['/health', '/books/7?page=2', '/lost/8', '/nowhere']) {
  const response = await fetch(`${server.info.uri}${path}`, { headers: { 'x-reader': 'Ada' } })
  console.log(`${path}: ${response.status}`)
}
const { statusCode } = await server.inject('/books/9')
console.log(`/books/9, injected: ${statusCode}`)
await server.stop()

await shutdown()
console.log(`${kept.spans.length} spans`)
