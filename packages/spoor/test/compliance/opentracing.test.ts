import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import * as runner from 'node:test'
import opentracing from 'opentracing'
import * as api from 'spoor/api'
import {
  childOf,
  followsFrom,
  globalTracer,
  isGlobalTracerRegistered,
  noopTracer,
  type OpenTracer,
  Reference,
  resetGlobalTracer,
  type Span,
  type SpanContext,
  type SpanReference,
  setGlobalTracer,
} from 'spoor/api'
import { assertChildOf, describeOpenTracingCompatibility, MockTracer } from 'spoor/testing'
import { mockBed, spoorBed } from './support.js'

const { after, beforeEach, describe, test } = runner

const tracers: Record<string, () => OpenTracer> = {
  "Spoor's tracer": () => spoorBed().tracer,
  'The mock tracer': () => new MockTracer({ strictExtract: false }),
  'The global tracer'() {
    setGlobalTracer(spoorBed().tracer)
    return globalTracer()
  },
}

const ours: Record<string, unknown> = { ...api }
const theirs: Record<string, unknown> = { ...opentracing }

/** `opentracing`'s own classes type spans as instances of its own; what counts here is what happens at run time. */
const foreignReference = (type: string, referenced: Span | SpanContext): SpanReference =>
  new opentracing.Reference(type, referenced as never)

after(resetGlobalTracer)

for (const [name, tracer] of Object.entries(tracers)) {
  describeOpenTracingCompatibility(runner, { title: `${name} with Spoor's references`, tracer })
  describeOpenTracingCompatibility(runner, {
    title: `${name} with the references of opentracing`,
    tracer,
    reference: foreignReference,
  })
}

describe('JS-C: the compatibility suite that opentracing ships passes as it stands', () => {
  type Suite = (createTracer: () => OpenTracer, options?: object) => void
  const require = createRequire(import.meta.url)
  const suite: Suite = require('opentracing/lib/test/api_compatibility').default
  // It is written for mocha, whose globals node:test can stand in for, and prints an id while it runs.
  Object.assign(globalThis, { describe, it: runner.it, beforeEach })
  for (const [name, tracer] of Object.entries(tracers)) {
    describe(name, () => suite(tracer))
  }
})

test('JS-A01: everything that opentracing exports has its counterpart, under the same name but for one', () => {
  // Interfaces to us, for which there is nothing at run time: types.test.ts proves that they fit.
  const interfaces = ['Tracer', 'Span', 'SpanContext']
  const renamed: Record<string, string> = { initGlobalTracer: 'setGlobalTracer' }
  const offered = { ...ours, MockTracer }
  const missing = Object.keys(opentracing)
    .filter((name) => !['default', '__esModule', ...interfaces].includes(name))
    .filter((name) => !((renamed[name] ?? name) in offered))
  assert.deepEqual(missing, [])
})

test('JS-C11: the constants have the values of opentracing, so that either may be given to either', () => {
  for (const name of [
    'FORMAT_BINARY',
    'FORMAT_TEXT_MAP',
    'FORMAT_HTTP_HEADERS',
    'REFERENCE_CHILD_OF',
    'REFERENCE_FOLLOWS_FROM',
  ]) {
    assert.equal(ours[name], theirs[name], name)
  }
})

test('JS-A02: spans chain in setOperationName, setTag, addTags, log and setBaggageItem, and in nothing else', () => {
  const span = spoorBed().tracer.startSpan('chain')
  assert.equal(span.setOperationName('b'), span)
  assert.equal(span.setTag('a', 1), span)
  assert.equal(span.addTags({ b: 2 }), span)
  assert.equal(span.log({ event: 'c' }, Date.now()), span)
  assert.equal(span.setBaggageItem('d', 'e'), span)
  assert.equal(span.logEvent('f', { g: 1 }), undefined)
  assert.equal(span.finish(Date.now()), undefined)
})

test('JS-A02: a tracer written by overriding the underscore methods of opentracing is one for Spoor', () => {
  const started: string[] = []
  class Subclass extends opentracing.Tracer {
    protected override _startSpan(name: string, fields: opentracing.SpanOptions): opentracing.Span {
      started.push(`${name} with ${fields.references?.length ?? 0} references`)
      return new opentracing.Span()
    }
  }
  const tracer: OpenTracer = new Subclass()
  const parent = tracer.startSpan('parent')
  tracer.startSpan('child', { references: [childOf(parent)] })
  assert.deepEqual(started, ['parent with 0 references', 'child with 1 references'])
})

test('JS-C12: a reference takes nothing without complaint, and unwraps a span of any copy of any package', () => {
  const context = { toTraceId: () => '1', toSpanId: () => '2' } as SpanContext
  const duck = { context: () => context } as Span
  for (const reference of [new Reference('child_of', duck), childOf(duck), followsFrom(duck)]) {
    assert.equal(reference.referencedContext(), context)
  }
  for (const reference of [childOf(context), followsFrom(context)]) {
    assert.equal(reference.referencedContext(), context)
  }
  for (const nothing of [null, undefined]) assert.equal(childOf(nothing).referencedContext(), null)
})

test('JS-Q01: a span that opentracing wrapped in a reference as if it were a context is followed all the same', () => {
  const { tracer, finished } = spoorBed()
  const parent = tracer.startSpan('parent')
  const reference = foreignReference('child_of', parent)
  assert.equal(reference.referencedContext(), parent, 'opentracing unwraps only instances of its own class')
  tracer.startSpan('child', { references: [reference] }).finish()
  parent.finish()
  assertChildOf(finished()[0]!, finished()[1]!)
})

test('JS-Q02: what the JavaScript API lacks is there', async () => {
  const { tracer } = spoorBed()
  assert.equal(typeof tracer.scopeManager.activate, 'function')
  assert.equal(tracer.activeSpan, null)
  for (const error of [api.InvalidCarrier, api.SpanContextCorrupted, api.UnsupportedFormat]) {
    assert.ok(error.prototype instanceof api.SpoorError, error.name)
  }
  const span = tracer.startSpan('carrying').setBaggageItem('a', 'b')
  assert.deepEqual([...span.context().baggageItems!()], [['a', 'b']])
  assert.equal(typeof isGlobalTracerRegistered(), 'boolean')
  await tracer.close()
})

test('JS-Q03: scopeManager, activeSpan and close are visible through the global tracer', async () => {
  const { tracer } = mockBed()
  setGlobalTracer(tracer)
  const captured = globalTracer()
  assert.equal(captured.scopeManager, tracer.scopeManager)
  captured.startActiveSpan('active', (span) => assert.equal(captured.activeSpan, span))
  const close = runner.mock.method(tracer, 'close')
  await captured.close()
  assert.equal(close.mock.callCount(), 1)
})

test('JS-Q04: the no-op tracer extracts null, so that one can ask whether there was a parent', () => {
  assert.equal(noopTracer.extract('http_headers', { traceparent: 'anything' }), null)
})

test('JS-Q05: startSpan leaves the options of its caller as they were', () => {
  for (const { tracer } of [spoorBed(), mockBed()]) {
    const parent = tracer.startSpan('parent')
    const tags = Object.freeze({ a: 1 })
    const references = Object.freeze([followsFrom(parent)])
    const options = Object.freeze({ childOf: parent, references, tags })
    const [one, two] = [tracer.startSpan('one', options), tracer.startSpan('two', options)]
    one.setTag('a', 2)
    assert.equal(tags.a, 1)
    assert.equal(one.context().toTraceId(), two.context().toTraceId())
    assert.deepEqual(Object.keys(options), ['childOf', 'references', 'tags'])
  }
})

test('JS-Q06: the mock tracer keeps tags and time from the start, references, baggage, ids, and propagates', () => {
  const tracer = new MockTracer()
  const parent = tracer.startSpan('parent').setBaggageItem('user', 'Fry')
  const span = tracer.startSpan('span', { childOf: parent, tags: { a: 1 }, startTime: 1000 })
  assert.deepEqual({ ...span.tags }, { a: 1 })
  assert.equal(span.startTime, 1000)
  assert.equal(span.references.length, 1)
  assert.equal(span.getBaggageItem('user'), 'Fry')
  assert.match(span.context().toTraceId(), /^[0-9a-f]+$/)
  const carrier = {}
  tracer.inject(span, 'text_map', carrier)
  assert.equal(tracer.extract('text_map', carrier)?.spanId, span.context().spanId)
})
