/**
 * node:http: both sides in one process, and the trace carried from one to the other by hand.
 *
 *     node examples/frameworks/http/client-server.mjs
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { init, shutdown, Tags, tracer, withSpan } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import { HttpTracing } from 'spoor/http'

const kept = new MemorySink()
// `fetch` would carry the trace by itself.
init({ serviceName: 'both sides', exporters: ['console', kept], disable: ['undici'] })

const server = createServer(async (_request, response) => {
  await withSpan('think', async (span) => {
    span.log({ event: 'thought', message: 'of an answer' })
  })
  response.end('an answer')
})
new HttpTracing({ app: server, tracedAttributes: ['url'] })
server.listen(0, '127.0.0.1')
await once(server, 'listening')

await withSpan('ask', async (span) => {
  const url = `http://127.0.0.1:${server.address().port}/question`
  span.setTag(Tags.SPAN_KIND, Tags.SPAN_KIND_RPC_CLIENT).setTag(Tags.HTTP_URL, url)
  const headers = {}
  tracer.inject(span, FORMAT_HTTP_HEADERS, headers)
  console.log(`the trace travels as ${Object.keys(headers).join(', ')}`)
  const response = await fetch(url, { headers })
  span.setTag(Tags.HTTP_STATUS_CODE, response.status)
  console.log(`the server said: ${await response.text()}`)
})
server.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
