/**
 * Hono: only the handlers that are marked are traced.
 *
 *     node examples/frameworks/hono/simple.mjs
 */
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { activeSpan, init, shutdown } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HonoTracing } from 'spoor/hono'

const kept = new MemorySink()
// No request is traced by itself, and those that this file makes of itself are not the subject.
init({ serviceName: 'greeter', exporters: ['console', kept], traceAll: false, disable: ['undici'] })

const tracing = new HonoTracing({
  startSpanCallback: (span, c) => span.setOperationName(`greeter ${c.req.method} ${c.req.path}`),
})

const app = new Hono()
app.get(
  '/hello',
  tracing.trace((c) => c.text('hello')),
)
app.get(
  '/hello/:name',
  tracing.trace(['params.name', 'headers.user-agent'], async (c) => {
    activeSpan().log({ event: 'greeted', message: `${c.req.param('name')} was here` })
    return c.text(`hello ${c.req.param('name')}`)
  }),
)
app.get('/quiet', (c) => c.text(`traced: ${tracing.getSpan(c) !== null}`))

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
await once(server, 'listening')
for (const path of ['/hello', '/hello/Ada', '/quiet']) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`)
  console.log(`${path}: ${await response.text()}`)
}
server.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
