import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, fromJson, type Json, toJson } from '../../dist/collector/codec.js'
import { REQUEST, SPAN } from '../../dist/collector/messages.js'
import { Malformed, Reader, Writer } from '../../dist/collector/wire.js'
import { keyValues, request, spanJson } from '../support/otlp.js'

const roundTrip = (json: unknown): Json => toJson(SPAN, fromJson(SPAN, json).written())

const FULL: Json = {
  traceId: '0123456789abcdef0123456789abcdef',
  spanId: '0123456789abcdef',
  traceState: 'a=1,b=2',
  parentSpanId: 'fedcba9876543210',
  name: 'naïve café 🚲',
  kind: 5,
  startTimeUnixNano: '1795176000123456789',
  endTimeUnixNano: '18446744073709551615',
  attributes: [
    { key: 'string', value: { stringValue: '' } },
    { key: 'bool', value: { boolValue: false } },
    { key: 'int', value: { intValue: '-9223372036854775808' } },
    { key: 'double', value: { doubleValue: -0.5 } },
    { key: 'not a number', value: { doubleValue: 'NaN' } },
    { key: 'bytes', value: { bytesValue: '3q2+7w==' } },
    { key: 'array', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'two' }, {}] } } },
    { key: 'list', value: { kvlistValue: { values: [{ key: '__proto__', value: { intValue: '3' } }] } } },
    { key: 'empty', value: {} },
  ],
  droppedAttributesCount: 4294967295,
  events: [
    {
      timeUnixNano: '1',
      name: 'event',
      attributes: [{ key: 'a', value: { boolValue: true } }],
      droppedAttributesCount: 1,
    },
    { timeUnixNano: '2', name: 'other' },
  ],
  droppedEventsCount: 2,
  links: [
    {
      traceId: 'ffffffffffffffffffffffffffffffff',
      spanId: 'eeeeeeeeeeeeeeee',
      traceState: 'c=3',
      attributes: [{ key: 'b', value: { doubleValue: 1e300 } }],
      droppedAttributesCount: 3,
      flags: 4294967295,
    },
  ],
  droppedLinksCount: 5,
  status: { message: 'bad', code: 2 },
  flags: 257,
}

test('a span with everything in it survives JSON to protobuf to JSON unchanged', () => {
  assert.deepEqual(roundTrip(FULL), FULL)
})

test('64-bit integers come as strings or as numbers', () => {
  const times = { startTimeUnixNano: 1000, attributes: [{ key: 'n', value: { intValue: -5 } }] }
  assert.deepEqual(roundTrip(times), {
    startTimeUnixNano: '1000',
    attributes: [{ key: 'n', value: { intValue: '-5' } }],
  })
})

test('ids are hex in either case; what is not hex becomes an empty id', () => {
  assert.equal(
    roundTrip({ traceId: 'ABCDEF0123456789ABCDEF0123456789' })['traceId'],
    'abcdef0123456789abcdef0123456789',
  )
  for (const id of ['xyz', 'abc', 7, {}, '0x12']) assert.equal(roundTrip({ spanId: id })['spanId'], '')
})

test('unknown names, snake_case ones too, are ignored, and null is absence', () => {
  const json = {
    trace_id: 'ff',
    unknown: { deep: [1] },
    name: null,
    attributes: null,
    kind: 2,
    toString: 1,
    __proto__: 2,
  }
  assert.deepEqual(roundTrip(json), { kind: 2 })
})

test('enumerations are understood as numbers and by name', () => {
  assert.deepEqual(roundTrip({ kind: 'SPAN_KIND_SERVER', status: { code: 'STATUS_CODE_ERROR' } }), {
    kind: 2,
    status: { code: 2 },
  })
  for (const kind of ['constructor', 'SERVER', 1.5, true]) {
    assert.throws(() => fromJson(SPAN, { kind }), Malformed)
  }
})

test('doubles may be numbers, numbers in strings, and the three that JSON has no number for', () => {
  for (const [given, read] of [
    [1.5, 1.5],
    ['2.5', 2.5],
    ['NaN', 'NaN'],
    ['Infinity', 'Infinity'],
    ['-Infinity', '-Infinity'],
  ]) {
    const span = roundTrip({ attributes: [{ key: 'd', value: { doubleValue: given } }] })
    assert.deepEqual(span['attributes'], [{ key: 'd', value: { doubleValue: read } }])
  }
})

test('values of the wrong type are refused with the name of the field', () => {
  const wrong: [Json, RegExp][] = [
    [{ name: 5 }, /name must be a string/],
    [{ attributes: {} }, /attributes must be an array/],
    [{ attributes: ['a'] }, /attributes must be an object/],
    [{ startTimeUnixNano: '-1' }, /startTimeUnixNano must be a whole number/],
    [{ startTimeUnixNano: '1e9' }, /startTimeUnixNano/],
    [{ startTimeUnixNano: '18446744073709551616' }, /startTimeUnixNano/],
    [{ droppedEventsCount: 2 ** 32 }, /droppedEventsCount/],
    [{ attributes: [{ key: 'a', value: { intValue: '9223372036854775808' } }] }, /intValue/],
    [{ attributes: [{ key: 'a', value: { boolValue: 'true' } }] }, /boolValue must be true or false/],
    [{ attributes: [{ key: 'a', value: { doubleValue: 'x' } }] }, /doubleValue must be a number/],
    [{ attributes: [{ key: 'a', value: { doubleValue: '' } }] }, /doubleValue must be a number/],
    [{ status: [] }, /status must be an object/],
  ]
  for (const [json, message] of wrong) assert.throws(() => fromJson(SPAN, json), message)
})

test('values nested beyond all measure are refused in JSON and in protobuf, not recursed into', () => {
  let value: Json = { intValue: '1' }
  for (let i = 0; i < 10_000; i++) value = { arrayValue: { values: [value] } }
  assert.throws(() => fromJson(SPAN, { attributes: [{ key: 'a', value }] }), /nested deeper/)

  let bytes = Buffer.alloc(0)
  for (let i = 0; i < 2000; i++) {
    const array = new Writer().tag(1, 2).bytes(bytes).written()
    bytes = Buffer.from(new Writer().tag(5, 2).bytes(array).written())
  }
  const span = new Writer().tag(9, 2).bytes(new Writer().tag(2, 2).bytes(bytes).written()).written()
  assert.throws(() => toJson(SPAN, span), /nested deeper/)
  assert.throws(() => check(SPAN, new Reader(span), span.length), /nested deeper/)
})

test('twenty arrays within arrays are fine', () => {
  let value: Json = { intValue: '1' }
  for (let i = 0; i < 20; i++) value = { arrayValue: { values: [value] } }
  const json = { attributes: [{ key: 'a', value }] }
  assert.deepEqual(roundTrip(json), json)
})

test('fields that are not known, or of another wire type, are skipped', () => {
  const bytes = new Writer()
    .tag(100, 2)
    .string('later')
    .tag(5, 0)
    .varint(7) // a name as a number
    .tag(6, 0)
    .varint(2)
    .tag(1000, 5)
    .fixed32(1)
    .tag(1001, 1)
    .fixed64(1n)
    .tag(1002, 3)
    .tag(1, 0)
    .varint(1)
    .tag(1002, 4)
    .written()
  assert.deepEqual(toJson(SPAN, bytes), { kind: 2 })
})

test('a whole request survives the way there and back', () => {
  const json = request([{ attributes: { a: 1, b: [true, 'x', 2.5] } }, { name: 'other' }])
  assert.deepEqual(toJson(REQUEST, fromJson(REQUEST, json).written()), json)
  assert.equal((spanJson({})['traceId'] as string).length, 32)
  assert.equal(keyValues({ a: 1n }).length, 1)
})
