import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ExpressTracing } from 'spoor/express'
import { MockTracer } from 'spoor/testing'
import { finished, withApp } from './support/client.ts'
import { load } from './support/express-server.ts'

const REQUESTS = process.env['SPOOR_TEST_FULL'] === '1' ? 100_000 : 5_000
const AT_ONCE = 1_000

test(`TOR-Q09, FLK-B04: of ${REQUESTS} requests, ${AT_ONCE} at a time, not one has a child of another`, async () => {
  const tracer = new MockTracer({ strictExtract: false })
  const express = load('express')
  const app = express()
  new ExpressTracing({ tracer, app })
  app.get('/work/:number', async (incoming: any, response: any) => {
    const { number } = incoming.params
    await sleep(Math.random() * 10)
    await tracer.startActiveSpan('work', async (span) => {
      span.setTag('number', number)
      await sleep(Math.random() * 10)
      tracer.startSpan('detail', { tags: { number } }).finish()
    })
    response.send(number)
  })

  const agent = Object.assign(new Agent({ keepAlive: true, maxSockets: AT_ONCE }), {
    [Symbol.for('spoor.untraced')]: true,
  })
  let next = 0
  let [requests, wrong, errors] = [0, 0, 0]

  function ask(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { agent }, (response) => {
        let body = ''
        response.on('data', (chunk) => (body += chunk)).on('end', () => resolve(body))
      })
      outgoing.on('error', reject).end()
    })
  }

  async function visitor(url: string, last: number): Promise<void> {
    while (next < last) {
      const number = String(next++)
      if ((await ask(`${url}/work/${number}`)) !== number) errors += 1
    }
  }

  /** Every span below the request that it tells of, and every request with both of its spans. */
  async function look(count: number): Promise<void> {
    const spans = await finished(tracer)
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    const servers = spans.filter(({ tags }) => tags['span.kind'] === 'server')
    assert.equal(servers.length, count)
    assert.equal(spans.length, 3 * count)
    requests += servers.length
    for (const span of spans) {
      const { number } = span.tags
      const parent = byId.get(span.parentSpanId)
      if (span.operationName === 'detail') {
        if (parent?.operationName !== 'work' || parent.tags['number'] !== number) wrong += 1
      } else if (span.operationName === 'work') {
        if (!String(parent?.tags['http.url']).endsWith(`/work/${number}`)) wrong += 1
      } else if (span.parentId !== null) wrong += 1
    }
  }

  try {
    await withApp(app, async (url) => {
      // In portions, so that the test does not keep 300,000 spans.
      for (let done = 0; done < REQUESTS; done += 5_000) {
        const last = Math.min(done + 5_000, REQUESTS)
        const visitors: Promise<void>[] = []
        while (visitors.length < AT_ONCE) {
          visitors.push(visitor(url, last))
          // In groups: of a thousand connections at one moment a busy machine breaks off some.
          if (visitors.length % 100 === 0) await sleep(2)
        }
        await Promise.all(visitors)
        await look(last - done)
      }
    })
  } finally {
    agent.destroy()
  }
  assert.deepEqual({ requests, wrong, errors }, { requests: REQUESTS, wrong: 0, errors: 0 })
})
