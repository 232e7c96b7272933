import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FLAG_DEBUG, FLAG_DEFERRED, FLAG_RANDOM, FLAG_SAMPLED, TraceContext } from 'spoor/api'
import { decodeBinary, encodeBinary } from 'spoor/propagation'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const full = new TraceContext(
  TRACE,
  SPAN,
  FLAG_SAMPLED | FLAG_RANDOM | FLAG_DEBUG,
  'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  new Map([
    ['user', 'Zoë 😀\r\n'],
    ['', ''],
    ['__proto__', 'x'],
  ]),
)

const corrupted = { name: 'SpanContextCorrupted', code: 'SPOOR_SPAN_CONTEXT_CORRUPTED' }

describe('The binary format', () => {
  it('gives back every field, from a Buffer too', () => {
    for (const bytes of [encodeBinary(full), Buffer.from(encodeBinary(full))]) {
      const context = decodeBinary(bytes)
      assert.deepEqual(context, Object.assign(new TraceContext(TRACE, SPAN, 0), { ...full, remote: true }))
    }
  })

  it('gives back baggage without ids', () => {
    const context = decodeBinary(encodeBinary(new TraceContext('', '', 0, '', new Map([['a', 'b']]))))
    assert.equal(context?.traceId, '')
    assert.equal(context?.spanId, '')
    assert.equal(context?.baggage.get('a'), 'b')
    assert.equal(context?.traceFlags, FLAG_DEFERRED)
  })

  it('takes 33 bytes for ids alone, laid out as documented', () => {
    const bytes = encodeBinary(new TraceContext(TRACE, SPAN, FLAG_SAMPLED | FLAG_DEBUG))
    assert.equal(Buffer.from(bytes).toString('hex'), `73707201${TRACE}${SPAN}0101000000`)
  })

  it('finds nothing in no bytes, and in bytes that somebody else wrote', () => {
    assert.equal(decodeBinary(new Uint8Array()), null)
    assert.equal(decodeBinary(Buffer.from('{"traceId":"1"}')), null)
    assert.equal(decodeBinary(new Uint8Array(1_000_000)), null)
  })

  it('refuses every truncation, and bytes that follow', () => {
    const bytes = encodeBinary(full)
    for (let length = 3; length < bytes.length; length++) {
      assert.throws(() => decodeBinary(bytes.subarray(0, length)), corrupted, `${length} bytes`)
    }
    assert.throws(() => decodeBinary(Uint8Array.of(...bytes, 0)), corrupted)
  })

  it('refuses another version, half of the ids, text that is not UTF-8, and too much of anything', () => {
    const bytes = encodeBinary(full)
    const changed = (offset: number, ...values: number[]): Uint8Array => {
      const copy = Uint8Array.from(bytes)
      copy.set(values, offset)
      return copy
    }
    assert.throws(() => decodeBinary(changed(3, 2)), corrupted)
    assert.throws(() => decodeBinary(changed(4, ...new Array(16).fill(0))), corrupted)
    assert.throws(() => decodeBinary(changed(20, ...new Array(8).fill(0))), corrupted)
    assert.throws(() => decodeBinary(changed(32, 0xff, 0xfe)), corrupted)
    const long = new Uint8Array(1_000_000)
    long.set(bytes)
    assert.throws(() => decodeBinary(long), corrupted)
  })

  it('refuses what is not bytes', () => {
    for (const garbage of ['text', [1, 2, 3], null, {}, 42, new ArrayBuffer(8)]) {
      assert.throws(() => decodeBinary(garbage as never), { code: 'SPOOR_INVALID_CARRIER' })
    }
  })

  it('either reads noise as a context or says that it is corrupted', () => {
    const bytes = encodeBinary(full)
    for (let i = 0; i < 20_000; i++) {
      const copy = Uint8Array.from(bytes)
      for (let n = i % 7; n >= 0; n--) {
        copy[Math.floor(Math.random() * copy.length)] = Math.floor(Math.random() * 256)
      }
      try {
        const context = decodeBinary(copy)
        if (context === null) continue
        assert.match(`${context.traceId}-${context.spanId}`, /^([0-9a-f]{32}-[0-9a-f]{16}|-)$/)
      } catch (error) {
        assert.equal((error as { code?: string }).code, corrupted.code)
      }
    }
  })

  it('leaves out what it cannot carry instead of failing', () => {
    const items = new Map([
      ['huge', 'x'.repeat(1_000_000)],
      ['small', 'y'],
    ])
    for (let i = 0; i < 1000; i++) items.set(`key-${i}`, 'value')
    const bytes = encodeBinary(new TraceContext('garbage', '\ud800', 1e9, 'é'.repeat(100_000), items))
    assert.ok(bytes.length <= 16_384)
    const context = decodeBinary(bytes)
    assert.equal(context?.traceId, '')
    assert.equal(context?.traceState, '')
    assert.equal(context?.baggage.get('small'), 'y')
    assert.equal(context?.baggage.has('huge'), false)
  })
})
