import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  childOf,
  FORMAT_BINARY,
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  followsFrom,
  noopTracer,
  REFERENCE_CHILD_OF,
  REFERENCE_FOLLOWS_FROM,
  recordError,
  type Span,
  Tags,
} from 'spoor/api'
import { assertNamesEqual, assertNoParent } from 'spoor/testing'
import type { FinishedSpan, SpanSink } from '../../dist/esm/tracer/finished-span.js'
import { Recorder } from '../../dist/esm/tracer/recorder.js'
import { fixture, runNode } from './processes.js'
import { mockBed, spoorBed } from './support.js'

const now = (): number => performance.timeOrigin + performance.now()

test('OT-01: a span has a name, a start, a finish, tags, logs, a context and references', () => {
  const { tracer, finished } = spoorBed()
  const [parent, cause] = [tracer.startSpan('parent'), tracer.startSpan('cause')]
  const startTime = now()
  tracer
    .startSpan('work', {
      childOf: parent,
      references: [followsFrom(cause)],
      startTime,
      tags: { text: 'a', truth: true, number: 1.5 },
    })
    .log({ event: 'progress', done: 0.5, detail: { step: 2 } }, startTime + 1)
    .finish(startTime + 2)
  const span = finished()[0]!
  assert.equal(span.name, 'work')
  assert.deepEqual([span.startTime, span.endTime], [startTime, startTime + 2])
  assert.deepEqual({ ...span.attributes }, { text: 'a', truth: true, number: 1.5 })
  const [event] = span.events
  assert.deepEqual([event?.name, event?.time, event?.attributes['done']], ['progress', startTime + 1, 0.5])
  assert.equal(span.parentSpanId, parent.context().toSpanId())
  assert.deepEqual(
    span.links.map((link) => [link.spanId, link.attributes['opentracing.ref_type']]),
    [[cause.context().toSpanId(), REFERENCE_FOLLOWS_FROM]],
  )
})

test('OT-02: a span may be named once the general name of its work is known, and leaves under that name', () => {
  const { tracer, finished } = spoorBed()
  const span = tracer.startSpan('GET /orders/4711')
  span.setOperationName('GET /orders/:id').finish()
  assertNamesEqual(finished(), ['GET /orders/:id'])
})

test('OT-02: the span of a request to a real application is named by its route, not by its path', async () => {
  const { code, stdout, stderr } = await runNode([fixture('routes.mjs')])
  assert.equal(code, 0, stderr)
  const server = JSON.parse(stdout).filter(({ kind }: { kind: number }) => kind === 2)
  assert.deepEqual(server, [{ name: 'GET /orders/:id', kind: 2 }])
})

test('OT-03: every reference of every kind is kept', () => {
  const { tracer, finished } = spoorBed()
  const causes = ['a', 'b', 'c'].map((name) => tracer.startSpan(name))
  const references = [followsFrom(causes[0]), childOf(causes[1]), followsFrom(causes[2])]
  tracer.startSpan('joined', { references }).finish()
  const [span] = finished()
  assert.equal(span?.parentSpanId, causes[1]!.context().toSpanId())
  assert.deepEqual(
    span?.links.map((link) => [link.spanId, link.attributes['opentracing.ref_type']]),
    [causes[0], causes[2]].map((cause) => [cause!.context().toSpanId(), REFERENCE_FOLLOWS_FROM]),
  )
  const mock = mockBed().tracer
  const [one, two] = [mock.startSpan('one'), mock.startSpan('two')]
  const both = mock.startSpan('both', { references: [followsFrom(one), childOf(two)] })
  assert.deepEqual(
    both.references.map(({ type }) => type),
    [REFERENCE_FOLLOWS_FROM, REFERENCE_CHILD_OF],
  )
})

test('OT-04: what extract returned may be passed straight on, also when it is null', () => {
  const { tracer, finished } = spoorBed()
  const parent = tracer.extract(FORMAT_HTTP_HEADERS, { host: 'example.com' })
  assert.equal(parent, null)
  tracer.startActiveSpan('request', { childOf: parent, references: [childOf(parent)] }, () => {})
  assertNoParent(finished()[0]!)
})

test('OT-07: a kind that is given at start reaches the sampler, which may decide by it', () => {
  const kinds: unknown[] = []
  const { tracer, finished } = spoorBed({
    sampler: {
      sample(_parent, _traceId, _name, kind) {
        kinds.push(kind)
        return kind !== 3
      },
    },
  })
  tracer.startSpan('serve', { tags: { [Tags.SPAN_KIND]: Tags.SPAN_KIND_RPC_SERVER } }).finish()
  tracer.startSpan('call', { tags: { [Tags.SPAN_KIND]: Tags.SPAN_KIND_RPC_CLIENT } }).finish()
  assert.deepEqual(kinds, [2, 3])
  assert.deepEqual(
    finished().map(({ name, kind }) => [name, kind]),
    [['serve', 'server']],
  )
})

test('OT-15: extract returns null when there is nothing to extract', () => {
  const { tracer } = spoorBed()
  assert.equal(tracer.extract(FORMAT_TEXT_MAP, {}), null)
  assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, { traceparent: 'rubbish' }), null)
  assert.equal(tracer.extract(FORMAT_BINARY, {}), null)
  assert.equal(tracer.extract(FORMAT_BINARY, { buffer: new Uint8Array() }), null)
})

test('OT-16: the no-op tracer accepts everything, chains, and never throws', async () => {
  const span = noopTracer.startSpan('nothing', { childOf: null, references: [childOf(null)], tags: { a: 1 } })
  const chained: Span = span
    .setOperationName('still nothing')
    .setTag('a', 1)
    .addTags({ b: 2 })
    .log({ event: 'nothing' })
    .setBaggageItem('a', 'b')
  assert.equal(chained, span)
  assert.equal(span.logEvent('nothing', {}), undefined)
  assert.equal(span.finish(), undefined)
  assert.equal(span.tracer(), noopTracer)
  for (const format of [FORMAT_TEXT_MAP, FORMAT_BINARY, 'anything']) {
    assert.equal(noopTracer.inject(span, format, undefined), undefined)
    assert.equal(noopTracer.extract(format, undefined), null)
  }
  assert.equal(
    noopTracer.startActiveSpan('nothing', () => 'result'),
    'result',
  )
  noopTracer.startActiveSpan('nothing').close()
  await noopTracer.flush()
  await noopTracer.close()
})

test('OT-17: recordError() makes the tag and one log with all five fields', () => {
  const { tracer } = mockBed()
  const span = tracer.startSpan('failing')
  const failure = new RangeError('too far')
  recordError(span, failure)
  assert.deepEqual({ ...span.tags }, { error: true })
  assert.deepEqual(span.logs[0]?.fields, {
    event: 'error',
    'error.object': failure,
    'error.kind': 'RangeError',
    message: 'too far',
    stack: failure.stack,
  })
  assert.equal(span.logs.length, 1)
})

test('OT-18: identifiers that are unknown are empty strings', () => {
  const context = noopTracer.startSpan('nothing').context()
  assert.deepEqual([context.toTraceId(), context.toSpanId()], ['', ''])
})

test('OT-19: closing hands over what is finished, once, and drops what is finished later', async () => {
  const sink = new SlowSink()
  const { tracer } = spoorBed({ sink: new Recorder([sink]) })
  tracer.startSpan('before').finish()
  await Promise.all([tracer.close(), tracer.close()])
  tracer.startSpan('after').finish()
  await tracer.close()
  assert.deepEqual(sink.sent, ['before'])
  assert.equal(sink.closed, 1)
})

test('OT-20: the withdrawn service tag is no constant, and the key is a tag like any other', () => {
  assert.equal('SERVICE' in Tags, false)
  const { tracer, finished } = spoorBed()
  tracer.startSpan('named', { tags: { service: 'orders' } }).finish()
  assert.equal(finished()[0]?.attributes['service'], 'orders')
})

/** Sends when it is closed, and takes its time. */
class SlowSink implements SpanSink {
  readonly sent: string[] = []
  closed = 0
  readonly #waiting: string[] = []

  record(span: FinishedSpan): void {
    this.#waiting.push(span.name)
  }

  async flush(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 2))
    this.sent.push(...this.#waiting.splice(0))
  }

  async close(): Promise<void> {
    this.closed += 1
    await this.flush()
  }
}
