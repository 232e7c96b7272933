import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TraceContext } from 'spoor/api'
import { encodeJson, snapshot } from 'spoor/export'
import { SDK_VERSION } from '../../dist/esm/export/sdk.js'
import { finishedSpan } from '../../dist/esm/testing/finished-span.js'
import type { FinishedSpan } from '../../dist/esm/tracer/finished-span.js'

interface JsonRequest {
  resourceSpans: { resource: unknown; scopeSpans: { scope: unknown; spans: Record<string, unknown>[] }[] }[]
}

function encode(fields: Partial<FinishedSpan>): Record<string, unknown> {
  const text = encodeJson([snapshot(finishedSpan(fields))], {})
  assert.doesNotMatch(text, /\n/)
  return (JSON.parse(text) as JsonRequest).resourceSpans[0]?.scopeSpans[0]?.spans[0] as Record<
    string,
    unknown
  >
}

function values(...attributes: unknown[]): unknown {
  const flat = attributes.flatMap((value, index) => [`key ${index}`, value])
  return (encode({ attributes: flat })['attributes'] as { value: unknown }[]).map(({ value }) => value)
}

describe('OTLP JSON', () => {
  it('writes a span with every field as the specification spells it', () => {
    const span = encode({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      parentSpanId: '00f067aa0ba902b7',
      parentIsRemote: true,
      traceFlags: 0x103,
      traceState: 'vendor=1',
      name: 'GET /hello',
      kind: 2,
      startTime: 1_700_000_000_000,
      endTime: 1_700_000_000_001.25,
      attributes: ['http.request.method', 'GET'],
      droppedAttributes: 1,
      events: [{ name: 'error', time: 1_700_000_000_000.5, attributes: ['n', 1], droppedAttributes: 2 }],
      droppedEvents: 3,
      links: [{ context: new TraceContext('1'.repeat(32), '2'.repeat(16), 1, 'x=y'), attributes: [] }],
      droppedLinks: 4,
      statusCode: 2,
      statusMessage: 'no',
    })
    assert.deepEqual(span, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceState: 'vendor=1',
      parentSpanId: '00f067aa0ba902b7',
      flags: 0x303,
      name: 'GET /hello',
      kind: 2,
      startTimeUnixNano: '1700000000000000000',
      endTimeUnixNano: '1700000000001250000',
      attributes: [{ key: 'http.request.method', value: { stringValue: 'GET' } }],
      droppedAttributesCount: 1,
      events: [
        {
          timeUnixNano: '1700000000000500000',
          name: 'error',
          attributes: [{ key: 'n', value: { intValue: '1' } }],
          droppedAttributesCount: 2,
        },
      ],
      droppedEventsCount: 3,
      links: [
        { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceState: 'x=y', attributes: [], flags: 0x101 },
      ],
      droppedLinksCount: 4,
      status: { message: 'no', code: 2 },
    })
  })

  it('leaves out what is empty', () => {
    assert.deepEqual(Object.keys(encode({})), [
      ...['traceId', 'spanId', 'flags', 'name', 'kind'],
      ...['startTimeUnixNano', 'endTimeUnixNano', 'attributes'],
    ])
  })

  it('writes kinds as integers, and status messages with errors alone', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((kind) => encode({ kind })['kind']),
      [1, 2, 3, 4, 5],
    )
    assert.deepEqual(encode({ statusCode: 1, statusMessage: 'fine' })['status'], { code: 1 })
  })

  it('writes integers as strings, and other numbers as doubles, also those that JSON lacks', () => {
    assert.deepEqual(
      values(1, -7, 1.5, 2 ** 53, Number.NaN, Number.NEGATIVE_INFINITY, 2n ** 62n, 2n ** 70n),
      [
        { intValue: '1' },
        { intValue: '-7' },
        { doubleValue: 1.5 },
        { doubleValue: 9007199254740992 },
        { doubleValue: 'NaN' },
        { doubleValue: '-Infinity' },
        { intValue: '4611686018427387904' },
        { stringValue: '1180591620717411303424' },
      ],
    )
  })

  it('writes bytes in base64, lists and nested records, and dates and errors as text', () => {
    assert.deepEqual(
      values(
        Buffer.from([0, 255]),
        ['a', true],
        { deep: { er: null } },
        new Date(0),
        new TypeError('no'),
        new Set([1]),
      ),
      [
        { bytesValue: 'AP8=' },
        { arrayValue: { values: [{ stringValue: 'a' }, { boolValue: true }] } },
        { kvlistValue: { values: [{ key: 'deep', value: { kvlistValue: { values: [] } } }] } },
        { stringValue: '1970-01-01T00:00:00.000Z' },
        { stringValue: 'no' },
        { arrayValue: { values: [{ intValue: '1' }] } },
      ],
    )
  })

  it('leaves out attributes without a value', () => {
    assert.deepEqual(values(null, undefined), [])
  })

  it('replaces half surrogate pairs, which have no UTF-8 form', () => {
    assert.deepEqual(values('a\ud800b', '😀'), [{ stringValue: 'a\ufffdb' }, { stringValue: '😀' }])
    assert.equal(encode({ name: '\udc00' })['name'], '\ufffd')
  })

  it('writes times beyond the precision of a double without noise, and impossible ones as 0', () => {
    assert.equal(encode({ startTime: 1_700_000_000_123 })['startTimeUnixNano'], '1700000000123000000')
    for (const time of [Number.NaN, -1, Number.POSITIVE_INFINITY, 0]) {
      assert.equal(encode({ startTime: time })['startTimeUnixNano'], '0')
    }
  })

  it('writes the resource once per request', () => {
    const request = JSON.parse(encodeJson([], { 'service.name': 'shop', ports: [1, 2] })) as JsonRequest
    assert.deepEqual(request.resourceSpans[0]?.resource, {
      attributes: [
        { key: 'service.name', value: { stringValue: 'shop' } },
        { key: 'ports', value: { arrayValue: { values: [{ intValue: '1' }, { intValue: '2' }] } } },
      ],
    })
    const [{ scope, spans } = { scope: null, spans: null }] = request.resourceSpans[0]?.scopeSpans ?? []
    assert.deepEqual(scope, { name: 'spoor', version: SDK_VERSION })
    assert.deepEqual(spans, [])
  })
})

describe('a snapshot of a span', () => {
  it('is bounded where values are nested, wide, circular or unreadable', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [index, index]))
    const trap = {
      get key(): never {
        throw new Error('a getter')
      },
    }
    const { attributes } = snapshot(
      finishedSpan({ attributes: ['cycle', cycle, 'wide', wide, 'trap', trap] }),
    )
    assert.match(JSON.stringify(attributes['cycle']), /nested too deep/)
    assert.equal(Object.keys(attributes['wide'] as object).length, 128)
    assert.equal(attributes['trap'], '[unreadable]')
  })

  it('shares nothing with the span', () => {
    const list = [1, 2]
    const bytes = Buffer.from([1, 2])
    const data = snapshot(finishedSpan({ attributes: ['list', list, 'bytes', bytes] }))
    list.push(3)
    bytes[0] = 9
    assert.deepEqual(data.attributes, { list: [1, 2], bytes: new Uint8Array([1, 2]) })
  })

  it('keeps an attribute named __proto__ as an attribute', () => {
    const { attributes } = snapshot(finishedSpan({ attributes: ['__proto__', 'value'] }))
    assert.deepEqual(Object.entries(attributes), [['__proto__', 'value']])
    assert.equal(Object.getPrototypeOf(attributes), Object.prototype)
  })
})
