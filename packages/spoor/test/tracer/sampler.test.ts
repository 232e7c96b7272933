import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  FLAG_DEBUG,
  FLAG_DEFERRED,
  FLAG_RANDOM,
  FLAG_SAMPLED,
  FORMAT_HTTP_HEADERS,
  TraceContext,
} from 'spoor/api'
import { IdSource } from '../../dist/esm/tracer/ids.js'
import {
  alwaysOff,
  alwaysOn,
  parentBased,
  rateLimited,
  ratio,
  rules,
  type Sampler,
} from '../../dist/esm/tracer/sampler.js'
import { type SpoorBed, spoorBed } from '../compliance/support.ts'
import { captureLog } from '../export/support/log.ts'

const ask = (sampler: Sampler, traceId: string): boolean => sampler.sample(null, traceId, 'x', 1, null)
const traceparent = (bed: SpoorBed, span: { context(): unknown }): string => {
  const headers: Record<string, string> = {}
  bed.tracer.inject(span.context() as TraceContext, FORMAT_HTTP_HEADERS, headers)
  return headers['traceparent'] ?? ''
}

describe('a ratio', () => {
  const ids = new IdSource()
  const traceIds = Array.from({ length: 50_000 }, () => ids.traceId())

  test('keeps its share of the traces', () => {
    for (const share of [0.01, 0.1, 0.5, 0.9]) {
      const kept = traceIds.filter((id) => ask(ratio(share), id)).length / traceIds.length
      assert.ok(
        Math.abs(kept - share) < 5 * Math.sqrt((share * (1 - share)) / traceIds.length),
        `${share}: ${kept}`,
      )
    }
  })

  test('decides alike in every service, and a greater one keeps what a smaller one keeps', () => {
    const [one, other, greater] = [ratio(0.2), ratio(0.2), ratio(0.6)]
    for (const id of traceIds.slice(0, 5000)) {
      assert.equal(ask(one, id), ask(other, id))
      if (ask(one, id)) assert.ok(ask(greater, id))
    }
  })

  test('decides on the random part of an id that has one: a prefix of zeros or a time changes nothing', () => {
    const tail = 'cdef0123456789'
    for (const head of ['0'.repeat(18), 'f'.repeat(18), '6745a1b2'.padEnd(18, '0')]) {
      assert.equal(ask(ratio(0.85), head + tail), true)
      assert.equal(ask(ratio(0.75), head + tail), false)
    }
  })

  test('0 keeps none and 1 keeps all, at both ends of the numbers', () => {
    for (const id of ['0'.repeat(32), 'f'.repeat(32), `${'0'.repeat(31)}1`]) {
      assert.equal(ask(ratio(0), id), false)
      assert.equal(ask(ratio(1), id), true)
    }
  })

  test('what is no ratio is refused', () => {
    for (const wrong of [-0.1, 1.1, Number.NaN, Infinity]) assert.throws(() => ratio(wrong), RangeError)
  })
})

describe('a rate', () => {
  test('keeps so many traces a second, with a burst of one second’s worth', () => {
    let now = 1000
    const sampler = rateLimited(10, () => now)
    const keep = (count: number): number =>
      Array.from({ length: count }, () => ask(sampler, 'f'.repeat(32))).filter(Boolean).length
    assert.equal(keep(100), 10)
    now += 100
    assert.equal(keep(100), 1)
    now += 60_000
    assert.equal(keep(100), 10)
  })

  test('a fraction keeps one trace every few seconds', () => {
    let now = 0
    const sampler = rateLimited(0.5, () => now)
    const kept: number[] = []
    for (; now < 10_000; now += 100) if (ask(sampler, '')) kept.push(now)
    assert.deepEqual(kept, [0, 2000, 4000, 6000, 8000])
  })

  test('a clock that runs backwards takes nothing away', () => {
    let now = 10_000
    const sampler = rateLimited(2, () => now)
    assert.equal(ask(sampler, ''), true)
    now = 0
    assert.equal(ask(sampler, ''), true)
    now = 1000
    assert.equal(ask(sampler, ''), true)
  })

  test('what is no rate is refused', () => {
    for (const wrong of [0, -1, Number.NaN]) assert.throws(() => rateLimited(wrong), RangeError)
  })
})

describe('a sampler that follows the parent', () => {
  const parents = {
    remoteSampled: new TraceContext('1'.repeat(32), '2'.repeat(16), FLAG_SAMPLED, '', undefined, true),
    remoteNotSampled: new TraceContext('1'.repeat(32), '2'.repeat(16), 0, '', undefined, true),
    localSampled: new TraceContext('1'.repeat(32), '2'.repeat(16), FLAG_SAMPLED),
    localNotSampled: new TraceContext('1'.repeat(32), '2'.repeat(16), 0),
  }

  test('keeps what the parent keeps, and asks the root sampler without one', () => {
    for (const root of [alwaysOn, alwaysOff]) {
      const sampler = parentBased(root)
      const answers = Object.values(parents).map((parent) =>
        sampler.sample(parent, parent.traceId, 'x', 1, null),
      )
      assert.deepEqual(answers, [true, false, true, false])
      assert.equal(ask(sampler, ''), root === alwaysOn)
    }
  })

  test('may be told otherwise in each of the four cases', () => {
    for (const name of Object.keys(parents) as (keyof typeof parents)[]) {
      const usual = name.endsWith('NotSampled') ? alwaysOff : alwaysOn
      const opposite = usual === alwaysOn ? alwaysOff : alwaysOn
      const sampler = parentBased(alwaysOn, { [name]: opposite })
      for (const [other, parent] of Object.entries(parents)) {
        const expected = other === name ? opposite === alwaysOn : !other.endsWith('NotSampled')
        assert.equal(sampler.sample(parent, parent.traceId, 'x', 1, null), expected, `${name}, ${other}`)
      }
    }
  })
})

describe('rules', () => {
  const sampler = rules(
    [
      { name: 'GET /health', sampler: alwaysOff },
      { name: /^GET \/static\//g, sampler: alwaysOff },
      { tags: { 'http.method': 'OPTIONS' }, sampler: alwaysOff },
      { name: /^GET/, tags: { tenant: /^test-/, 'http.status_code': 200 }, sampler: alwaysOff },
    ],
    alwaysOn,
  )
  const kept = (name: string, tags?: { [key: string]: unknown }): boolean => {
    const { tracer } = spoorBed({ sampler })
    return (tracer.startSpan(name, tags === undefined ? {} : { tags }) as unknown as { recording: boolean })
      .recording
  }

  test('match by name, by expression and by tags, all of them together', () => {
    assert.equal(kept('GET /health'), false)
    assert.equal(kept('GET /healthy'), true)
    for (let i = 0; i < 3; i++) assert.equal(kept('GET /static/a.js'), false)
    assert.equal(kept('any', { 'http.method': 'OPTIONS' }), false)
    assert.equal(kept('any', { 'http.method': 'GET' }), true)
    assert.equal(kept('GET /x', { tenant: 'test-7', 'http.status_code': 200 }), false)
    assert.equal(kept('GET /x', { tenant: 'test-7', 'http.status_code': 500 }), true)
    assert.equal(kept('POST /x', { tenant: 'test-7', 'http.status_code': 200 }), true)
  })

  test('the tags that were decided on are the tags of the span, bounded as always', () => {
    const bed = spoorBed({ sampler, limits: { attributeValueLength: 3 } })
    bed.tracer.startSpan('x', { tags: { tenant: 'alpha', list: [1, [2]] } }).finish()
    assert.equal(bed.finished()[0]?.attributes['tenant'], 'alp')
    assert.equal(Object.keys(bed.finished()[0]?.attributes ?? {}).length, 2)
  })
})

describe('decisions', () => {
  test('a sampler that throws, also when it is named, keeps the trace and is reported once', () => {
    const log = captureLog()
    try {
      const broken: Sampler = {
        sample() {
          throw new Error('no idea')
        },
        toString() {
          throw new Error('no name')
        },
      }
      const bed = spoorBed({ sampler: broken })
      for (let i = 0; i < 3; i++) bed.tracer.startSpan('x').finish()
      assert.equal(bed.finished().length, 3)
      assert.equal(log.lines.length, 1)
      assert.match(log.lines[0] ?? '', /sampler given threw.*no idea/)
    } finally {
      log.restore()
    }
  })

  test('the debug flag keeps the trace whatever the sampler says, children too', () => {
    const bed = spoorBed({ sampler: alwaysOff })
    const parent = new TraceContext('1'.repeat(32), '2'.repeat(16), FLAG_DEBUG, '', undefined, true)
    const span = bed.tracer.startSpan('x', { childOf: parent })
    bed.tracer.startSpan('child', { childOf: span }).finish()
    span.finish()
    assert.equal(bed.finished().length, 2)
    assert.match(traceparent(bed, span), /^00-1{32}-.*-01$/)
  })

  test('a deferred decision is ours, and made once', () => {
    for (const root of [alwaysOn, alwaysOff]) {
      const bed = spoorBed({ sampler: parentBased(root) })
      const parent = new TraceContext('1'.repeat(32), '2'.repeat(16), FLAG_DEFERRED, '', undefined, true)
      const span = bed.tracer.startSpan('x', { childOf: parent })
      bed.tracer.startSpan('child', { childOf: span }).finish()
      span.finish()
      assert.equal(bed.finished().length, root === alwaysOn ? 2 : 0)
      assert.equal((span.context() as TraceContext).traceFlags & FLAG_DEFERRED, 0)
    }
  })

  test('unsampled spans propagate a trace with the decision, and are not exported', () => {
    const bed = spoorBed({ sampler: parentBased(alwaysOff) })
    const span = bed.tracer
      .startSpan('x', { tags: { a: 1 } })
      .setTag('b', 2)
      .log({ event: 'c' })
    span.setBaggageItem('k', 'v')
    const headers: Record<string, string> = {}
    bed.tracer.inject(span, FORMAT_HTTP_HEADERS, headers)
    assert.match(headers['traceparent'] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/)
    assert.equal(headers['baggage'], 'k=v')
    const child = bed.tracer.startSpan('child', { childOf: span })
    assert.equal(child.context().toTraceId(), span.context().toTraceId())
    assert.equal(child.getBaggageItem('k'), 'v')
    child.finish()
    span.finish()
    assert.equal(bed.finished().length, 0)
  })

  test('a trace of ours says that its id is random, one of a caller what the caller said', () => {
    const { tracer } = spoorBed()
    assert.equal((tracer.startSpan('x').context() as TraceContext).traceFlags, FLAG_SAMPLED | FLAG_RANDOM)
    const parent = new TraceContext('1'.repeat(32), '2'.repeat(16), FLAG_SAMPLED, '', undefined, true)
    assert.equal(
      (tracer.startSpan('x', { childOf: parent }).context() as TraceContext).traceFlags,
      FLAG_SAMPLED,
    )
  })

  test('a caller that sends baggage alone is nobody’s parent', () => {
    const bed = spoorBed()
    const context = bed.tracer.extract(FORMAT_HTTP_HEADERS, { baggage: 'k=v' })
    const span = bed.tracer.startSpan('x', { childOf: context })
    assert.equal(span.getBaggageItem('k'), 'v')
    span.finish()
    assert.equal(bed.finished()[0]?.parentSpanId, '')
    assert.equal(bed.finished()[0]?.parentIsRemote, false)
  })
})

describe('sampling.priority', () => {
  test('at start, wherever it stands among the tags, it decides before they are kept', () => {
    const bed = spoorBed({ sampler: alwaysOff })
    const other = bed.tracer.startSpan('other')
    const references = [{ type: () => 'follows_from', referencedContext: () => other.context() }]
    bed.tracer.startSpan('x', { tags: { before: 1, 'sampling.priority': 1, after: 2 }, references }).finish()
    const [span] = bed.finished()
    assert.deepEqual(span?.attributes, { before: 1, 'sampling.priority': 1, after: 2 })
    assert.equal(span?.links.length, 1)
  })

  test('later, it decides on the span and its later children', () => {
    const bed = spoorBed()
    const span = bed.tracer.startSpan('x')
    bed.tracer.startSpan('earlier', { childOf: span }).finish()
    span.setTag('sampling.priority', 0)
    bed.tracer.startSpan('later', { childOf: span }).finish()
    assert.match(traceparent(bed, span), /-02$/)
    span.finish()
    assert.deepEqual(
      bed.finished().map(({ name }) => name),
      ['earlier'],
    )
  })

  test('says nothing when it is no number', () => {
    const bed = spoorBed()
    const span = bed.tracer.startSpan('x')
    const trap = {
      valueOf: () => assert.fail('not ours to call'),
      toString: () => {
        throw new Error('trap')
      },
    }
    for (const value of [undefined, null, 'often', Symbol('s'), {}, trap, Number.NaN]) {
      span.setTag('sampling.priority', value)
    }
    span.finish()
    assert.equal(bed.finished().length, 1)
    bed.tracer.startSpan('y').setTag('sampling.priority', '0').finish()
    assert.equal(bed.finished().length, 1)
  })
})
