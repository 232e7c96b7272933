import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ProtobufBatchEncoder } from 'spoor/export'
import type { SpanData } from '../../dist/esm/export/span-data.js'
import { sendable } from '../../dist/esm/tracer/values.js'
import { spoorBed } from '../compliance/support.ts'
import { spansOf } from '../encode/decoder.ts'

const refuse = (): never => {
  throw new Error('the trap')
}
const traps: ProxyHandler<any> = {
  get: refuse,
  has: refuse,
  ownKeys: refuse,
  getOwnPropertyDescriptor: refuse,
  getPrototypeOf: refuse,
}

function hostile(): unknown[] {
  const cycle: Record<string, unknown> = { name: 'cycle' }
  cycle['self'] = cycle
  let deep: unknown = 'bottom'
  for (let i = 0; i < 100_000; i++) deep = { deep }
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key ${i}`, 'x'.repeat(1000)]))
  const tree = (depth: number): unknown =>
    depth === 0 ? 'x'.repeat(4000) : Array.from({ length: 32 }, () => lazyTree(depth - 1))
  const lazyTree = (depth: number): unknown => ({
    get child() {
      return tree(depth)
    },
  })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return [
    cycle,
    deep,
    wide,
    tree(3),
    [cycle],
    new Array(4_000_000_000),
    Array.from({ length: 1_000_000 }, (_, i) => i),
    'x'.repeat(5_000_000),
    new Map(Array.from({ length: 200_000 }, (_, i) => [i, i])),
    new Set(Array.from({ length: 200_000 }, (_, i) => i)),
    new Uint8Array(50_000_000),
    { toJSON: refuse },
    { toString: refuse },
    {
      get value() {
        return refuse()
      },
    },
    { [Symbol.toPrimitive]: refuse },
    new Proxy({}, traps),
    new Proxy([], traps),
    new Proxy(function f() {}, traps),
    proxy,
    Object.create(null),
    Object.assign(new Error('e'), { cause: cycle }),
    Object.defineProperty(new Error('e'), 'message', { get: refuse }),
    Object.defineProperty(new Error('e'), 'stack', { get: refuse }),
    new Date(Number.NaN),
    Symbol('s'),
    10n ** 100n,
    2n ** 3_000_000n,
    Number.NaN,
    () => 1,
    class Shop {},
    globalThis,
    process,
  ]
}

describe('whatever is given', () => {
  test('no value throws, costs much, or becomes large', () => {
    for (const [index, value] of hostile().entries()) {
      const began = performance.now()
      const sent = sendable(value, 4096)
      const took = performance.now() - began
      assert.ok(took < 500, `value ${index} took ${took} ms`)
      const size =
        JSON.stringify(sent, (_key, item) => (typeof item === 'bigint' ? String(item) : item))?.length ?? 0
      assert.ok(size < 20_000, `value ${index} has ${size} characters`)
    }
  })

  test('as tag, key, log, name, baggage, time, error and kind it does not throw, and the span arrives', () => {
    const encoder = new ProtobufBatchEncoder(() => ({
      resource: [],
      scopeName: 's',
      scopeVersion: '',
      schemaUrl: '',
    }))
    const { tracer } = spoorBed({
      sink: { record: (span) => encoder.add(span), flush: async () => {}, close: async () => {} },
    })
    for (const given of hostile()) {
      const value = given as any
      const span = tracer.startSpan(value, { tags: { value, 'span.kind': value }, startTime: value })
      span.setOperationName(value)
      span.setTag('value', value).setTag(value, value).setTag('error', value).setTag('error.object', value)
      span.setTag('span.kind', value).setTag('sampling.priority', value).setTag('sampling.priority', 1)
      span.addTags(value).addTags({ value })
      span.log(value).log({ value, event: value }).log({ event: 'error', 'error.object': value }, value)
      span.log({ event: 'error', message: value, 'error.kind': value, stack: value })
      span.logEvent(value, value)
      span.setBaggageItem('key', value).setBaggageItem(value, 'value')
      span.finish(value)
      assert.throws(
        () =>
          tracer.startActiveSpan('fails', () => {
            throw value
          }),
        (thrown) => Object.is(thrown, value),
      )
    }
    const spans = spansOf(encoder.take())
    assert.equal(spans.length, hostile().length * 2)
    for (const span of spans) {
      assert.ok(BigInt(span.startTimeUnixNano ?? 0) > 0n)
      assert.ok(BigInt(span.endTimeUnixNano ?? 0) >= BigInt(span.startTimeUnixNano ?? 0))
    }
  })

  test('a getter that throws costs its own value alone', () => {
    const bed = spoorBed()
    const fields = {
      before: 1,
      get broken() {
        return refuse()
      },
      after: 2,
    }
    bed.tracer.startSpan('x', { tags: fields }).log(fields).finish()
    const expected = { before: 1, broken: '[value that cannot be read]', after: 2 }
    assert.deepEqual(bed.finished()[0]?.attributes, expected)
    assert.deepEqual(bed.finished()[0]?.events[0]?.attributes, expected)
  })

  test('a log of mere text is an event of that name', () => {
    const bed = spoorBed()
    bed.tracer
      .startSpan('x')
      .log('cache miss' as never)
      .finish()
    assert.equal(bed.finished()[0]?.events[0]?.name, 'cache miss')
  })

  test('a piece of a long text does not keep the rest in memory', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const kept: unknown[] = []
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 100; i++) kept.push(sendable(`${i}`.padEnd(2_000_000, 'x'), 1000))
    const text = kept.join('').length
    assert.ok(text <= 100_000)
    collect()
    // A slice would hold 200 MB.
    assert.ok(process.memoryUsage().heapUsed - before < 20_000_000)
  })
})

describe('values as text', () => {
  const shown = (value: unknown): unknown => sendable(value, 200)

  test('what people give as a tag arrives as they would write it', () => {
    assert.equal(shown({ a: 1, b: ['x', null], c: undefined }), '{"a":1,"b":["x",null]}')
    assert.equal(shown(new URL('http://host/path?q=1')), 'http://host/path?q=1')
    assert.equal(shown(new URLSearchParams('a=1&b=2')), 'a=1&b=2')
    assert.equal(shown(/a+/g), '/a+/g')
    assert.equal(shown(new Map([['a', 1]])), '{"a":1}')
    assert.equal(shown(new Set([1, 2])), '[1,2]')
    assert.equal(shown(new Date(0)), '1970-01-01T00:00:00.000Z')
    assert.equal(shown(new TypeError('no')), 'TypeError: no')
    assert.equal(shown(Symbol('s')), 'Symbol(s)')
    assert.equal(
      shown(function load() {}),
      '[function load]',
    )
    assert.equal(shown(Buffer.from('abc')), '[3 bytes]')
    assert.equal(shown({}), '{}')
    assert.equal(shown({ toJSON: () => ({ id: 7 }) }), '{"id":7}')
    assert.deepEqual(shown(['a', 1, true, null]), ['a', 1, true, ''])
    assert.equal(shown([{ a: 1 }]), '[{"a":1}]')
    assert.equal(shown(2n ** 62n), 2n ** 62n)
    assert.equal(shown(2n ** 70n), String(2n ** 70n))
  })

  test('values that say nothing are no attributes', () => {
    const bed = spoorBed()
    bed.tracer
      .startSpan('x', { tags: { a: undefined, b: null } })
      .setTag('c', undefined)
      .finish()
    const { attributes } = bed.finished()[0] as SpanData
    assert.deepEqual(attributes, {})
  })
})
