import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
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
import { assertChildOf, assertNamesEqual, assertNoParent, nameOf, tagsOf } from 'spoor/testing'
import type { FinishedSpan, SpanSink } from '../../dist/esm/tracer/finished-span.js'
import { Recorder } from '../../dist/esm/tracer/recorder.js'
import { fixture, runNode } from './processes.js'
import { mockBed, spoorBed } from './support.js'

const now = (): number => performance.timeOrigin + performance.now()

for (const [name, make] of Object.entries({
  "Spoor's tracer": spoorBed,
  'The mock tracer': () => mockBed(),
})) {
  describe(`The model: ${name}`, () => {
    test('OT-03: a child may outlive its parent', () => {
      const { tracer, finished } = make()
      const parent = tracer.startSpan('parent')
      const child = tracer.startSpan('child', { childOf: parent })
      parent.finish()
      child.finish()
      assertNamesEqual(finished(), ['parent', 'child'])
      assertChildOf(finished()[1]!, finished()[0]!)
    })

    test('OT-03: both kinds of reference name a direct parent', () => {
      for (const refer of [childOf, followsFrom]) {
        const { tracer, finished } = make()
        const earlier = tracer.startSpan('earlier')
        tracer.startSpan('later', { references: [refer(earlier)] }).finish()
        earlier.finish()
        assertChildOf(finished()[0]!, finished()[1]!)
      }
    })

    test('OT-04: references to nothing are ignored, however they are given', () => {
      const { tracer, finished } = make()
      for (const nothing of [null, undefined]) {
        tracer.startSpan('root', { childOf: nothing }).finish()
        tracer.startSpan('root', { references: [childOf(nothing), followsFrom(nothing)] }).finish()
      }
      assert.equal(finished().length, 4)
      for (const span of finished()) assertNoParent(span)
    })

    test('OT-05: childOf takes a span or a context, and comes first beside references', () => {
      const { tracer, finished } = make()
      const [parent, other] = [tracer.startSpan('parent'), tracer.startSpan('other')]
      tracer.startSpan('by span', { childOf: parent }).finish()
      tracer.startSpan('by context', { childOf: parent.context() }).finish()
      tracer.startSpan('by both', { childOf: parent, references: [followsFrom(other)] }).finish()
      parent.finish()
      for (const span of finished().slice(0, 3)) assertChildOf(span, finished()[3]!)
    })

    test('OT-06: a span starts at the time given, to fractions of a millisecond, with the tags given', () => {
      const { tracer, finished } = make()
      const tags = { 'http.method': 'GET', retries: 2 }
      const startTime = now() - 1000.25
      tracer.startSpan('timed', { startTime, tags }).finish(startTime + 0.5)
      const [span] = finished() as unknown as { startTime: number; finishTime?: number; endTime?: number }[]
      assert.equal(span?.startTime, startTime)
      assert.equal(span?.finishTime ?? span?.endTime, startTime + 0.5)
      assert.deepEqual({ ...tagsOf(finished()[0]!) }, tags)
      assert.deepEqual(tags, { 'http.method': 'GET', retries: 2 })
    })

    test('OT-08: after finish() the context stays usable and everything else does nothing', () => {
      const { tracer, finished } = make()
      const span = tracer.startSpan('done', { tags: { kept: true } })
      const before = span.context()
      span.finish()
      span.setOperationName('late').setTag('late', true).addTags({ later: true }).log({ event: 'late' })
      span.setBaggageItem('late', 'yes')
      span.finish()
      assertNamesEqual(finished(), ['done'])
      assert.deepEqual({ ...tagsOf(finished()[0]!) }, { kept: true })
      assert.equal(span.context().toSpanId(), before.toSpanId())
      tracer.startSpan('child', { childOf: span.context() }).finish()
      assertChildOf(finished()[1]!, finished()[0]!)
    })

    test('OT-09: the last value of a tag wins, in every way to set it', () => {
      const { tracer, finished } = make()
      const span = tracer.startSpan('tagged', { tags: { a: 1, b: 1, c: 1 } })
      span.setTag('b', 2).addTags({ c: 2, d: 1 })
      span.setTag('c', 3).setTag('d', 2)
      span.finish()
      assert.deepEqual({ ...tagsOf(finished()[0]!) }, { a: 1, b: 2, c: 3, d: 2 })
    })

    test('OT-10: a log carries the time given, or the present one, which lies within the span', () => {
      const { tracer, finished } = make()
      const span = tracer.startSpan('logging')
      const given = now()
      span.log({ event: 'given' }, given).log({ event: 'present' })
      span.finish()
      const [first, second] = logTimes(finished()[0]!)
      const { startTime, finishTime, endTime } = finished()[0] as unknown as Record<string, number>
      assert.equal(first, given)
      assert.ok(second! >= startTime! && second! <= (finishTime ?? endTime)!)
    })

    test('OT-11: a context never changes: setting baggage replaces the one of the span', () => {
      const { tracer } = make()
      const span = tracer.startSpan('carrying')
      const before = span.context()
      span.setBaggageItem('user', '42')
      assert.deepEqual([...before.baggageItems!()], [])
      assert.deepEqual([...span.context().baggageItems!()], [['user', '42']])
      assert.equal(span.context().toSpanId(), before.toSpanId())
    })

    test('OT-12: baggage goes to later descendants only, near and far, and can be iterated', () => {
      const { tracer } = make()
      const root = tracer.startSpan('root')
      const early = tracer.startSpan('early', { childOf: root })
      root.setBaggageItem('user', '42').setBaggageItem('tenant', 'blue')
      const grandchild = tracer.startSpan('late', { childOf: tracer.startSpan('middle', { childOf: root }) })
      assert.equal(early.getBaggageItem('user'), undefined)
      assert.deepEqual(
        [...grandchild.context().baggageItems!()],
        [
          ['user', '42'],
          ['tenant', 'blue'],
        ],
      )
      for (const format of [FORMAT_TEXT_MAP, FORMAT_HTTP_HEADERS, FORMAT_BINARY]) {
        const carrier = {}
        tracer.inject(grandchild, format, carrier)
        const remote = tracer.startSpan('remote', { childOf: tracer.extract(format, carrier) })
        assert.equal(remote.getBaggageItem('tenant'), 'blue', format)
        assert.equal(remote.getBaggageItem('absent'), undefined, format)
      }
    })

    test('OT-13: the three formats carry a context beside unrelated data, in headers of any case', () => {
      const { tracer } = make()
      const span = tracer.startSpan('sending').setBaggageItem('city', 'Zürich → 東京')
      const headers: Record<string, string> = { host: 'example.com', accept: '*/*' }
      tracer.inject(span, FORMAT_HTTP_HEADERS, headers)
      for (const value of Object.values(headers)) assert.match(value, /^[\t\x20-\x7e]*$/)
      const shouted = Object.fromEntries(
        Object.entries(headers).map(([key, value]) => [key.toUpperCase(), value]),
      )
      const map: Record<string, string> = { unrelated: 'data' }
      tracer.inject(span, FORMAT_TEXT_MAP, map)
      const bytes = {}
      tracer.inject(span, FORMAT_BINARY, bytes)
      for (const [format, carrier] of [
        [FORMAT_HTTP_HEADERS, shouted],
        [FORMAT_TEXT_MAP, map],
        [FORMAT_BINARY, bytes],
      ] as const) {
        const context = tracer.extract(format, carrier)
        assert.equal(context?.toSpanId(), span.context().toSpanId(), format)
        assert.deepEqual([...context!.baggageItems!()], [['city', 'Zürich → 東京']], format)
      }
      assert.equal(map['unrelated'], 'data')
    })

    test('OT-14: inject into a binary carrier sets its buffer', () => {
      const { tracer } = make()
      const carrier: { buffer?: Uint8Array | null } = { buffer: null }
      tracer.inject(tracer.startSpan('sending'), FORMAT_BINARY, carrier)
      assert.ok(carrier.buffer instanceof Uint8Array && carrier.buffer.length > 0)
    })

    test('OT-15: an unknown format, and a carrier of the wrong kind, raise an error with a code', () => {
      const { tracer } = make()
      const span = tracer.startSpan('sending')
      for (const act of [
        (format: string, carrier: unknown) => tracer.inject(span, format, carrier),
        (format: string, carrier: unknown) => void tracer.extract(format, carrier),
      ]) {
        const unsupported = { name: 'UnsupportedFormat', code: 'SPOOR_UNSUPPORTED_FORMAT' }
        assert.throws(() => act('morse', {}), unsupported)
        const invalid = { name: 'InvalidCarrier', code: 'SPOOR_INVALID_CARRIER' }
        for (const carrier of [null, undefined, 'text', 7]) {
          for (const format of [FORMAT_TEXT_MAP, FORMAT_HTTP_HEADERS, FORMAT_BINARY]) {
            assert.throws(() => act(format, carrier), invalid, `${format}, ${carrier}`)
          }
        }
      }
    })

    test('OT-15: bytes that were a context and are damaged raise SpanContextCorrupted', () => {
      const { tracer } = make()
      const carrier: { buffer?: Uint8Array } = {}
      tracer.inject(tracer.startSpan('sending'), FORMAT_BINARY, carrier)
      const damaged = { buffer: carrier.buffer!.slice(0, -1) }
      const corrupted = { name: 'SpanContextCorrupted', code: 'SPOOR_SPAN_CONTEXT_CORRUPTED' }
      assert.throws(() => tracer.extract(FORMAT_BINARY, damaged), corrupted)
    })

    test('OT-17: the error tag and an error log are separate: a span may have either without the other', () => {
      const { tracer, finished } = make()
      tracer.startSpan('tag only').setTag(Tags.ERROR, true).finish()
      tracer.startSpan('log only').log({ event: 'error', message: 'retried' }).finish()
      tracer.startSpan('not failed').setTag(Tags.ERROR, true).setTag(Tags.ERROR, false).finish()
      const [tagOnly, logOnly, notFailed] = finished()
      assert.equal(tagsOf(tagOnly!)['error'], true)
      assert.equal(logTimes(tagOnly!).length, 0)
      assert.notEqual(tagsOf(logOnly!)['error'], true)
      assert.equal(logTimes(logOnly!).length, 1)
      assert.notEqual(tagsOf(notFailed!)['error'], true)
    })

    test('OT-18: trace and span ids are strings; spans of one trace share the one and differ in the other', () => {
      const { tracer } = make()
      const parent = tracer.startSpan('parent').context()
      const child = tracer.startSpan('child', { childOf: parent }).context()
      for (const id of [parent.toTraceId(), parent.toSpanId()]) assert.match(id, /^[0-9a-f]+$/)
      assert.equal(child.toTraceId(), parent.toTraceId())
      assert.notEqual(child.toSpanId(), parent.toSpanId())
    })

    test('OT-19: a tracer is closed as often as you like, and loses nothing that was finished before', async () => {
      const { tracer, finished } = make()
      tracer.startSpan('before').finish()
      await tracer.flush()
      await tracer.close()
      await tracer.close()
      tracer.startSpan('after').setTag('late', true).finish()
      assert.equal(nameOf(finished()[0]!), 'before')
    })
  })
}

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

function logTimes(span: object): number[] {
  const { logs, events } = span as { logs?: { timestamp: number }[]; events?: { time: number }[] }
  return logs?.map(({ timestamp }) => timestamp) ?? events?.map(({ time }) => time) ?? []
}

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
