import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { childOf, FORMAT_BINARY, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP, followsFrom, Tags } from 'spoor/api'
import { assertChildOf, assertNamesEqual, assertNoParent, nameOf, tagsOf } from 'spoor/testing'
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

function logTimes(span: object): number[] {
  const { logs, events } = span as { logs?: { timestamp: number }[]; events?: { time: number }[] }
  return logs?.map(({ timestamp }) => timestamp) ?? events?.map(({ time }) => time) ?? []
}
