/**
 * node:http: every request of a server is traced, with some of its properties, except those that are nobody's business.
 *
 *     node examples/frameworks/http/trace-all.mjs
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HttpTracing } from 'spoor/http'

const kept = new MemorySink()
init({ serviceName: 'library', exporters: ['console', kept], disable: ['undici'] })

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  if (pathname === '/health') response.end('fine')
  else if (pathname.startsWith('/books/')) {
    const book = await withSpan('fetch from the shelf', async () => {
      await sleep(5)
      return `book ${pathname.slice(7)}`
    })
    response.end(book)
  } else if (pathname === '/closed') response.writeHead(503).end('come back tomorrow')
  else response.writeHead(404).end()
})

new HttpTracing({
  app: server,
  tracedAttributes: { path: 'url', reader: 'headers.x-reader' },
  // Without routes it is you who knows which part of a path is a name, and which is a number.
  operationName: (request) => `${request.method} ${request.url.replace(/\/\d+.*$/, '/:id')}`,
  ignore: ['/health'],
})

server.listen(0, '127.0.0.1')
await once(server, 'listening')
for (const path of ['/health', '/books/7?page=2', '/closed', '/nowhere']) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
    headers: { 'x-reader': 'Ada' },
  })
  console.log(`${path}: ${response.status}`)
}
server.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
