import assert from 'node:assert/strict'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import {
  BinaryCarrier,
  childOf,
  FORMAT_BINARY,
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  followsFrom,
} from 'spoor/api'
import { MockContext, type MockPropagator, MockTracer } from 'spoor/testing'
import { StackScopeManager } from '../../dist/esm/scope/index.js'
import { spoorBed } from './support.js'

test('MT-01: the scope manager may be given, and follows asynchronous flows otherwise', async () => {
  const scopeManager = new StackScopeManager()
  assert.equal(new MockTracer({ scopeManager }).scopeManager, scopeManager)
  const tracer = new MockTracer()
  const seen = await tracer.startActiveSpan('outer', async (span) => {
    await null
    return tracer.activeSpan === span
  })
  assert.equal(seen, true)
})

test('MT-02: finished spans come in the order of their end, in a fresh array', () => {
  const tracer = new MockTracer()
  const [one, two] = [tracer.startSpan('one'), tracer.startSpan('two')]
  two.finish()
  one.finish()
  assert.deepEqual(tracer.finishedSpans(), [two, one])
  tracer.finishedSpans().pop()
  assert.deepEqual(tracer.finishedSpans(), [two, one])
})

test('MT-03: reset() forgets the finished spans and nothing else', () => {
  const tracer = new MockTracer()
  const open = tracer.startSpan('open')
  tracer.startSpan('finished').finish()
  tracer.reset()
  assert.deepEqual(tracer.finishedSpans(), [])
  assert.deepEqual(tracer.unfinishedSpans(), [open])
  open.finish()
  assert.deepEqual(tracer.finishedSpans(), [open])
  assert.deepEqual(tracer.unfinishedSpans(), [])
})

test('MT-04: a span shows name, times, whether it is finished, parent, tags, logs, context and baggage', () => {
  const tracer = new MockTracer()
  const parent = tracer.startSpan('parent').setBaggageItem('user', '42')
  const span = tracer.startSpan('span', { childOf: parent, startTime: 1000, tags: { a: 1 } })
  assert.equal(span.finishTime, -1)
  assert.equal(span.finished, false)
  span.setTag('b', 2).log({ event: 'seen', n: 1 }, 1500)
  span.finish(2000)
  assert.equal(span.operationName, 'span')
  assert.deepEqual([span.startTime, span.finishTime, span.finished], [1000, 2000, true])
  assert.equal(span.parentId, parent.context().spanId)
  assert.equal(parent.parentId, null)
  assert.deepEqual({ ...span.tags }, { a: 1, b: 2 })
  assert.deepEqual(span.logs, [{ fields: { event: 'seen', n: 1 }, timestamp: 1500 }])
  assert.equal(span.context().traceId, parent.context().traceId)
  assert.deepEqual([...span.context().baggage], [['user', '42']])
})

test('MT-05: identifiers count up', () => {
  const tracer = new MockTracer()
  const ids = ['a', 'b'].map((name) => {
    const { traceId, spanId } = tracer.startSpan(name).context()
    return [traceId, spanId]
  })
  assert.deepEqual(ids, [
    [1, 2],
    [3, 4],
  ])
})

test('MT-06: a propagator may be registered for a format of your own, and replace a standard one', () => {
  const tracer = new MockTracer()
  const propagator: MockPropagator = {
    inject: (context, carrier) => void (carrier as string[]).push(`${context.traceId}/${context.spanId}`),
    extract(carrier) {
      const [traceId, spanId] = (carrier as string[])[0]?.split('/').map(Number) ?? []
      return new MockContext(traceId!, spanId!)
    },
  }
  tracer.registerPropagator('lines', propagator)
  tracer.registerPropagator(FORMAT_TEXT_MAP, propagator)
  const span = tracer.startSpan('sending')
  for (const format of ['lines', FORMAT_TEXT_MAP]) {
    const carrier: string[] = []
    tracer.inject(span, format, carrier)
    assert.deepEqual(carrier, ['1/2'])
    assert.equal(tracer.extract(format, carrier)?.spanId, 2)
  }
})

test('MT-07: text carriers hold hexadecimal ids and baggage under the keys of the reference', () => {
  const tracer = new MockTracer()
  for (let i = 0; i < 5; i++) tracer.startSpan('counting')
  const carrier = {}
  tracer.inject(tracer.startSpan('sending').setBaggageItem('User', 'Fry'), FORMAT_TEXT_MAP, carrier)
  assert.deepEqual(carrier, {
    'ot-tracer-traceid': 'b',
    'ot-tracer-spanid': 'c',
    'ot-baggage-User': 'Fry',
  })
  const shouted = { 'OT-Tracer-TraceId': 'B', 'OT-TRACER-SPANID': 'C', 'OT-Baggage-USER': 'Fry' }
  const context = tracer.extract(FORMAT_HTTP_HEADERS, shouted)
  assert.deepEqual([context?.traceId, context?.spanId], [11, 12])
  assert.deepEqual([...context!.baggage], [['user', 'Fry']])
})

test('MT-07: a context crosses a real HTTP request, with baggage in any script', async () => {
  const tracer = new MockTracer()
  const span = tracer.startSpan('client').setBaggageItem('city', 'Zürich → 東京')
  const received = new Promise<MockContext | null>((resolve) => {
    const server = createServer((request, response) => {
      resolve(tracer.extract(FORMAT_HTTP_HEADERS, request.headers))
      response.end()
      server.close()
    }).listen(0, '127.0.0.1', () => {
      const headers = {}
      tracer.inject(span, FORMAT_HTTP_HEADERS, headers)
      const { port } = server.address() as AddressInfo
      get({ host: '127.0.0.1', port, headers, agent: false }, (response) => response.resume())
    })
  })
  const context = await received
  assert.equal(context?.spanId, span.context().spanId)
  assert.deepEqual([...context!.baggage], [['city', 'Zürich → 東京']])
})

test('MT-07: a Map and a Headers are text carriers too', () => {
  const tracer = new MockTracer()
  const span = tracer.startSpan('sending')
  for (const carrier of [new Map(), new Headers()]) {
    tracer.inject(span, FORMAT_HTTP_HEADERS, carrier)
    assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, carrier)?.spanId, span.context().spanId)
  }
})

test('MT-08: a carrier without a context raises SpanContextCorrupted, unless the tracer is told to return null', () => {
  const corrupted = { name: 'SpanContextCorrupted' }
  const carriers: [string, object][] = [
    [FORMAT_TEXT_MAP, {}],
    [FORMAT_HTTP_HEADERS, { host: 'example.com' }],
    [FORMAT_HTTP_HEADERS, { 'ot-tracer-traceid': '1' }],
    [FORMAT_HTTP_HEADERS, { 'ot-tracer-traceid': 'zz', 'ot-tracer-spanid': '1' }],
    [FORMAT_BINARY, new BinaryCarrier()],
  ]
  for (const [format, carrier] of carriers) {
    assert.throws(() => new MockTracer().extract(format, carrier), corrupted)
    assert.equal(new MockTracer({ strictExtract: false }).extract(format, carrier), null)
  }
})

test('MT-09: the first reference names the parent, and all of them are kept', () => {
  const tracer = new MockTracer()
  const [one, two] = [tracer.startSpan('one'), tracer.startSpan('two')]
  const span = tracer.startSpan('span', { references: [followsFrom(one), childOf(two)] })
  assert.equal(span.parentId, one.context().spanId)
  assert.deepEqual(
    span.references.map(({ type, context }) => [type, context.toSpanId()]),
    [
      ['follows_from', one.spanId],
      ['child_of', two.spanId],
    ],
  )
})

test('MT-09: a reference to a context of another tracer is kept, and is nobody’s parent', () => {
  const tracer = new MockTracer()
  const foreign = spoorBed().tracer.startSpan('foreign')
  const span = tracer.startSpan('span', { childOf: foreign })
  assert.equal(span.parentId, null)
  assert.equal(span.references[0]?.context, foreign.context())
})

test('MT-10: a binary carrier holds bytes, else it is invalid; without any it is corrupted', () => {
  const tracer = new MockTracer()
  const span = tracer.startSpan('sending').setBaggageItem('user', 'Fry')
  const carrier = new BinaryCarrier()
  tracer.inject(span, FORMAT_BINARY, carrier)
  const context = tracer.extract(FORMAT_BINARY, carrier)
  assert.deepEqual([context?.spanId, [...context!.baggage]], [span.context().spanId, [['user', 'Fry']]])
  for (const wrong of [null, 'bytes', new Uint8Array(3), { buffer: 7 }]) {
    assert.throws(() => tracer.extract(FORMAT_BINARY, wrong), { name: 'InvalidCarrier' })
  }
  for (const empty of [new BinaryCarrier(), { buffer: new Uint8Array() }, { buffer: [1, 2, 3] }, {}]) {
    assert.throws(() => tracer.extract(FORMAT_BINARY, empty), { name: 'SpanContextCorrupted' })
  }
})
