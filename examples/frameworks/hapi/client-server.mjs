/**
 * Hapi: both sides in one process, and the trace carried from one to the other by hand.
 *
 *     node examples/frameworks/hapi/client-server.mjs
 */
import Hapi from '@hapi/hapi'
import { init, shutdown, Tags, tracer, withSpan } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import { HapiTracing } from 'spoor/hapi'

const kept = new MemorySink()
// `fetch` would carry the trace by itself.
init({ serviceName: 'both sides', exporters: ['console', kept], disable: ['undici'] })

const server = Hapi.server({ host: '127.0.0.1', port: 0 })
new HapiTracing({ app: server, tracedAttributes: ['path'] })
server.route({
  method: 'GET',
  path: '/question',
  handler: () =>
    withSpan('think', async (span) => {
      span.log({ event: 'thought', message: 'of an answer' })
      return 'an answer'
    }),
})
await server.start()

await withSpan('ask', async (span) => {
  const url = `${server.info.uri}/question`
  span.setTag(Tags.SPAN_KIND, Tags.SPAN_KIND_RPC_CLIENT).setTag(Tags.HTTP_URL, url)
  const headers = {}
  tracer.inject(span, FORMAT_HTTP_HEADERS, headers)
  console.log(`the trace travels as ${Object.keys(headers).join(', ')}`)
  const response = await fetch(url, { headers })
  span.setTag(Tags.HTTP_STATUS_CODE, response.status)
  console.log(`the server said: ${await response.text()}`)
})
await server.stop()

await shutdown()
console.log(`${kept.spans.length} spans`)
