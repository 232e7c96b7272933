import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { activeSpan, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { assertNoSecret, finished, type Listening, listen, load, shutdown, trace } from './support/web.ts'

const active = (): string | undefined => activeSpan()?.context().toSpanId()
const node = Number(process.versions.node.split('.')[0])

/** Clients that speak the same channels; undici 8 needs Node 22.19. */
const clients: { name: string; fetch: (...args: any[]) => Promise<any>; library?: string }[] = [
  { name: 'the global fetch', fetch: globalThis.fetch },
  ...['undici6', 'undici7', ...(node >= 22 ? ['undici8'] : [])].map((library) => ({
    name: `fetch of ${library}`,
    library,
    fetch: (...args: unknown[]) => load(library).fetch(...args),
  })),
]

for (const { name, fetch, library } of clients) {
  describe(name, () => {
    let sink: MemorySink
    let site: Listening

    before(async () => {
      sink = trace()
      site = await listen(async (incoming, response) => {
        const { pathname } = new URL(incoming.url ?? '/', 'http://x')
        if (pathname === '/silent') return
        if (pathname === '/half') {
          response.writeHead(200, { 'content-length': 100 })
          response.write('half')
          setTimeout(() => response.destroy(), 10)
          return
        }
        if (pathname === '/redirect') return response.writeHead(302, { location: '/headers' }).end()
        if (pathname === '/big') return response.end(Buffer.alloc(1_000_000))
        if (pathname.startsWith('/slow')) await sleep(5)
        const status = Number(/^\/(\d{3})$/.exec(pathname)?.[1] ?? 200)
        response.writeHead(status).end(JSON.stringify(incoming.headers))
      })
    })
    afterEach(() => sink.reset())
    after(async () => {
      await site.close()
      await shutdown()
    })

    async function pair(): Promise<{ client: SpanData; server: SpanData }> {
      const spans = await finished(sink, 2)
      const client = spans.find(({ kind }) => kind === 'client') as SpanData
      const server = spans.find(({ kind }) => kind === 'server') as SpanData
      assert.equal(server.parentSpanId, client.spanId)
      assert.equal(server.traceId, client.traceId)
      return { client, server }
    }

    it('has a client span that the other side continues', async () => {
      const response = await fetch(`${site.origin}/headers?a=1&token=s3cret`, { method: 'POST', body: 'x' })
      const headers = await response.json()
      const { client } = await pair()
      assert.equal(client.name, 'POST')
      assert.equal(headers.traceparent, `00-${client.traceId}-${client.spanId}-03`)
      assert.deepEqual(client.attributes, {
        'http.request.method': 'POST',
        'url.full': `${site.origin}/headers?a=1&token=REDACTED`,
        'server.address': '127.0.0.1',
        'server.port': site.port,
        'http.response.status_code': 200,
      })
      assertNoSecret([client], 's3cret')
    })

    it('continues in the caller’s span after every await', async () => {
      let mine: string | undefined
      await withSpan('caller', async () => {
        mine = active()
        const response = await fetch(`${site.origin}/headers`)
        assert.equal(active(), mine)
        for await (const _ of response.body) assert.equal(active(), mine)
        assert.equal(active(), mine)
      })
      const spans = await finished(sink, 3)
      assert.equal(spans.find(({ kind }) => kind === 'client')?.parentSpanId, mine)
    })

    it('does not mix up a hundred calls at once', async () => {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          withSpan(`caller ${i}`, async () => {
            await (await fetch(`${site.origin}/slow${i}`)).text()
          }),
        ),
      )
      const spans = await finished(sink, 300)
      assertParents(spans)
    })

    it('sends a header once where the caller has set it, ours last', async () => {
      const stale = '00-11111111111111111111111111111111-2222222222222222-01'
      const headers = await (
        await fetch(`${site.origin}/headers`, { headers: { traceparent: stale } })
      ).json()
      const { client } = await pair()
      assert.equal(headers.traceparent, `00-${client.traceId}-${client.spanId}-03`)
    })

    it('has a span for every hop of a redirect', async () => {
      await (await fetch(`${site.origin}/redirect`)).text()
      const spans = await finished(sink, 4)
      const statuses = spans
        .filter(({ kind }) => kind === 'client')
        .map(({ attributes }) => attributes['http.response.status_code'])
      assert.deepEqual(statuses, [302, 200])
    })

    it('is an error from 400 on', async () => {
      for (const status of [404, 500]) {
        await (await fetch(`${site.origin}/${status}`)).text()
        const { client } = await pair()
        assert.equal(client.status.code, 'error')
        assert.equal(client.attributes['error.type'], String(status))
      }
    })

    it('records a refused connection, and the error is the caller’s', async () => {
      const unused = await listen(() => {})
      await unused.close()
      const error = await fetch(`${unused.origin}/x`).catch((error: unknown) => error)
      assert.equal(error.cause.code, 'ECONNREFUSED')
      const [span] = await finished(sink, 1)
      assert.equal(span?.status.code, 'error')
      assert.equal(span?.attributes['error.type'], 'ECONNREFUSED')
    })

    it('records an abort before and after the head of the response', async () => {
      await assert.rejects(fetch(`${site.origin}/silent`, { signal: AbortSignal.timeout(20) }), {
        name: 'TimeoutError',
      })
      const [early] = (await finished(sink, 2)).filter(({ kind }) => kind === 'client')
      assert.equal(early?.status.code, 'error')
      const abort = new AbortController()
      const response = await fetch(`${site.origin}/half`, { signal: abort.signal })
      abort.abort()
      await assert.rejects(response.text())
      const [late] = (await finished(sink, 2)).filter(({ kind }) => kind === 'client')
      assert.equal(late?.status.code, 'error')
      assert.equal(late?.attributes['http.response.status_code'], 200)
    })

    it('records a response that was cut short', async () => {
      const response = await fetch(`${site.origin}/half`)
      await assert.rejects(response.text())
      const [span] = (await finished(sink, 2)).filter(({ kind }) => kind === 'client')
      assert.equal(span?.status.code, 'error')
    })

    it('ends when nobody reads the body, at the latest when it is given up', async () => {
      await fetch(`${site.origin}/headers`)
      await pair()
      const response = await fetch(`${site.origin}/big`)
      await response.body.cancel()
      await pair()
    })

    if (library !== undefined) {
      it('gives every caller of a bounded pool its own span, whoever empties the queue', async () => {
        const { Pool, Agent, request } = load(library)
        const pool = new Pool(site.origin, { connections: 1 })
        const agent = new Agent({ connections: 1 })
        const ways: ((path: string) => Promise<unknown>)[] = [
          async (path) => (await pool.request({ path, method: 'GET' })).body.text(),
          async (path) => (await request(`${site.origin}${path}`, { dispatcher: agent })).body.text(),
          async (path) => (await fetch(`${site.origin}${path}`, { dispatcher: agent })).text(),
          (path) =>
            new Promise((resolve, reject) => {
              const mine = active()
              pool.request({ path, method: 'GET' }, async (error: unknown, data: any) => {
                if (error) return reject(error)
                assert.equal(active(), mine)
                await data.body.dump()
                resolve(undefined)
              })
            }),
        ]
        for (const way of ways) {
          await Promise.all(
            Array.from({ length: 20 }, (_, i) =>
              withSpan(`caller ${i}`, async () => {
                const mine = active()
                await way(`/slow${i}`)
                assert.equal(active(), mine)
              }),
            ),
          )
          assertParents(await finished(sink, 60))
        }
        await pool.close()
        await agent.close()
      })

      it('has the same spans for request, stream and pipeline of a client', async () => {
        const { Client, request } = load(library)
        const client = new Client(site.origin)
        await (await client.request({ path: '/headers', method: 'GET' })).body.text()
        await pair()
        await (await request(`${site.origin}/404`)).body.text()
        assert.equal((await pair()).client.status.code, 'error')
        await client.stream({ path: '/headers', method: 'GET' }, () =>
          new (load('node:stream').PassThrough)().resume(),
        )
        await pair()
        await client.close()
      })
    }
  })
}

/** Every client span belongs to the caller whose number is in its path. */
function assertParents(spans: readonly SpanData[]): void {
  const names = new Map(spans.map((span) => [span.spanId, span.name]))
  for (const span of spans.filter(({ kind }) => kind === 'client')) {
    const { pathname } = new URL(String(span.attributes['url.full']))
    assert.equal(names.get(span.parentSpanId), `caller ${pathname.replace('/slow', '')}`)
  }
}
