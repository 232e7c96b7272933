/**
 * Fastify: only the handlers that are marked are traced.
 *
 *     node examples/frameworks/fastify/simple.mjs
 */
import Fastify from 'fastify'
import { activeSpan, init, shutdown, withSpan } from 'spoor'
import { MemorySink } from 'spoor/export'
import { FastifyTracing } from 'spoor/fastify'

const kept = new MemorySink()
// No request is traced by itself, and those that this file makes of itself are not the subject.
init({ serviceName: 'greeter', exporters: ['console', kept], traceAll: false, disable: ['undici'] })

const tracing = new FastifyTracing({
  startSpanCallback: (span, request) => span.setOperationName(`greeter ${request.method} ${request.url}`),
})

/** A class whose methods handle requests. Where you have decorators: `@tracing.trace('params.name')`. */
class Greetings {
  #word = 'hello'

  greet = tracing.trace(['params.name', 'headers.user-agent'], async (request) => {
    activeSpan().log({ event: 'greeted', message: `${request.params.name} was here` })
    return withSpan('write the card', async () => `${this.#word} ${request.params.name}`)
  })
}

const app = Fastify()
app.get(
  '/hello',
  tracing.trace(async () => 'hello'),
)
app.get('/hello/:name', new Greetings().greet)
app.get('/quiet', async (request) => `traced: ${tracing.getSpan(request) !== null}`)

const url = await app.listen({ port: 0, host: '127.0.0.1' })
for (const path of ['/hello', '/hello/Ada', '/quiet']) {
  const response = await fetch(url + path)
  console.log(`${path}: ${await response.text()}`)
}
await app.close()

await shutdown()
for (const { name, attributes, events } of kept.spans) {
  const told = { name: attributes['params.name'], events: events.map((event) => event.name) }
  console.log(`${name} ${JSON.stringify(told)}`)
}
console.log(`${kept.spans.length} spans`)
