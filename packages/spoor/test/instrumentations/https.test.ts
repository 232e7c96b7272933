import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, get } from 'node:https'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { withSpan } from 'spoor'
import type { MemorySink } from 'spoor/export'
import { cert, key } from '../export/support/certificate.ts'
import { finished, type Listening, listen, shutdown, trace } from './support/web.ts'

describe('node:https', () => {
  let sink: MemorySink
  let site: Listening

  before(async () => {
    sink = trace()
    site = await listen(createServer({ key, cert }, (_, response) => response.end('secret')) as never)
  })
  after(async () => {
    await site.close()
    await shutdown()
  })

  it('has a span on both sides of one connection', async () => {
    const agent = new Agent({ ca: cert, keepAlive: true })
    for (let i = 0; i < 2; i += 1) {
      await withSpan('caller', async () => {
        const [response] = await once(get(`https://127.0.0.1:${site.port}/path`, { agent }), 'response')
        assert.equal(await text(response), 'secret')
      })
      const spans = await finished(sink, 3)
      const [server, client, caller] = ['server', 'client', 'internal'].map((kind) =>
        spans.find((span) => span.kind === kind),
      )
      assert.equal(server?.parentSpanId, client?.spanId)
      assert.equal(client?.parentSpanId, caller?.spanId)
      assert.equal(server?.attributes['url.scheme'], 'https')
      assert.equal(client?.attributes['url.full'], `https://127.0.0.1:${site.port}/path`)
    }
    agent.destroy()
  })

  it('records a certificate that nobody trusts, and leaves the error to the caller', async () => {
    const [error] = await once(get(`https://127.0.0.1:${site.port}/`), 'error')
    const [span] = await finished(sink, 1)
    assert.equal(span?.status.code, 'error')
    assert.equal(span?.attributes['error.type'], error.code)
    assert.match(error.code, /SELF_SIGNED|UNABLE_TO_VERIFY/)
  })
})
