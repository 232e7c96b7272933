/**
 * Koa: only the handlers that are marked are traced.
 *
 *     node examples/frameworks/koa/simple.mjs
 */
import { once } from 'node:events'
import Router from '@koa/router'
import Koa from 'koa'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { KoaTracing } from 'spoor/koa'

const kept = new MemorySink()
// No request is traced by itself, and those that this file makes of itself are not the subject.
init({ serviceName: 'greeter', exporters: ['console', kept], traceAll: false, disable: ['undici'] })

const tracing = new KoaTracing({
  startSpanCallback: (span, ctx) => span.setOperationName(`greeter ${ctx.method} ${ctx.path}`),
})

const router = new Router()
router.get(
  '/hello',
  tracing.trace((ctx) => {
    ctx.body = 'hello'
  }),
)
router.get(
  '/hello/:name',
  tracing.trace(['params.name', 'headers.user-agent'], async (ctx) => {
    activeSpan().log({ event: 'greeted', message: `${ctx.params.name} was here` })
    ctx.body = await withSpan('write the card', async () => `hello ${ctx.params.name}`)
  }),
)
router.get('/quiet', (ctx) => {
  ctx.body = `traced: ${tracing.getSpan(ctx) !== null}`
})

const server = new Koa().use(router.routes()).listen(0, '127.0.0.1')
await once(server, 'listening')
for (const path of ['/hello', '/hello/Ada', '/quiet']) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`)
  console.log(`${path}: ${await response.text()}`)
}
server.close()

await shutdown()
for (const { name, attributes, events } of kept.spans) {
  const told = { name: attributes['params.name'], events: events.map((event) => event.name) }
  console.log(`${name} ${JSON.stringify(told)}`)
}
console.log(`${kept.spans.length} spans`)
