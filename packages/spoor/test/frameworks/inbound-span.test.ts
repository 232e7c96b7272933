import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { connect, createServer as createHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, it, test } from 'node:test'
import { init, shutdown } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import { finishServerSpan, HttpTracing, type RequestView, startServerSpan } from 'spoor/http'
import { type MockSpan, MockTracer } from 'spoor/testing'
import { ask, listen, load } from '../instrumentations/support/web.ts'

let tracer: MockTracer
const cleanup: (() => unknown)[] = []

beforeEach(() => {
  tracer = new MockTracer({ strictExtract: false })
})
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

/** A request of a framework of one's own. */
function view(fields: Partial<RequestView> = {}): RequestView {
  return { method: 'GET', url: '/orders?page=2', headers: { host: 'shop.example' }, ...fields }
}

function started(request: object, options = {}): MockSpan {
  return startServerSpan(request, { tracer, ...options }) as MockSpan
}

async function served(listener: RequestListener, path: string, headers = {}): Promise<string> {
  const site = await listen(listener)
  cleanup.push(() => site.close())
  return (await ask(site.origin, path, { headers })).body
}

describe('startServerSpan', () => {
  it('OPI-B01: starts a span and does not make it active; the tracer is the global one by default', async () => {
    const span = started(view())
    assert.equal(tracer.activeSpan, null)
    assert.deepEqual(tracer.unfinishedSpans(), [span])
    init({ tracer, logLevel: 'silent' })
    cleanup.push(shutdown)
    assert.equal(startServerSpan(view()).tracer(), tracer)
  })

  it('OPI-B02, OPI-A07: has all its tags from the start, and nothing in place of what is not known', () => {
    const given: object[] = []
    const { startSpan } = tracer
    tracer.startSpan = (name, options = {}) => {
      given.push({ ...options.tags })
      return startSpan.call(tracer, name, options)
    }
    started(view({ scheme: 'https', remoteAddress: '192.0.2.7', remotePort: '4711', callerName: 'basket' }))
    started({ method: 'POST', url: '/', headers: {} })
    assert.deepEqual(given, [
      {
        'span.kind': 'server',
        component: 'http',
        'http.method': 'GET',
        'http.url': 'https://shop.example/orders?page=2',
        'peer.address': '192.0.2.7',
        'peer.ipv4': '192.0.2.7',
        'peer.port': 4711,
        'peer.service': 'basket',
      },
      { 'span.kind': 'server', component: 'http', 'http.method': 'POST' },
    ])
  })

  it('speaks the vocabulary of OpenTelemetry where the tracer is our own, the query apart and masked', async () => {
    const sink = new MemorySink()
    init({ exporters: [sink], logLevel: 'silent' })
    cleanup.push(shutdown)
    const request = view({ url: '/orders?page=2&token=hidden', scheme: 'https', remoteAddress: '192.0.2.7' })
    const headers = { host: 'shop.example:8443', 'user-agent': 'curl/8', 'x-caller': 'basket' }
    const span = startServerSpan({ ...request, headers }, { callerNameHeaders: ['x-caller'] })
    finishServerSpan(span, { status: 404, route: '/orders' })
    const [told] = sink.spans
    assert.equal(told?.kind, 'server')
    assert.equal(told?.name, 'GET /orders')
    assert.deepEqual(told?.attributes, {
      'http.request.method': 'GET',
      'http.route': '/orders',
      'http.response.status_code': 404,
      'url.scheme': 'https',
      'url.path': '/orders',
      'url.query': 'page=2&token=REDACTED',
      'server.address': 'shop.example',
      'server.port': 8443,
      'client.address': '192.0.2.7',
      'user_agent.original': 'curl/8',
      'peer.service': 'basket',
    })
  })

  it('OPI-Q06: tells an address of IPv4, one of IPv6 and the name of a host by different tags', () => {
    const peers = ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::1', 'client.example'].map((remoteAddress) => {
      const { tags } = started(view({ remoteAddress }))
      return [tags['peer.ipv4'], tags['peer.ipv6'], tags['peer.hostname']]
    })
    assert.deepEqual(peers, [
      ['192.0.2.7', undefined, undefined],
      ['192.0.2.7', undefined, undefined],
      [undefined, '2001:db8::1', undefined],
      [undefined, undefined, 'client.example'],
    ])
  })

  it('OPI-B03, OPI-A06: continues the trace of the caller, whatever the case of its headers', () => {
    const caller = tracer.startSpan('caller')
    const headers: { [name: string]: string } = {}
    tracer.inject(caller, FORMAT_HTTP_HEADERS, headers)
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    )
    for (const each of [headers, upper, new Headers(headers), new Map(Object.entries(headers))]) {
      const span = started(view({ headers: each }))
      assert.equal(span.parentSpanId, caller.spanId)
      assert.equal(span.traceId, caller.traceId)
    }
  })

  it('OPI-B04: starts a trace of its own when the headers cannot be read, whatever is thrown', () => {
    tracer.registerPropagator(FORMAT_HTTP_HEADERS, {
      inject() {},
      extract() {
        throw new RangeError('unreadable')
      },
    })
    const span = started(view({ headers: { 'ot-tracer-traceid': '1', 'ot-tracer-spanid': '2' } }))
    assert.equal(span.parentId, null)
    assert.equal(span.operationName, 'GET')
  })

  it('OPI-B05: is named by the operation, by default the method', () => {
    assert.equal(started(view({ operation: 'list orders' })).operationName, 'list orders')
    assert.equal(started(view({ method: 'DELETE' })).operationName, 'DELETE')
    assert.equal(started(view({ method: 'PROPFIND' })).operationName, 'HTTP', 'clients invent no names')
  })

  it('OPI-B06, OPI-A06: is the child of the active span when the headers bring no context', () => {
    tracer.startActiveSpan('gateway', (outer) => {
      assert.equal(started(view()).parentSpanId, (outer as MockSpan).spanId)
    })
  })

  it('OPI-C02: takes the caller from the first configured header that is there', () => {
    const options = { callerNameHeaders: ['X-Uber-Source', 'x-caller'] }
    const of = (headers: { [name: string]: string }): unknown =>
      started(view({ headers }), options).tags['peer.service']
    assert.equal(of({ 'x-caller': 'second', 'X-UBER-SOURCE': 'first' }), 'first')
    assert.equal(of({ 'x-caller': 'second' }), 'second')
    assert.equal(of({ 'x-uber-source': '', 'x-caller': 'second' }), 'second')
    assert.equal(of({}), undefined)
  })

  it('says nothing of what is no request, and never throws', () => {
    const hostile = {
      get method(): string {
        throw new Error('no')
      },
    }
    for (const request of [null, undefined, 7, 'GET /', {}, { method: 'GET' }, hostile, Object.freeze([])]) {
      const span = startServerSpan(request as never, { tracer })
      finishServerSpan(span, { status: 200 })
    }
    assert.deepEqual(tracer.unfinishedSpans(), [])
  })
})

describe('startServerSpan understands', () => {
  it('OPI-A08: messages of node:http, below a router that has cut off its own path too', async () => {
    const body = await served((incoming, response) => {
      Object.assign(incoming, { originalUrl: incoming.url, url: '/below' })
      const span = started(incoming)
      finishServerSpan(span, response)
      response.end(String(span.tags['http.url']))
    }, '/mounted/below?a=1&token=hidden')
    assert.match(body, /^http:\/\/127\.0\.0\.1:\d+\/mounted\/below\?a=1&token=REDACTED$/)
    const [span] = tracer.finishedSpans()
    assert.equal(span?.tags['peer.ipv4'], '127.0.0.1')
    assert.ok(Number(span?.tags['peer.port']) > 0)
  })

  it('streams of node:http2 with their headers', async () => {
    const server = createHttp2()
    server.on('stream', (stream, headers) => {
      const span = started({ stream, headers })
      stream.respond({ ':status': 202 })
      stream.end(String(span.tags['http.url']))
      finishServerSpan(span, { status: 202 })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const session = connect(origin)
    const stream = session.request({ ':path': '/streams?a=1' })
    assert.equal(await text(stream.end()), `${origin}/streams?a=1`)
    session.close()
    await new Promise((resolve) => server.close(resolve))
    assert.equal(tracer.finishedSpans()[0]?.tags['http.status_code'], 202)
  })

  it('requests of the Fetch standard, and the responses that end them', () => {
    const request = new Request('https://shop.example/orders?page=2', { method: 'PUT', body: 'x' })
    const span = started(request)
    finishServerSpan(span, new Response('no', { status: 503 }))
    assert.equal(span.operationName, 'PUT')
    assert.equal(span.tags['http.url'], 'https://shop.example/orders?page=2')
    assert.equal(span.tags['http.status_code'], 503)
    assert.equal(span.tags['error'], true)
  })
})

describe('finishServerSpan', () => {
  it('tells status, route and what went wrong as every server span does, once', () => {
    const error = new TypeError('broken')
    const cases: [object, object][] = [
      [{ status: 404 }, { 'http.status_code': 404 }],
      [{ status: 500 }, { 'http.status_code': 500, error: true }],
      [{ status: 422, error }, { 'http.status_code': 422 }],
      [{ error }, { error: true }],
      [{ statusCode: 201, status: () => {} }, { 'http.status_code': 201 }],
      [
        { route: '/orders', status: 200 },
        { 'http.route': '/orders', 'http.status_code': 200 },
      ],
    ]
    for (const [outcome, expected] of cases) {
      const span = started(view())
      finishServerSpan(span, outcome)
      finishServerSpan(span, { status: 200 })
      const { 'http.status_code': status, 'http.route': route, error: failed } = span.tags
      const told = { 'http.status_code': status, 'http.route': route, error: failed }
      assert.deepEqual(JSON.parse(JSON.stringify(told)), expected)
      assert.equal(span.logs.length, 'error' in outcome ? 1 : 0)
    }
    assert.equal(tracer.finishedSpans().length, cases.length)
    assert.equal(tracer.finishedSpans().at(-1)?.operationName, 'GET /orders')
    assert.equal(tracer.finishedSpans()[2]?.logs[0]?.fields['error.object'], error)
  })

  it('leaves a span that somebody else has started to them', async () => {
    const server = createServer((incoming, response) => {
      const span = startServerSpan(incoming, { tracer })
      response.once('finish', () => {})
      finishServerSpan(span, { status: 500 })
      response.end(String(tracer.unfinishedSpans().length))
    })
    new HttpTracing({ tracer, app: server })
    const site = await listen(server)
    cleanup.push(() => site.close())
    assert.equal((await ask(site.origin)).body, '1')
    assert.deepEqual(
      tracer.finishedSpans().map(({ tags }) => tags['http.status_code']),
      [200],
    )
  })

  it('does nothing for requests that init() ignores', async () => {
    init({ tracer, logLevel: 'silent', ignore: ['/health'] })
    cleanup.push(shutdown)
    finishServerSpan(startServerSpan(view({ url: '/health?deep=1' })), { status: 200 })
    assert.deepEqual(tracer.finishedSpans(), [])
    finishServerSpan(startServerSpan(view()), { status: 200 })
    assert.equal(tracer.finishedSpans().length, 1)
  })
})

test('OPI-X01: a middleware by hand starts the span, runs the application in it, and finishes it with the head of the response', async () => {
  type Application = (incoming: IncomingMessage, response: Parameters<RequestListener>[1]) => void
  const traced =
    (application: Application): RequestListener =>
    (incoming, response) => {
      const span = startServerSpan(incoming, { tracer, callerNameHeaders: ['X-Uber-Source'] })
      const { writeHead } = response
      response.writeHead = ((...args: Parameters<typeof writeHead>) => {
        finishServerSpan(span, { status: Number(args[0]) })
        return writeHead.apply(response, args)
      }) as typeof writeHead
      tracer.scopeManager.with(span, application, undefined, incoming, response)
    }
  const caller = tracer.startSpan('caller')
  const headers: { [name: string]: string } = { 'x-uber-source': 'basket' }
  tracer.inject(caller, FORMAT_HTTP_HEADERS, headers)
  const body = await served(
    traced((_, response) => {
      const active = tracer.activeSpan as MockSpan
      response.writeHead(503)
      response.end(String(tracer.finishedSpans().includes(active)))
    }),
    '/clay',
    headers,
  )
  assert.equal(body, 'true')
  const [span] = tracer.finishedSpans()
  assert.equal(span?.parentSpanId, caller.spanId)
  assert.equal(span?.tags['peer.service'], 'basket')
  assert.equal(span?.tags['http.status_code'], 503)
  assert.equal(span?.tags['error'], true)
})

test('the door of spoor/http opens by require() too', () => {
  const door = load('spoor/http')
  assert.deepEqual(Object.keys(door).sort(), [
    'HttpTracing',
    'finishServerSpan',
    'startServerSpan',
    'traceLambda',
  ])
})

test('OPI-X02: a middleware around an asynchronous one finishes its span when that has settled, and it is active until then', async () => {
  const traced =
    (next: (incoming: IncomingMessage) => Promise<string>): RequestListener =>
    async (incoming, response) => {
      const span = startServerSpan(incoming, { tracer })
      try {
        response.end(await tracer.scopeManager.with(span, next, undefined, incoming))
        finishServerSpan(span, { status: 200 })
      } catch (error) {
        response.writeHead(500).end('sorry')
        finishServerSpan(span, { status: 500, error })
      }
    }
  const slow = async (incoming: IncomingMessage): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    const active = tracer.activeSpan as MockSpan
    if (incoming.url === '/broken') throw new Error('of the next one')
    return String(tracer.finishedSpans().includes(active))
  }
  assert.equal(await served(traced(slow), '/calm', {}), 'false')
  assert.equal(await served(traced(slow), '/broken', {}), 'sorry')
  const [calm, broken] = tracer.finishedSpans()
  assert.equal(calm?.tags['error'], undefined)
  assert.equal(broken?.tags['http.status_code'], 500)
  assert.equal(broken?.tags['error'], true)
  const told = broken?.logs[0]?.fields['error.object'] as Error | undefined
  assert.equal(told?.message, 'of the next one')
})
