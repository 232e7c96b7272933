import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { followsFrom } from 'spoor/api'
import { ProtobufBatchEncoder } from 'spoor/export'
import type { SpanSink } from '../../dist/esm/tracer/finished-span.js'
import { spoorBed } from '../compliance/support.ts'
import { spansOf, type WireSpan } from '../encode/decoder.ts'
import { captureLog } from '../export/support/log.ts'

/** A tracer whose spans are read as they are on the wire. */
function wireBed(limits: object): { tracer: ReturnType<typeof spoorBed>['tracer']; wire: () => WireSpan } {
  const encoder = new ProtobufBatchEncoder(() => ({
    resource: [],
    scopeName: 's',
    scopeVersion: '',
    schemaUrl: '',
  }))
  const sink: SpanSink = {
    record: (span) => encoder.add(span),
    flush: async () => {},
    close: async () => {},
  }
  return { tracer: spoorBed({ sink, limits }).tracer, wire: () => spansOf(encoder.take())[0] as WireSpan }
}

describe('limits of a span', () => {
  test('attributes beyond the limit are counted, and the count arrives', () => {
    const { tracer, wire } = wireBed({ attributes: 3 })
    const span = tracer.startSpan('x')
    for (let i = 0; i < 10; i++) span.setTag(`key ${i}`, i)
    span.setTag('key 0', 'a known key may still change').finish()
    const sent = wire()
    assert.deepEqual(
      sent.attributes?.map(({ key }) => key),
      ['key 0', 'key 1', 'key 2'],
    )
    assert.equal(sent.attributes?.[0]?.value.stringValue, 'a known key may still change')
    assert.equal(sent.droppedAttributesCount, 7)
  })

  test('events and their attributes', () => {
    const { tracer, wire } = wireBed({ events: 2, attributesPerEvent: 2 })
    const span = tracer.startSpan('x')
    for (let i = 0; i < 5; i++) span.log({ event: `event ${i}`, a: 1, b: 2, c: 3, d: 4 })
    span.finish()
    const sent = wire()
    assert.deepEqual(
      sent.events?.map(({ name, attributes, droppedAttributesCount }) => [
        name,
        attributes?.length,
        droppedAttributesCount,
      ]),
      [
        ['event 0', 2, 2],
        ['event 1', 2, 2],
      ],
    )
    assert.equal(sent.droppedEventsCount, 3)
  })

  test('links', () => {
    const { tracer, wire } = wireBed({ links: 2 })
    const references = Array.from({ length: 5 }, (_, i) => followsFrom(tracer.startSpan(`earlier ${i}`)))
    tracer.startSpan('x', { references }).finish()
    const sent = wire()
    assert.equal(sent.links?.length, 2)
    assert.equal(sent.droppedLinksCount, 3)
  })

  test('values are cut, and never amid a surrogate pair', () => {
    const { tracer, wire } = wireBed({ attributeValueLength: 4 })
    const span = tracer.startSpan('x')
    span
      .setTag('plain', 'abcdef')
      .setTag('pair', 'abc😀')
      .setTag('fits', 'ab😀')
      .setTag('list', ['abcdef', 1])
    span.log({ event: 'e', text: 'abcdef' }).finish()
    const sent = wire()
    assert.deepEqual(
      sent.attributes?.map(({ value }) => value.stringValue ?? value.arrayValue?.values?.[0]?.stringValue),
      ['abcd', 'abc', 'ab😀', 'abcd'],
    )
    assert.equal(sent.events?.[0]?.attributes?.[0]?.value.stringValue, 'abcd')
  })

  test('a limit of 0 keeps nothing', () => {
    const { tracer, wire } = wireBed({ attributes: 0, events: 0, links: 0 })
    const other = tracer.startSpan('other')
    tracer
      .startSpan('x', { references: [followsFrom(other)] })
      .setTag('a', 1)
      .log({ event: 'b' })
      .finish()
    const sent = wire()
    assert.deepEqual(
      [sent.attributes?.length ?? 0, sent.events?.length ?? 0, sent.links?.length ?? 0],
      [0, 0, 0],
    )
    assert.deepEqual(
      [sent.droppedAttributesCount, sent.droppedEventsCount, sent.droppedLinksCount],
      [1, 1, 1],
    )
  })

  test('baggage is bounded in items and in characters; what is over is said once', () => {
    const log = captureLog()
    try {
      const { tracer } = spoorBed({ limits: { baggageItems: 3, baggageLength: 50 } })
      const span = tracer.startSpan('x')
      for (let i = 0; i < 10; i++) span.setBaggageItem(`k${i}`, 'v')
      span.setBaggageItem('k0', 'x'.repeat(100))
      assert.deepEqual(
        [...(span.context().baggageItems?.() ?? [])],
        [
          ['k0', 'v'],
          ['k1', 'v'],
          ['k2', 'v'],
        ],
      )
      assert.equal(log.lines.length, 1)
    } finally {
      log.restore()
    }
  })

  test('names and keys are bounded too, so that data in their place does no harm', () => {
    const { tracer, wire } = wireBed({})
    const long = 'x'.repeat(1_000_000)
    tracer
      .startSpan(long)
      .setOperationName(long)
      .setTag(long, 1)
      .log({ event: long, [long]: 1 })
      .finish()
    const sent = wire()
    assert.ok(JSON.stringify(sent).length < 10_000)
  })
})
