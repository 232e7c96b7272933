/**
 * Nest: both sides in one process, and the trace carried from one to the other by hand.
 *
 *     node examples/frameworks/nest/client-server.mjs
 */
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { init, shutdown, Tags, tracer, withSpan } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import { NestTracing } from 'spoor/nest'
import { decorate } from './decorate.js'

const kept = new MemorySink()
// `fetch` would carry the trace by itself.
init({ serviceName: 'both sides', exporters: ['console', kept], disable: ['undici'] })

class Questions {
  async answer() {
    await withSpan('think', async (span) => {
      span.log({ event: 'thought', message: 'of an answer' })
    })
    return 'an answer'
  }
}
decorate(Questions, 'answer', [Get('question')])
Controller()(Questions)

class Application {}
Module({ controllers: [Questions] })(Application)

const app = await NestFactory.create(Application, { logger: false, forceCloseConnections: true })
new NestTracing({ app, tracedAttributes: ['url'] })
await app.listen(0, '127.0.0.1')
const url = `http://127.0.0.1:${app.getHttpServer().address().port}`

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
