/**
 * Hono: both sides in one process, and the trace carried from one to the other by hand.
 *
 *     node examples/frameworks/hono/client-server.mjs
 */
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { init, shutdown, Tags, tracer, withSpan } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import { HonoTracing } from 'spoor/hono'

const kept = new MemorySink()
// `fetch` would carry the trace by itself.
init({ serviceName: 'both sides', exporters: ['console', kept], disable: ['undici'] })

const app = new Hono()
new HonoTracing({ app, tracedAttributes: ['path'] })
app.get('/question', async (c) => {
  await withSpan('think', async (span) => {
    span.log({ event: 'thought', message: 'of an answer' })
  })
  return c.text('an answer')
})
const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
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
