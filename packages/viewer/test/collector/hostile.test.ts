import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toJson } from '../../dist/collector/codec.js'
import { decodeBody } from '../../dist/collector/encoding.js'
import { SPAN } from '../../dist/collector/messages.js'
import { inspect, spansOf } from '../../dist/collector/request.js'
import { Malformed, Writer } from '../../dist/collector/wire.js'
import type { Status } from '../../dist/index.js'
import { protobuf, randomNumbers, request, spanId, traceId } from '../support/otlp.js'
import { testViewer } from '../support/viewer.js'

const LIMIT = 1024 * 1024

/** A request with something of everything. */
const SOUND = protobuf(
  request([
    { name: 'root', attributes: { text: 'x'.repeat(200), list: [1, 'two', false], big: 2n ** 60n } },
    {
      name: 'child',
      parentSpanId: spanId(),
      more: {
        traceState: 'a=1',
        flags: 257,
        events: [
          { timeUnixNano: '5', name: 'event', attributes: [{ key: 'k', value: { doubleValue: 1.5 } }] },
        ],
        links: [{ traceId: traceId(), spanId: spanId() }],
        status: { code: 2, message: 'bad' },
      },
    },
  ]),
)

/** What the store does with a body, down to the last attribute. @returns whether it was understood */
function digest(body: Buffer): boolean {
  try {
    const plain = decodeBody(body, 'identity', 'protobuf', LIMIT)
    const { spans, refused } = inspect(plain)
    let seen = 0
    for (const span of spansOf(plain)) {
      seen++
      const rest = new Writer()
      for (let i = 0; i < span.rest.length; i += 2) rest.raw(plain, span.rest[i], span.rest[i + 1])
      toJson(SPAN, rest.written())
      assert.ok(span.startMicros >= 0 && Number.isSafeInteger(span.startMicros))
      assert.ok(span.startNanos >= 0 && span.startNanos < 1000)
      assert.ok(span.kind >= 0 && span.kind <= 5 && span.status >= 0 && span.status <= 2)
    }
    assert.equal(seen, spans + refused)
    return true
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

test('a request cut off at any byte is understood up to there, or refused', () => {
  assert.equal(digest(SOUND), true)
  let understood = 0
  for (let length = 0; length < SOUND.length; length++) if (digest(SOUND.subarray(0, length))) understood++
  assert.equal(understood, 1, 'only the empty request is whole')
})

test('a request with any one bit turned is understood, or refused', () => {
  const body = Buffer.from(SOUND)
  let refused = 0
  for (let bit = 0; bit < body.length * 8; bit++) {
    body[bit >> 3]! ^= 1 << (bit & 7)
    if (!digest(body)) refused++
    body[bit >> 3]! ^= 1 << (bit & 7)
  }
  assert.ok(refused > 100 && refused < body.length * 8)
})

test('noise is understood, or refused', () => {
  const random = randomNumbers(7)
  for (let i = 0; i < 20_000; i++) {
    const body = Buffer.alloc(random(80))
    for (let at = 0; at < body.length; at++) body[at] = random(256)
    digest(body)
  }
})

test('pieces of requests, shuffled, repeated and overwritten, are understood, or refused', () => {
  const random = randomNumbers(11)
  for (let i = 0; i < 5000; i++) {
    const pieces = Array.from({ length: 1 + random(4) }, () => {
      const from = random(SOUND.length)
      return SOUND.subarray(from, from + random(SOUND.length))
    })
    const body = Buffer.concat(pieces)
    for (let changes = random(5); changes > 0 && body.length > 0; changes--)
      body[random(body.length)] = random(256)
    digest(body)
  }
})

test('an attribute that is an array of an array, a thousand times over, is refused', () => {
  let value: Buffer = Buffer.alloc(0)
  for (let i = 0; i < 1000; i++) {
    const array = new Writer().tag(1, 2).bytes(value).written()
    value = Buffer.from(new Writer().tag(5, 2).bytes(array).written())
  }
  const attribute = new Writer().tag(2, 2).bytes(value).written()
  const span = Buffer.from(new Writer().tag(9, 2).bytes(attribute).written())
  const scope = Buffer.from(new Writer().tag(2, 2).bytes(span).written())
  const resource = Buffer.from(new Writer().tag(2, 2).bytes(scope).written())
  assert.equal(digest(Buffer.from(new Writer().tag(1, 2).bytes(resource).written())), false)
})

test('JSON of absurd depth is refused', () => {
  const deep = `{"resourceSpans":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
  assert.throws(() => decodeBody(Buffer.from(deep), 'identity', 'json', LIMIT), Malformed)
  const deeper = `{"a":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`
  assert.equal(decodeBody(Buffer.from(deeper), 'identity', 'json', LIMIT).length, 0)
})

test('JSON that would become gigabytes of objects is refused before it does', () => {
  for (const node of ['{},', '[],']) {
    const body = Buffer.from(`{"x":[${node.repeat(4_000_001)}0]}`)
    assert.throws(
      () => decodeBody(body, 'identity', 'json', 64 * LIMIT),
      /more than 4000000 objects and arrays/,
    )
  }
})

test('the viewer answers every one of a thousand hostile requests, and goes on', async (t) => {
  const viewer = await testViewer(t)
  const random = randomNumbers(23)
  const json = Buffer.from(JSON.stringify(request([{ attributes: { a: 1 } }])))
  const statuses = new Map<number, number>()
  for (let i = 0; i < 1000; i += 20) {
    const batch = Array.from({ length: 20 }, () => {
      const [source, type] = random(2) ? [SOUND, 'application/x-protobuf'] : [json, 'application/json']
      const body = Buffer.from(source.subarray(0, random(source.length + 1)))
      for (let changes = random(4); changes > 0 && body.length > 0; changes--)
        body[random(body.length)] = random(256)
      const encoding = random(5) === 0 ? { 'content-encoding': ['gzip', 'deflate'][random(2)]! } : {}
      return viewer.post(body, { 'content-type': type!, ...encoding })
    })
    for (const { status } of await Promise.all(batch)) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  for (const status of statuses.keys()) assert.ok(status === 200 || status === 400, `status ${status}`)
  assert.ok(statuses.get(400)! > 500)
  assert.deepEqual(viewer.reports, [])
  const before = (await viewer.get<Status>('/api/status')).spans
  assert.equal((await viewer.send(request([{}]))).status, 200)
  assert.equal((await viewer.get<Status>('/api/status')).spans, before + 1)
})
