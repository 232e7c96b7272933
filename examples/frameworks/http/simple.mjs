/**
 * node:http: only the handlers that are marked are traced.
 *
 *     node examples/frameworks/http/simple.mjs
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { activeSpan, init, shutdown } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HttpTracing } from 'spoor/http'

const kept = new MemorySink()
// No request is traced by itself, and those that this file makes of itself are not the subject.
init({ serviceName: 'greeter', exporters: ['console', kept], traceAll: false, disable: ['undici'] })

const tracing = new HttpTracing({
  startSpanCallback: (span, request) => span.setOperationName(`greeter ${request.method} ${request.url}`),
})

const handlers = {
  '/hello': tracing.trace((_request, response) => response.end('hello')),
  '/hello/Ada': tracing.trace(['url', 'headers.user-agent'], async (_request, response) => {
    activeSpan().log({ event: 'greeted', message: 'Ada was here' })
    response.end('hello Ada')
  }),
  '/quiet': (request, response) => response.end(`traced: ${tracing.getSpan(request) !== null}`),
}

const server = createServer((request, response) => handlers[request.url](request, response))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
for (const path of Object.keys(handlers)) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`)
  console.log(`${path}: ${await response.text()}`)
}
server.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
