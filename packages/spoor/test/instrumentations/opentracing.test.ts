import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { init, shutdown } from 'spoor'
import { MockTracer } from 'spoor/testing'
import { load, trace } from './support/web.ts'

/** The library, evaluated anew. */
function loadAnew(): any {
  for (const file of Object.keys(load.cache)) {
    if (file.includes('/node_modules/opentracing/')) delete load.cache[file]
  }
  return load('opentracing')
}

describe('code that is written for opentracing', () => {
  afterEach(() => shutdown())

  it('gets our tracer as its global one, when it is loaded after us', () => {
    const sink = trace()
    loadAnew().globalTracer().startSpan('operation').finish()
    assert.equal(sink.spans[0]?.name, 'operation')
  })

  it('gets our tracer as its global one, when it was loaded before us', () => {
    const opentracing = loadAnew()
    const sink = trace()
    opentracing.globalTracer().startSpan('operation').finish()
    assert.equal(sink.spans[0]?.name, 'operation')
  })

  it('may have taken its global tracer before us', () => {
    const taken = loadAnew().globalTracer()
    const sink = trace()
    taken.startSpan('operation').finish()
    assert.equal(sink.spans[0]?.name, 'operation')
  })

  it('reaches the foreign tracer that we were given', () => {
    const mock = new MockTracer()
    init({ tracer: mock })
    loadAnew()
      .globalTracer()
      .startSpan('operation', { tags: { key: 'value' } })
      .finish()
    assert.deepEqual(mock.finishedSpans()[0]?.tags, { key: 'value' })
  })

  it('keeps a tracer that it has set itself', () => {
    const sink = trace()
    const opentracing = loadAnew()
    const own = new opentracing.MockTracer()
    opentracing.initGlobalTracer(own)
    opentracing.globalTracer().startSpan('operation').finish()
    assert.equal(own.report().spans.length, 1)
    assert.equal(sink.spans.length, 0)
  })

  it('works with one span that is the parent of the other, by either way of saying so', () => {
    const sink = trace()
    const opentracing = loadAnew()
    const tracer = opentracing.globalTracer()
    const parent = tracer.startSpan('parent')
    tracer.startSpan('child', { childOf: parent }).finish()
    tracer.startSpan('second', { references: [opentracing.childOf(parent.context())] }).finish()
    parent.finish()
    assert.deepEqual(
      sink.spans.map(({ parentSpanId }) => parentSpanId),
      [parent.context().toSpanId(), parent.context().toSpanId(), ''],
    )
  })

  it('has a tracer that does nothing once we have gone, and does not fail', async () => {
    const sink = trace()
    const opentracing = loadAnew()
    await shutdown()
    opentracing.globalTracer().startSpan('operation').finish()
    assert.equal(sink.spans.length, 0)
  })
})
