import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { FLAG_SAMPLED, TraceContext } from 'spoor/api'
import { carrierAccess, datadog, traceContext } from 'spoor/propagation'

/*
 * dd-trace writes and reads its own format through its inner modules, which have no types and no public name.
 */
const require = createRequire(import.meta.url)
const inner = 'dd-trace/packages/dd-trace/src'
const id = require(`${inner}/id.js`)
const DatadogContext = require(`${inner}/opentracing/span_context.js`)
const TextMapPropagator = require(`${inner}/opentracing/propagation/text_map.js`)

const ROUNDS = 200

function codec(style: string): {
  inject(context: unknown, carrier: object): void
  extract(carrier: object): any
} {
  return new TextMapPropagator({
    tracePropagationStyle: { inject: [style], extract: [style] },
    DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH: 512,
    tagsHeaderMaxLength: 512,
    baggageTagKeys: [],
  })
}

function randomHex(digits: number): string {
  let hex = ''
  while (hex.length < digits - 1) hex += Math.floor(Math.random() * 16).toString(16)
  return `${hex}1`
}

describe('dd-trace', () => {
  it('reads what we write', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const traceId = (round % 2 === 0 ? '0'.repeat(16) : randomHex(16)) + randomHex(16)
      const context = new TraceContext(traceId, randomHex(16), round % 3 === 0 ? 0 : FLAG_SAMPLED)
      const carrier = {}
      datadog.inject(context, carrier, carrierAccess)
      const theirs = codec('datadog').extract(carrier)
      assert.equal(theirs.toTraceId(true).padStart(32, '0'), context.traceId)
      assert.equal(theirs.toSpanId(true), context.spanId)
      assert.equal(theirs._sampling.priority, context.traceFlags)
    }
  })

  it('writes what we read, and gets it back from us whole', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const upper = randomHex(16)
      const priority = (round % 4) - 1
      const theirs = new DatadogContext({
        traceId: id(randomHex(16), 16),
        spanId: id(randomHex(16), 16),
        sampling: { priority },
      })
      Object.assign(theirs._trace.tags, { '_dd.p.tid': upper, '_dd.p.dm': '-4', '_dd.p.usr': 'Zm9v=' })
      theirs._trace.origin = 'synthetics'
      const carrier = {}
      codec('datadog').inject(theirs, carrier)

      const context = new TraceContext('', '', 0)
      assert.equal(datadog.extract(context, carrier, carrierAccess), true)
      assert.equal(context.traceId, upper + theirs._traceId.toString(16).padStart(16, '0'))
      assert.equal(context.spanId, theirs._spanId.toString(16).padStart(16, '0'))
      assert.equal((context.traceFlags & FLAG_SAMPLED) !== 0, priority > 0)

      const returned: Record<string, string> = {}
      datadog.inject(context, returned, carrierAccess)
      const again = codec('datadog').extract(returned)
      assert.deepEqual(again._trace.tags, { ...theirs._trace.tags })
      assert.equal(again._trace.origin, 'synthetics')
      assert.equal(again._sampling.priority, priority)
    }
  })

  it('finds its priority, origin and tags again when we pass them on in W3C form', () => {
    const carrier = {
      'x-datadog-trace-id': '1311768467284833366',
      'x-datadog-parent-id': '255',
      'x-datadog-sampling-priority': '2',
      'x-datadog-origin': 'rum;=,',
      'x-datadog-tags': '_dd.p.dm=-4,_dd.p.tid=640cfd8d00000000',
    }
    const context = new TraceContext('', '', 0)
    datadog.extract(context, carrier, carrierAccess)
    const outgoing: Record<string, string> = {}
    traceContext.inject(context, outgoing, carrierAccess)
    const theirs = codec('tracecontext').extract(outgoing)
    assert.equal(theirs.toTraceId(true), '640cfd8d000000001234567890123456')
    assert.equal(theirs._sampling.priority, 2)
    assert.equal(theirs._trace.origin, 'rum_=_')
    assert.equal(theirs._trace.tags['_dd.p.dm'], '-4')
  })
})
