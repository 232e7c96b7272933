/**
 * Hapi: only the handlers that are marked are traced.
 *
 *     node examples/frameworks/hapi/simple.mjs
 */
import Hapi from '@hapi/hapi'
import { activeSpan, init, shutdown } from 'spoor'
import { MemorySink } from 'spoor/export'
import { HapiTracing } from 'spoor/hapi'

const kept = new MemorySink()
// No request is traced by itself, and those that this file makes of itself are not the subject.
init({ serviceName: 'greeter', exporters: ['console', kept], traceAll: false, disable: ['undici'] })

const tracing = new HapiTracing({
  startSpanCallback: (span, request) => span.setOperationName(`greeter ${request.method} ${request.path}`),
})

const server = Hapi.server({ host: '127.0.0.1', port: 0 })
server.route([
  { method: 'GET', path: '/hello', handler: tracing.trace(() => 'hello') },
  {
    method: 'GET',
    path: '/hello/{name}',
    handler: tracing.trace(['params.name', 'headers.user-agent'], async ({ params }) => {
      activeSpan().log({ event: 'greeted', message: `${params.name} was here` })
      return `hello ${params.name}`
    }),
  },
  { method: 'GET', path: '/quiet', handler: (request) => `traced: ${tracing.getSpan(request) !== null}` },
])

await server.start()
for (const path of ['/hello', '/hello/Ada', '/quiet']) {
  const response = await fetch(`${server.info.uri}${path}`)
  console.log(`${path}: ${await response.text()}`)
}
await server.stop()

await shutdown()
console.log(`${kept.spans.length} spans`)
