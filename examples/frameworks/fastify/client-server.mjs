/**
 * Fastify: both sides in one process, and the trace carried from one to the other by hand.
 *
 *     node examples/frameworks/fastify/client-server.mjs
 */
import Fastify from 'fastify'
import { init, shutdown, Tags, tracer, withSpan } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import { FastifyTracing } from 'spoor/fastify'

const kept = new MemorySink()
// `fetch` would carry the trace by itself.
init({ serviceName: 'both sides', exporters: ['console', kept], disable: ['undici'] })

const app = Fastify()
new FastifyTracing({ app, tracedAttributes: ['url'] })
app.get('/question', async () => {
  await withSpan('think', async (span) => {
    span.log({ event: 'thought', message: 'of an answer' })
  })
  return 'an answer'
})
const url = await app.listen({ port: 0, host: '127.0.0.1' })

await withSpan('ask', async (span) => {
  span.setTag(Tags.SPAN_KIND, Tags.SPAN_KIND_RPC_CLIENT).setTag(Tags.HTTP_URL, `${url}/question`)
  const headers = {}
  tracer.inject(span, FORMAT_HTTP_HEADERS, headers)
  console.log(`the trace travels as ${Object.keys(headers).join(', ')}`)
  const response = await fetch(`${url}/question`, { headers })
  span.setTag(Tags.HTTP_STATUS_CODE, response.status)
  console.log(`the server said: ${await response.text()}`)
})
await app.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
