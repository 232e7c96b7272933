import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, afterEach, before, describe, it } from 'node:test'
import { activeSpan, type InitOptions, withSpan } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import type { MemorySink, SpanData } from 'spoor/export'
import { MockTracer } from 'spoor/testing'
import { captureLog } from '../export/support/log.ts'
import { finished, type Listening, listen, load, shutdown, trace } from './support/web.ts'

type Ask = (url: string, headers?: { [name: string]: string }) => Promise<number>

/** Both clients of Node.js: what is said of requests that go out holds for each. */
const clients: { [name: string]: Ask } = {
  fetch: async (url, headers = {}) => {
    const response = await fetch(url, { headers, redirect: 'manual' })
    await response.text()
    return response.status
  },
  'node:http': async (url, headers = {}) => {
    const request = load('node:http').get(url, { headers })
    const [response] = await once(request, 'response')
    response.resume()
    await once(response, 'end')
    return response.statusCode
  },
  'node:http, headers as a list': async (url, headers = {}) => {
    const { host } = new URL(url)
    const list = [...Object.entries({ host, ...headers }).flat()]
    const request = load('node:http').request(url, { headers: list }).end()
    const [response] = await once(request, 'response')
    response.resume()
    await once(response, 'end')
    return response.statusCode
  },
}

for (const [name, ask] of Object.entries(clients)) {
  describe(`requests of ${name} that go out`, () => {
    let sink: MemorySink
    let site: Listening
    const seen: { [name: string]: unknown }[] = []

    async function start(options: InitOptions = {}): Promise<void> {
      sink = trace({ disable: ['express'], traceAll: false, ...options })
      site = await listen(({ headers, url }, response) => {
        seen.push(headers)
        response.writeHead(Number(/^\/(\d{3})$/.exec(url ?? '')?.[1] ?? 200), { location: '/200' }).end('x')
      })
    }
    afterEach(async () => {
      seen.length = 0
      await site.close()
      await shutdown()
    })
    const only = async (): Promise<SpanData> => (await finished(sink, 1))[0] as SpanData

    it('TOR-A02, TOR-H01, TOR-H02, TOR-H04: have one span, named by the method, below the active one, that goes out in the headers', async () => {
      await start()
      let parent: string | undefined
      await withSpan('outer', async (span) => {
        parent = span.context().toSpanId?.()
        await ask(`${site.origin}/200?a=1`)
      })
      const [span] = (await finished(sink, 2)) as [SpanData, SpanData]
      assert.equal(span.name, 'GET')
      assert.equal(span.kind, 'client')
      assert.equal(span.parentSpanId, parent)
      assert.equal(span.attributes['http.request.method'], 'GET')
      assert.equal(span.attributes['http.response.status_code'], 200)
      assert.equal(span.attributes['url.full'], `${site.origin}/200?a=1`)
      assert.match(String(seen[0]?.['traceparent']), new RegExp(`-${span.spanId}-0[13]$`))
    })

    it('TOR-H05: have a span for each hop: a redirect is an answer like any other', async () => {
      await start()
      assert.equal(await ask(`${site.origin}/302`), 302)
      assert.equal((await only()).status.code, 'unset')
    })

    it('TOR-H06, CROSS-9: leave the span of the caller active for what follows', async () => {
      await start()
      await withSpan('outer', async (span) => {
        await ask(`${site.origin}/200`)
        assert.equal(activeSpan(), span)
      })
      await finished(sink, 2)
    })

    it('TOR-H08, TOR-H09: are errors from 400 on, whether or not the caller throws; the status is told', async () => {
      await start()
      for (const status of [404, 500]) {
        await ask(`${site.origin}/${status}`)
        const span = await only()
        assert.equal(span.status.code, 'error')
        assert.equal(span.attributes['http.response.status_code'], status)
      }
    })

    it('OPI-C03, OPI-C04: are named by the endpoint, and tell the service, that their own headers name', async () => {
      await start({ calleeNameHeaders: ['X-None', 'X-Service'], calleeEndpointHeaders: ['X-Endpoint'] })
      await ask(`${site.origin}/200`, { 'x-service': 'orders', 'x-endpoint': 'orders.list' })
      const named = await only()
      assert.equal(named.name, 'GET orders.list')
      assert.equal(named.attributes['peer.service'], 'orders')
      await ask(`${site.origin}/200`)
      const unnamed = await only()
      assert.equal(unnamed.name, 'GET')
      assert.ok(!('peer.service' in unnamed.attributes))
    })

    it('TOR-C06, TOR-H07: are shown to a callback, whose baggage travels, and whose errors harm nothing', async () => {
      const log = captureLog()
      try {
        await start({
          propagators: ['tracecontext', 'baggage'],
          logLevel: 'warn',
          clientSpanCallback(span, request) {
            span
              .setTag('request', typeof request)
              .setBaggageItem('who', 'ada')
              .setOperationName('mine')
            throw new Error('of the callback')
          },
        })
        assert.equal(await ask(`${site.origin}/200`), 200)
        assert.equal(await ask(`${site.origin}/200`), 200)
        const [span] = (await finished(sink, 2)) as [SpanData]
        assert.equal(span.name, 'mine')
        assert.equal(span.attributes['request'], 'object')
        assert.equal(seen[0]?.['baggage'], 'who=ada')
        assert.equal(log.lines.filter((line) => line.includes('clientSpanCallback threw')).length, 1)
      } finally {
        log.restore()
      }
    })

    it('TOR-C04, TOR-H10: are not traced when that is switched off', async () => {
      await start({ disable: ['undici', 'http'] })
      await ask(`${site.origin}/200`)
      await finished(sink, 0)
      assert.ok(!('traceparent' in (seen[0] ?? {})))
    })
  })
}

describe('whichever way a client is called', () => {
  let sink: MemorySink
  let site: Listening
  const seen: unknown[] = []
  before(async () => {
    sink = trace({ traceAll: false, serviceName: 'caller' })
    site = await listen(({ headers }, response) => {
      seen.push(headers['traceparent'])
      response.end('x')
    })
  })
  after(async () => {
    await site.close()
    await shutdown()
  })
  const http = load('node:http')
  const answered = async (request: any): Promise<void> => {
    const [response] = await once(request.end(), 'response')
    response.resume()
    await once(response, 'end')
  }
  const forms: { [form: string]: () => Promise<unknown> } = {
    'fetch(text)': () => fetch(site.origin).then((response) => response.text()),
    'fetch(URL, options)': () =>
      fetch(new URL(site.origin), { method: 'GET' }).then((response) => response.text()),
    'fetch(Request)': () => fetch(new Request(site.origin)).then((response) => response.text()),
    'http.request(text)': () => answered(http.request(site.origin)),
    'http.request(URL, options)': () => answered(http.request(new URL(site.origin), { headers: { a: 'b' } })),
    'http.request(options)': () => answered(http.request({ host: '127.0.0.1', port: site.port })),
    'http.get(text, callback)': () =>
      new Promise((resolve) =>
        http.get(site.origin, (response: any) => response.resume().on('end', resolve)),
      ),
  }

  for (const [form, ask] of Object.entries(forms)) {
    it(`TOR-H03: ${form} has one span, and its context goes out`, async () => {
      seen.length = 0
      await ask()
      const [span] = await finished(sink, 1)
      assert.match(String(seen[0]), new RegExp(`^00-${span?.traceId}-${span?.spanId}-`))
    })
  }

  it('OPI-C01: the name of the application is the name of its service', async () => {
    const { detectResource } = await import('spoor/export')
    assert.equal(detectResource({ serviceName: 'caller', env: {} })['service.name'], 'caller')
  })
})

describe('a foreign tracer that cannot write headers', () => {
  let site: Listening
  before(async () => {
    const tracer = new MockTracer()
    tracer.registerPropagator(FORMAT_HTTP_HEADERS, {
      inject() {
        throw new Error('of the propagator')
      },
      extract: () => null,
    } as never)
    trace({ tracer, exporters: [] })
    site = await listen((_, response) => response.end('x'))
  })
  after(async () => {
    await site.close()
    await shutdown()
  })

  it('TOR-Q08: costs the context, never the call', async () => {
    assert.equal(await clients['fetch']?.(site.origin), 200)
  })
})
