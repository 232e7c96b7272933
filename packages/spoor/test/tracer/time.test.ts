import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { ProtobufBatchEncoder } from 'spoor/export'
import { SystemClock } from '../../dist/esm/tracer/clock.js'
import { IdSource } from '../../dist/esm/tracer/ids.js'
import { spoorBed } from '../compliance/support.ts'
import { spansOf } from '../encode/decoder.ts'

describe('identifiers', () => {
  test('a million of them are well-formed, unique and not zero', () => {
    const ids = new IdSource()
    const spans = new Set<string>()
    const traces = new Set<string>()
    for (let i = 0; i < 1_000_000; i++) {
      spans.add(ids.spanId())
      if (i % 4 === 0) traces.add(ids.traceId())
    }
    assert.equal(spans.size, 1_000_000)
    assert.equal(traces.size, 250_000)
    let wrong = 0
    for (const id of spans) if (!/^(?!0{16})[0-9a-f]{16}$/.test(id)) wrong++
    for (const id of traces) if (!/^(?!0{32})[0-9a-f]{32}$/.test(id)) wrong++
    assert.equal(wrong, 0)
  })

  test('every bit of them is random', () => {
    const ids = new IdSource()
    const ones = new Array<number>(128).fill(0)
    const rounds = 4000
    for (let i = 0; i < rounds; i++) {
      const bits = BigInt(`0x${ids.traceId()}`)
      for (let bit = 0; bit < 128; bit++)
        if ((bits >> BigInt(bit)) & 1n) ones[bit] = (ones[bit] as number) + 1
    }
    for (const count of ones) assert.ok(Math.abs(count / rounds - 0.5) < 0.06)
  })

  test('they are the same without Buffer, as in a browser', () => {
    const bytes = (fill: Uint8Array): void => {
      for (let i = 0; i < fill.length; i++) fill[i] = i * 7
    }
    const withBuffer = new IdSource(bytes).traceId()
    const { Buffer } = globalThis
    try {
      Reflect.deleteProperty(globalThis, 'Buffer')
      assert.equal(new IdSource(bytes).traceId(), withBuffer)
    } finally {
      Object.defineProperty(globalThis, 'Buffer', { value: Buffer, configurable: true, writable: true })
    }
  })
})

describe('the clock', () => {
  /** Two clocks set by hand: the system's, and the monotonic one. */
  function hands(): { clock: SystemClock; move(system: number, monotonic: number): void; restore(): void } {
    let [system, monotonic] = [1_700_000_000_000, 5000]
    const one = mock.method(Date, 'now', () => system)
    const other = mock.method(performance, 'now', () => monotonic)
    return {
      clock: new SystemClock(),
      move(by, other) {
        system += by
        monotonic += other
      },
      restore() {
        one.mock.restore()
        other.mock.restore()
      },
    }
  }

  test('follows the monotonic clock between adjustments, and does not run backwards', () => {
    const { clock, move, restore } = hands()
    try {
      const start = clock.now()
      assert.equal(start, 1_700_000_000_000)
      move(-3_600_000, 0.25)
      assert.equal(clock.now(), start + 0.25)
    } finally {
      restore()
    }
  })

  test('adjusts to the system clock once a second, after sleep and after corrections', () => {
    const { clock, move, restore } = hands()
    try {
      move(60_000, 500)
      assert.equal(clock.begin(), 1_700_000_000_500, 'not sooner than after a second')
      move(60_000, 600)
      assert.equal(clock.begin(), 1_700_000_120_000)
      move(-30_000, 1000)
      assert.equal(clock.begin(), 1_700_000_090_000)
    } finally {
      restore()
    }
  })

  test('leaves differences alone that are the grain of the system clock', () => {
    const { clock, move, restore } = hands()
    try {
      move(1000, 1001.5)
      assert.equal(clock.begin(), 1_700_000_001_001.5)
    } finally {
      restore()
    }
  })

  test('the times of a trace do not run backwards, and its clock is adjusted at local roots only', async () => {
    let adjusted = 0
    let now = 1000
    const tick = () => (now += 0.001)
    const begin = () => {
      adjusted++
      return tick()
    }
    const bed = spoorBed({ clock: { now: tick, begin } })
    bed.tracer.startActiveSpan('root', (root) => {
      bed.tracer.startActiveSpan('child', () => root.log({ event: 'e' }))
    })
    assert.equal(adjusted, 1)
    const [child, root] = bed.finished()
    const times = [root?.startTime, child?.startTime, root?.events[0]?.time, child?.endTime, root?.endTime]
    assert.deepEqual(times, times.toSorted())
    assert.equal(new Set(times).size, 5)
  })
})

describe('times that are given', () => {
  test('are exact to the microsecond on the wire', () => {
    const encoder = new ProtobufBatchEncoder(() => ({
      resource: [],
      scopeName: 's',
      scopeVersion: '',
      schemaUrl: '',
    }))
    const { tracer } = spoorBed({
      sink: { record: (span) => encoder.add(span), flush: async () => {}, close: async () => {} },
    })
    tracer
      .startSpan('x', { startTime: 1_763_640_000_123.457 })
      .log({ event: 'e' }, 1_763_640_000_124.001)
      .finish(1_763_640_000_125.999)
    const [span] = spansOf(encoder.take())
    const micros = (nanos: string | undefined): bigint => (BigInt(nanos ?? 0) + 500n) / 1000n
    assert.equal(micros(span?.startTimeUnixNano), 1_763_640_000_123_457n)
    assert.equal(micros(span?.events?.[0]?.timeUnixNano), 1_763_640_000_124_001n)
    assert.equal(micros(span?.endTimeUnixNano), 1_763_640_000_125_999n)
  })

  test('count as not given when they are no times: NaN, 0, negative, nanoseconds', () => {
    for (const wrong of [Number.NaN, 0, -5, Infinity, Date.now() * 1e6, '' as never, {} as never]) {
      const bed = spoorBed()
      const before = Date.now() - 5
      const span = bed.tracer.startSpan('x', { startTime: wrong }).log({ event: 'e' }, wrong)
      span.finish(wrong)
      span.finish()
      const [sent, ...others] = bed.finished()
      assert.equal(others.length, 0)
      for (const time of [sent?.startTime, sent?.events[0]?.time, sent?.endTime]) {
        assert.ok(
          time !== undefined && time >= before && time < before + 10_000,
          `${String(wrong)} became ${time}`,
        )
      }
    }
  })

  test('a span does not end before it began', () => {
    const bed = spoorBed()
    bed.tracer.startSpan('x', { startTime: 2_000_000 }).finish(1_000_000)
    assert.equal(bed.finished()[0]?.endTime, 2_000_000)
  })
})
