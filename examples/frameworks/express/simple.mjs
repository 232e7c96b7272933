/**
 * Express: only the handlers that are marked are traced.
 *
 *     node examples/frameworks/express/simple.mjs
 */
import { once } from 'node:events'
import express from 'express'
import { activeSpan, init, shutdown } from 'spoor'
import { MemorySink } from 'spoor/export'
import { ExpressTracing } from 'spoor/express'

const kept = new MemorySink()
// No request is traced by itself, and those that this file makes of itself are not the subject.
init({ serviceName: 'greeter', exporters: ['console', kept], traceAll: false, disable: ['undici'] })

const tracing = new ExpressTracing({
  startSpanCallback: (span, request) => span.setOperationName(`greeter ${request.method} ${request.path}`),
})

const app = express()
app.get(
  '/hello',
  tracing.trace((_request, response) => response.send('hello')),
)
app.get(
  '/hello/:name',
  tracing.trace(['params.name', 'headers.user-agent'], async (request, response) => {
    activeSpan().log({ event: 'greeted', message: `${request.params.name} was here` })
    response.send(`hello ${request.params.name}`)
  }),
)
app.get('/quiet', (request, response) => response.send(`traced: ${tracing.getSpan(request) !== null}`))

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
for (const path of ['/hello', '/hello/Ada', '/quiet']) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`)
  console.log(`${path}: ${await response.text()}`)
}
server.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
