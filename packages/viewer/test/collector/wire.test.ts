import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Malformed, Reader, Writer } from '../../dist/collector/wire.js'

const NUMBERS = [
  0,
  1,
  127,
  128,
  16383,
  16384,
  2 ** 21,
  2 ** 28 - 1,
  2 ** 28,
  2 ** 31,
  2 ** 32,
  2 ** 35,
  2 ** 53 - 1,
]

test('whole numbers survive being written and read, over the whole range', () => {
  for (const number of NUMBERS) {
    const bytes = new Writer(1).varint(number).written()
    const reader = new Reader(bytes)
    assert.equal(reader.varint(bytes.length), number)
    assert.equal(reader.at, bytes.length)
  }
})

test('64-bit numbers keep every bit', () => {
  for (const number of [-1n, -(2n ** 63n), 2n ** 63n - 1n, 0x0123_4567_89ab_cdefn, 2n ** 31n, 2n ** 32n]) {
    const bytes = new Writer().varint64(number).fixed64(number).written()
    const reader = new Reader(bytes)
    const value = () => BigInt.asIntN(64, (BigInt(reader.high) << 32n) | BigInt(reader.low))
    reader.varint(bytes.length)
    assert.equal(value(), number)
    reader.fixed64(bytes.length)
    assert.equal(value(), number)
  }
})

test('the bytes are those of the protobuf documentation', () => {
  assert.equal(new Writer().tag(1, 0).varint(150).written().toString('hex'), '089601')
  assert.equal(new Writer().tag(2, 2).string('testing').written().toString('hex'), '120774657374696e67')
})

test('nested messages of any length carry their length in its shortest form', () => {
  for (const length of [0, 1, 127, 128, 129, 16383, 16384, 100_000]) {
    const content = Buffer.alloc(length, 7)
    const nested = new Writer(1).nested(() => {}).written()
    assert.deepEqual([...nested], [0])
    const writer = new Writer(1)
    writer.nested(() => writer.raw(content))
    assert.deepEqual(writer.written(), Buffer.from(new Writer().bytes(content).written()))
  }
})

test('a number of more than ten bytes is refused', () => {
  const bytes = Buffer.alloc(11, 0xff)
  assert.throws(() => new Reader(bytes).varint(11), Malformed)
})

test('a length that passes the end is refused, however large', () => {
  for (const length of [5, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
    const bytes = new Writer().varint(length).raw(Buffer.alloc(4)).written()
    assert.throws(() => new Reader(bytes).stop(bytes.length), /claims/)
  }
})

test('groups are skipped without recursion, a million of them', () => {
  const open = Buffer.alloc(1_000_000, (9 << 3) | 3)
  const close = Buffer.alloc(1_000_000, (9 << 3) | 4)
  const bytes = Buffer.concat([open, close, Buffer.from([0x08, 1])])
  const reader = new Reader(bytes)
  reader.skip(reader.tag(bytes.length), bytes.length)
  assert.equal(reader.at, 2_000_000)
  const unclosed = new Reader(open)
  assert.throws(() => unclosed.skip(unclosed.tag(open.length), open.length), Malformed)
})

test('wire types that do not exist, field zero and stray group ends are refused', () => {
  for (const byte of [(1 << 3) | 6, (1 << 3) | 7, (1 << 3) | 4, 0x02]) {
    const bytes = Buffer.from([byte, 0])
    const reader = new Reader(bytes)
    assert.throws(() => reader.skip(reader.tag(2), 2), Malformed)
  }
})
