/**
 * Node.js alone: only one handler is marked, and a callback names the requests that go out and tells of their headers.
 *
 *     node examples/frameworks/http/client-callback.mjs
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HttpTracing } from 'spoor/http'

const kept = new MemorySink()
init({
  serviceName: 'post office',
  exporters: ['console', kept],
  traceAll: false,
  clientSpanCallback: (span, { method, headers }) =>
    span.setOperationName(`client/${method}`).setTag('stamp', headers[headers.indexOf('x-stamp') + 1]),
})

const tracing = new HttpTracing()
const letterbox = tracing.trace('headers.x-stamp', async (request, response) => {
  await withSpan('sort', async (span) => {
    span.log({ event: 'sorted', message: `a letter to ${request.url.slice(1)}` })
  })
  response.end('delivered')
})

const server = createServer(letterbox).listen(0, '127.0.0.1')
await once(server, 'listening')
const response = await fetch(`http://127.0.0.1:${server.address().port}/ada`, {
  headers: { 'x-stamp': 'first class' },
})
console.log(`/ada: ${await response.text()}`)
server.close()

await shutdown()
for (const { name, attributes } of kept.spans)
  console.log(`${name} ${JSON.stringify({ stamp: attributes.stamp })}`)
console.log(`${kept.spans.length} spans`)
