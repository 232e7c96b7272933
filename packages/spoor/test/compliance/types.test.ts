import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tracer as DatadogTracer } from 'dd-trace'
import jaegerClient, { type JaegerTracer } from 'jaeger-client'
import opentracing from 'opentracing'
import type { OpenTracer, Span, SpanContext, SpanReference, Tracer } from 'spoor/api'
import { MockTracer } from 'spoor/testing'

/*
 * Most of this file is proved by the compiler: a type that no longer fits does not build. Each function hands over
 * what one package calls a tracer, span, context or reference, to code that is typed by the other.
 */

const fromOpenTracing = (tracer: opentracing.Tracer): OpenTracer => tracer
const fromJaeger = (tracer: JaegerTracer): OpenTracer => tracer
const fromDatadog = (tracer: DatadogTracer): OpenTracer => tracer
const fromSpoor = (tracer: Tracer): OpenTracer => tracer
const spanFromOpenTracing = (span: opentracing.Span): Span => span
const contextFromOpenTracing = (context: opentracing.SpanContext): SpanContext => context
const referenceFromOpenTracing = (reference: opentracing.Reference): SpanReference => reference

/** The classes of `opentracing` have protected members, so TypeScript takes no other class for them: hence the cast. */
const toOpenTracing = (tracer: Tracer): opentracing.Tracer => tracer as unknown as opentracing.Tracer

test('JS-A01: tracers of opentracing and jaeger-client are tracers to Spoor as they are', () => {
  const jaeger = jaegerClient.initTracer(
    { serviceName: 'types', sampler: { type: 'const', param: 1 } },
    { reporter: { report() {}, close: (done) => done?.(), setProcess() {} } },
  )
  const tracers = [fromOpenTracing(new opentracing.Tracer()), fromJaeger(jaeger as JaegerTracer)]
  for (const tracer of tracers) {
    const parent = tracer.startSpan('parent')
    const span = tracer.startSpan('span', { childOf: parent, tags: { a: 1 } })
    span.setTag('b', 2).log({ event: 'typed' }).finish()
    assert.equal(typeof span.context().toSpanId(), 'string')
  }
  jaeger.close()
})

test('JS-A01: a tracer of Spoor is one, at run time, for code that was written for opentracing', () => {
  const tracer = new MockTracer()
  assert.equal(fromSpoor(tracer), tracer)
  const span = toOpenTracing(tracer).startSpan('span')
  assert.equal(span, tracer.unfinishedSpans()[0])
})

test('JS-A01: spans, contexts and references of opentracing have the shape of ours', () => {
  const span = spanFromOpenTracing(new opentracing.Span())
  assert.equal(contextFromOpenTracing(new opentracing.SpanContext()).toTraceId(), '')
  assert.equal(referenceFromOpenTracing(opentracing.childOf(new opentracing.Span())).type(), 'child_of')
  assert.equal(typeof span.setTag, 'function')
  assert.equal(typeof fromDatadog, 'function')
})
