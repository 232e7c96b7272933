import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TraceContext } from 'spoor/api'
import { ProtobufBatchEncoder } from 'spoor/export'
import { JsonBatchEncoder } from '../../dist/esm/export/otlp/json-batch.js'
import { finishedSpan } from '../../dist/esm/testing/finished-span.js'
import type { FinishedSpan } from '../../dist/esm/tracer/finished-span.js'
import { bytesOf, decode, reencode, spansOf, type WireSpan } from './decoder.ts'
import { RandomSpans } from './random.ts'

const envelope = {
  resource: ['service.name', 'shop', 'process.pid', 42, 'ok', true],
  scopeName: 'spoor',
  scopeVersion: '1.2.3',
  schemaUrl: 'https://example.org/schema',
}

function encoded(...spans: FinishedSpan[]): WireSpan[] {
  const encoder = new ProtobufBatchEncoder(() => envelope)
  for (const span of spans) encoder.add(span)
  return spansOf(encoder.take())
}

function only(fields: Partial<FinishedSpan>): WireSpan {
  return encoded(finishedSpan(fields))[0] as WireSpan
}

describe('OTLP protobuf, read by another decoder', () => {
  test('every field of a span', () => {
    const link = new TraceContext('1'.repeat(32), '2'.repeat(16), 1, 'c=d', undefined, true)
    const span = only({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      parentSpanId: '00f067aa0ba902b7',
      parentIsRemote: true,
      traceFlags: 0x103,
      traceState: 'a=b',
      name: 'GET /hello',
      kind: 2,
      startTime: 1_700_000_000_000.125,
      endTime: 1_700_000_000_010.5,
      attributes: [
        'text',
        'é',
        'flag',
        false,
        'whole',
        -7,
        'half',
        0.5,
        'list',
        ['a', 1, true],
        'big',
        2n ** 62n,
      ],
      droppedAttributes: 1,
      events: [{ name: 'log', time: 1_700_000_000_001, attributes: ['x', 1], droppedAttributes: 2 }],
      droppedEvents: 300,
      links: [{ context: link, attributes: ['why', 'so'] }],
      droppedLinks: 4,
      statusCode: 2,
      statusMessage: 'it failed',
    })
    assert.deepEqual(span, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceState: 'a=b',
      parentSpanId: '00f067aa0ba902b7',
      name: 'GET /hello',
      kind: 2,
      startTimeUnixNano: '1700000000000125000',
      endTimeUnixNano: '1700000000010500000',
      attributes: [
        { key: 'text', value: { stringValue: 'é' } },
        { key: 'flag', value: { boolValue: false } },
        { key: 'whole', value: { intValue: '-7' } },
        { key: 'half', value: { doubleValue: 0.5 } },
        {
          key: 'list',
          value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }, { boolValue: true }] } },
        },
        { key: 'big', value: { intValue: String(2n ** 62n) } },
      ],
      droppedAttributesCount: 1,
      events: [
        {
          timeUnixNano: '1700000000001000000',
          name: 'log',
          attributes: [{ key: 'x', value: { intValue: '1' } }],
          droppedAttributesCount: 2,
        },
      ],
      droppedEventsCount: 300,
      links: [
        {
          traceId: '1'.repeat(32),
          spanId: '2'.repeat(16),
          traceState: 'c=d',
          attributes: [{ key: 'why', value: { stringValue: 'so' } }],
          flags: 0x301,
        },
      ],
      droppedLinksCount: 4,
      status: { message: 'it failed', code: 2 },
      flags: 0x303,
    })
  })

  test('resource, scope and schema stand around the spans', () => {
    const encoder = new ProtobufBatchEncoder(() => envelope)
    encoder.add(finishedSpan())
    const batch = encoder.take()
    assert.equal(batch.bytes, bytesOf(batch).length)
    const [resourceSpans, ...others] = decode(bytesOf(batch)).resourceSpans
    assert.equal(others.length, 0)
    assert.deepEqual(resourceSpans?.resource.attributes, [
      { key: 'service.name', value: { stringValue: 'shop' } },
      { key: 'process.pid', value: { intValue: '42' } },
      { key: 'ok', value: { boolValue: true } },
    ])
    const [scopeSpans] = resourceSpans?.scopeSpans ?? []
    assert.deepEqual(scopeSpans?.scope, { name: 'spoor', version: '1.2.3' })
    assert.equal(scopeSpans?.schemaUrl, 'https://example.org/schema')
    assert.equal(scopeSpans?.spans.length, 1)
  })

  test('five hundred random spans arrive as they are in OTLP JSON, with canonical varints', () => {
    const random = new RandomSpans(20_261_120)
    const protobuf = new ProtobufBatchEncoder(() => envelope)
    const json = new JsonBatchEncoder(() => ({}))
    for (let i = 0; i < 500; i++) {
      const span = random.next()
      protobuf.add(span)
      json.add(span)
    }
    const bytes = bytesOf(protobuf.take())
    // The decoder's own writer knows no other than the shortest varints, though another order of the fields.
    assert.equal(reencode(bytes).length, bytes.length)
    const wire = decode(bytes).resourceSpans[0]?.scopeSpans[0]?.spans ?? []
    const body = JSON.parse(Buffer.concat(json.take().chunks).toString())
    const texts: WireSpan[] = body.resourceSpans[0].scopeSpans[0].spans
    assert.equal(wire.length, 500)
    for (let i = 0; i < 500; i++) assert.deepEqual(normal(wire[i]), normal(texts[i]), `span ${i}`)
  })

  test('lengths on both sides of every step of a varint', () => {
    for (const length of [0, 1, 126, 127, 128, 129, 16_382, 16_383, 16_384, 16_385, 2_097_151, 2_097_152]) {
      for (const character of ['x', 'é']) {
        const text = character.repeat(length >> (character === 'x' ? 0 : 1))
        const span = only({ name: text, attributes: ['key', text, 'after', 1] })
        assert.equal(span.name ?? '', text)
        assert.equal(span.attributes?.[0]?.value.stringValue, text)
        assert.deepEqual(span.attributes?.[1], { key: 'after', value: { intValue: '1' } })
      }
    }
  })

  test('spans around the steps in length as a whole, next to others', () => {
    const sizes = [40, 127, 128, 300, 16_383, 16_384, 70_000]
    const spans = sizes.map((size) => finishedSpan({ name: 'x'.repeat(size), attributes: ['size', size] }))
    assert.deepEqual(
      encoded(...spans).map((span) => [span.name?.length, span.attributes?.[0]?.value.intValue]),
      sizes.map((size) => [size, String(size)]),
    )
  })

  test('times are exact to the microsecond, and impossible ones are 0', () => {
    for (let micro = 0; micro < 1000; micro += 7) {
      const startTime = 1_763_640_000_123 + micro / 1000
      const { startTimeUnixNano } = only({ startTime })
      assert.equal((BigInt(startTimeUnixNano ?? 0) + 500n) / 1000n, 1_763_640_000_123_000n + BigInt(micro))
    }
    const last = 2 ** 64 / 1e6
    for (const time of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, -1, 0, 1e300, last]) {
      assert.equal(only({ startTime: time, endTime: time }).endTimeUnixNano ?? '0', '0', String(time))
    }
    assert.equal(only({ startTime: 18_446_744_073_000 }).startTimeUnixNano, '18446744073000000000')
  })

  test('halves of surrogate pairs become U+FFFD, so that the text is UTF-8', () => {
    const span = only({ name: 'a\ud800b', attributes: ['\udc00', `\ud83d${'x'.repeat(200)}`] })
    assert.equal(span.name, 'a\ufffdb')
    assert.deepEqual(span.attributes, [{ key: '\ufffd', value: { stringValue: `\ufffd${'x'.repeat(200)}` } }])
  })

  test('an integer of more than 64 bits is text, wherever in the buffer it stands', () => {
    const big = 10n ** 250n
    for (let fill = 65_000; fill < 65_536; fill += 16) {
      const [, span] = encoded(
        finishedSpan({ name: 'x'.repeat(fill) }),
        finishedSpan({ attributes: ['big', big] }),
      )
      assert.equal(span?.attributes?.[0]?.value.stringValue, String(big))
    }
  })

  test('a span that cannot be encoded leaves nothing behind', () => {
    const encoder = new ProtobufBatchEncoder(() => envelope)
    encoder.add(finishedSpan({ name: 'before' }))
    const broken = finishedSpan({ attributes: ['a', 1] })
    Object.defineProperty(broken, 'statusCode', {
      get() {
        throw new Error('broken')
      },
    })
    assert.throws(() => encoder.add(broken), /broken/)
    encoder.add(finishedSpan({ name: 'after' }))
    assert.equal(encoder.spans, 2)
    assert.deepEqual(
      spansOf(encoder.take()).map((span) => span.name),
      ['before', 'after'],
    )
  })
})

describe('a batch of OTLP protobuf', () => {
  test('divides into two complete requests, again and again, without losing a span', () => {
    const encoder = new ProtobufBatchEncoder(() => envelope)
    const names = Array.from({ length: 37 }, (_, index) => `${index}${'x'.repeat(index * 20)}`)
    for (const name of names) encoder.add(finishedSpan({ name }))
    const divide = (batch: ReturnType<typeof encoder.take>): string[] => {
      const halves = batch.split?.() ?? null
      assert.equal(decode(bytesOf(batch)).resourceSpans[0]?.resource.attributes?.length, 3)
      assert.equal(spansOf(batch).length, batch.spans)
      return halves === null ? spansOf(batch).map((span) => span.name ?? '') : halves.flatMap(divide)
    }
    assert.deepEqual(divide(encoder.take()), names)
  })

  test('keeps its bytes while later spans are collected, and buffers are used again once released', () => {
    const encoder = new ProtobufBatchEncoder(() => envelope)
    const fill = (name: string): void => {
      for (let i = 0; i < 500; i++) encoder.add(finishedSpan({ name: `${name} ${i} ${'x'.repeat(100)}` }))
    }
    fill('first')
    const first = encoder.take()
    const before = Buffer.from(bytesOf(first))
    fill('second')
    const second = encoder.take()
    assert.equal(Buffer.compare(bytesOf(first), before), 0)
    encoder.release(first)
    fill('third') // into a buffer of its own: the released one comes after it
    const third = encoder.take()
    fill('fourth')
    const fourth = encoder.take()
    for (const [batch, name] of [
      [second, 'second'],
      [third, 'third'],
      [fourth, 'fourth'],
    ] as const) {
      assert.ok(spansOf(batch).every((span) => span.name?.startsWith(name)))
    }
    assert.equal(fourth.chunks[1]?.buffer, first.chunks[1]?.buffer)
  })

  test('holds no more memory than it counts, however few spans it has', () => {
    const encoder = new ProtobufBatchEncoder(() => envelope)
    for (let i = 0; i < 50; i++) {
      encoder.add(finishedSpan())
      const batch = encoder.take()
      const held = batch.chunks.reduce((sum, chunk) => sum + chunk.buffer.byteLength, 0)
      assert.ok(held < batch.bytes * 5, `${held} bytes for ${batch.bytes}`)
      encoder.release(batch)
    }
  })

  test('an envelope that throws costs the batch, not the next ones', () => {
    let calls = 0
    const encoder = new ProtobufBatchEncoder(() => {
      if (++calls === 1) throw new Error('no resource')
      return envelope
    })
    encoder.add(finishedSpan({ name: 'lost' }))
    assert.throws(() => encoder.take(), /no resource/)
    assert.equal(encoder.spans, 0)
    encoder.add(finishedSpan({ name: 'kept' }))
    assert.deepEqual(
      spansOf(encoder.take()).map((span) => span.name),
      ['kept'],
    )
  })
})

/** Both notations with empty fields left out, and numbers that JSON lacks as JSON's text. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !isDefault(key, item))
      .map(([key, item]) => [key, key === 'doubleValue' ? String(item) : normal(item)])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  )
}

/** Fields of a oneof are never left out; others are when they have their default. */
function isDefault(key: string, item: unknown): boolean {
  if (key.endsWith('Value') && key !== 'arrayValue') return false
  return item === '' || item === 0 || item === '0' || (Array.isArray(item) && item.length === 0)
}
