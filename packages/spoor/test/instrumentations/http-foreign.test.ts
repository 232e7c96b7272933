import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { init, shutdown, withSpan } from 'spoor'
import { MockTracer } from 'spoor/testing'
import { ask, type Listening, listen, load } from './support/web.ts'

/** Waits until the tracer has seen this many spans finish. */
async function finished(tracer: MockTracer, count: number): Promise<ReturnType<MockTracer['finishedSpans']>> {
  const deadline = Date.now() + 5000
  while (tracer.finishedSpans().length < count && Date.now() < deadline) await sleep(2)
  const spans = tracer.finishedSpans()
  tracer.reset()
  assert.equal(spans.length, count)
  assert.deepEqual(tracer.unfinishedSpans(), [])
  return spans
}

describe('the tracer of somebody else', () => {
  const tracer = new MockTracer()
  let site: Listening

  before(async () => {
    init({ tracer, logLevel: 'silent' })
    const app = load('express')()
    app.set('env', 'test')
    app.get('/users/:id', (request: any, response: any) => response.json(request.headers))
    app.get('/fails', () => {
      throw new TypeError('broken on purpose')
    })
    site = await listen(app)
  })
  after(async () => {
    await site.close()
    await shutdown()
  })

  it('gets both sides of a call with the tags of OpenTracing, and its own headers between them', async () => {
    await withSpan('caller', async () => {
      const [response] = await once(get(`${site.origin}/users/7?token=s3cret`), 'response')
      assert.match(await text(response), /traceid/i)
    })
    const spans = await finished(tracer, 3)
    const find = (kind: string | undefined) => spans.find((span) => span.tags['span.kind'] === kind)
    const [server, client, caller] = [find('server'), find('client'), find(undefined)]
    assert.equal(server?.parentId, client?.context().spanId)
    assert.equal(client?.parentId, caller?.context().spanId)
    assert.deepEqual(client?.tags, {
      'span.kind': 'client',
      component: 'http',
      'http.method': 'GET',
      'http.url': `${site.origin}/users/7?token=REDACTED`,
      'peer.hostname': '127.0.0.1',
      'peer.port': site.port,
      'http.status_code': 200,
    })
    assert.equal(server?.operationName, 'GET /users/:id')
    const { 'peer.port': port, ...tags } = server?.tags ?? {}
    assert.ok(Number(port) > 1023 && port !== site.port, 'the port of the client')
    assert.deepEqual(tags, {
      'span.kind': 'server',
      'http.method': 'GET',
      'http.url': `${site.origin}/users/7`,
      'peer.address': '127.0.0.1',
      'peer.ipv4': '127.0.0.1',
      'http.route': '/users/:id',
      component: 'express',
      'http.status_code': 200,
    })
  })

  it('gets an error as one tag and one log', async () => {
    await ask(site.origin, '/fails')
    const [span] = await finished(tracer, 1)
    assert.equal(span?.tags['error'], true)
    assert.deepEqual(
      span?.logs.map(({ fields }) => [fields['event'], fields['error.kind'], fields['message']]),
      [['error', 'TypeError', 'broken on purpose']],
    )
  })
})

describe('a tracer that throws whenever it is called', () => {
  const refuse = (): never => {
    throw new Error('thrown on purpose')
  }

  for (const [title, broken] of [
    ['on every method', { startSpan: refuse, inject: refuse, extract: refuse }],
    ['in extract and inject', { inject: refuse, extract: refuse }],
  ] as const) {
    it(`never reaches the application: ${title}`, async () => {
      init({ tracer: Object.assign(new MockTracer(), broken), logLevel: 'silent' })
      const site = await listen((_, response) => response.end('fine'))
      for (let i = 0; i < 3; i += 1) {
        const [response] = await once(get(site.origin), 'response')
        assert.equal(await text(response), 'fine')
        assert.equal(await (await fetch(site.origin)).text(), 'fine')
      }
      await site.close()
      await shutdown()
    })
  }

  it('never reaches the application: in the spans that it makes', async () => {
    const tracer = new MockTracer()
    const startSpan = tracer.startSpan.bind(tracer)
    tracer.startSpan = (...args) =>
      Object.assign(startSpan(...args), {
        setTag: refuse,
        setOperationName: refuse,
        log: refuse,
        finish: refuse,
      })
    init({ tracer, logLevel: 'silent' })
    const app = load('express')()
    app.set('env', 'test')
    app.get('/fine', (_: unknown, response: any) => response.send('fine'))
    app.get('/fails', () => refuse())
    const site = await listen(app)
    for (let i = 0; i < 3; i += 1) {
      const [response] = await once(get(`${site.origin}/fine`), 'response')
      assert.equal(await text(response), 'fine')
      assert.equal(await (await fetch(`${site.origin}/fine`)).text(), 'fine')
      assert.equal((await fetch(`${site.origin}/fails`)).status, 500)
    }
    await site.close()
    await shutdown()
  })
})
