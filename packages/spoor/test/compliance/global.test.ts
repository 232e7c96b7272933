import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import {
  globalTracer,
  isGlobalTracerRegistered,
  noopSpan,
  resetGlobalTracer,
  setGlobalTracer,
  type Tracer,
} from 'spoor/api'
import { MockTracer } from 'spoor/testing'

afterEach(resetGlobalTracer)

test('GT-01: the global tracer does nothing until one is set', () => {
  assert.equal(globalTracer().startSpan('nothing'), noopSpan)
  assert.equal(globalTracer().activeSpan, null)
})

test('GT-02: a tracer is registered once it is set, may be replaced, and is forgotten on reset', () => {
  assert.equal(isGlobalTracerRegistered(), false)
  const [first, second] = [new MockTracer(), new MockTracer()]
  setGlobalTracer(first)
  assert.equal(isGlobalTracerRegistered(), true)
  globalTracer().startSpan('first').finish()
  setGlobalTracer(second)
  globalTracer().startSpan('second').finish()
  assert.deepEqual(
    [first, second].map((tracer) => tracer.finishedSpans().map((span) => span.operationName)),
    [['first'], ['second']],
  )
  resetGlobalTracer()
  assert.equal(isGlobalTracerRegistered(), false)
  assert.equal(globalTracer().startSpan('nothing'), noopSpan)
})

test('GT-02: setting nothing, or something that is no tracer, is an error that says so', () => {
  for (const wrong of [null, undefined, {}, 'tracer', () => new MockTracer()]) {
    assert.throws(() => setGlobalTracer(wrong as unknown as Tracer), { code: 'SPOOR_NOT_A_TRACER' })
  }
  assert.equal(isGlobalTracerRegistered(), false)
})

test('GT-03: the global tracer is a permanent delegate, which may be taken before a tracer is set', async () => {
  const captured = globalTracer()
  const tracer = new MockTracer()
  setGlobalTracer(tracer)
  assert.equal(captured, globalTracer())
  captured.startActiveSpan('active', (span) => {
    assert.equal(span.tracer(), tracer)
    assert.equal(captured.activeSpan, span)
  })
  assert.equal(captured.scopeManager, tracer.scopeManager)
  const carrier: Record<string, string> = {}
  captured.inject(captured.startSpan('sending'), 'text_map', carrier)
  assert.equal(captured.extract('text_map', carrier)?.toTraceId(), carrier['ot-tracer-traceid'])
  await captured.flush()
  await captured.close()
})

test('GT-03: setting the delegate as its own tracer changes nothing', () => {
  const tracer = new MockTracer()
  setGlobalTracer(tracer)
  setGlobalTracer(globalTracer())
  globalTracer().startSpan('still here').finish()
  assert.equal(tracer.finishedSpans().length, 1)
})
