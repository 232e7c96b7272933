import { BinaryCarrier, FORMAT_BINARY, FORMAT_TEXT_MAP } from '../api/format.ts'
import {
  REFERENCE_CHILD_OF,
  REFERENCE_FOLLOWS_FROM,
  Reference,
  type SpanReference,
} from '../api/reference.ts'
import type { Span } from '../api/span.ts'
import type { SpanContext } from '../api/span-context.ts'
import type { OpenTracer } from '../api/tracer.ts'
import { checkSame } from './check.ts'
import { type Case, isolatedCases, type Runner } from './runner.ts'

export interface OpenTracingKitOptions {
  /** Heads the cases. */
  readonly title?: string
  /** Makes the tracer of one case. */
  tracer(): OpenTracer
  /** Makes a reference; give `opentracing`'s own to prove that the tracer reads it. Spoor's by default. */
  readonly reference?: (type: string, referenced: Span | SpanContext) => SpanReference
  /** False for a tracer that keeps no baggage. Default true. */
  readonly checkBaggage?: boolean
  /** False for a tracer that neither writes nor reads carriers, or is strict about empty ones. Default true. */
  readonly checkPropagation?: boolean
}

/**
 * What code written for `opentracing@0.14` expects of any tracer: the package's own compatibility checks, JS-C01 to
 * JS-C10.
 *
 * @param runner the module of your test library: `node:test`, vitest, jest's or mocha's globals
 */
export function describeOpenTracingCompatibility(runner: Runner, options: OpenTracingKitOptions): void {
  const it = isolatedCases(runner)
  runner.describe(options.title ?? 'A tracer for code written for opentracing 0.14', () => {
    starting(it, options)
    identity(it, options)
    if (options.checkBaggage ?? true) baggage(it, options)
    if (options.checkPropagation ?? true) propagation(it, options)
  })
}

function starting(it: Case, { tracer: make, reference = makeReference }: OpenTracingKitOptions): void {
  it('JS-C01: startSpan takes a span or a context as childOf', () => {
    const tracer = make()
    const parent = tracer.startSpan('parent')
    for (const childOf of [parent, parent.context()]) {
      const child = tracer.startSpan('child', { childOf })
      checkSame(child.context().toTraceId(), parent.context().toTraceId(), 'The trace id')
    }
  })

  it('JS-C07: a span takes the time at which it is finished, and returns nothing', () => {
    checkSame(make().startSpan('test-span').finish(Date.now()), undefined, 'What finish() returns')
  })

  it('JS-C08: a reference is made from a span or from a context, and is followed', () => {
    const tracer = make()
    const parent = tracer.startSpan('parent')
    for (const type of [REFERENCE_CHILD_OF, REFERENCE_FOLLOWS_FROM]) {
      for (const referenced of [parent, parent.context()]) {
        const child = tracer.startSpan('child', { references: [reference(type, referenced)] })
        checkSame(child.context().toTraceId(), parent.context().toTraceId(), 'The trace id')
      }
    }
  })
}

function identity(it: Case, { tracer: make }: OpenTracingKitOptions): void {
  it('JS-C09: toTraceId() returns a string', () => {
    checkSame(typeof make().startSpan('test-span').context().toTraceId(), 'string', 'The type')
  })

  it('JS-C10: toSpanId() returns a string', () => {
    checkSame(typeof make().startSpan('test-span').context().toSpanId(), 'string', 'The type')
  })
}

function baggage(it: Case, { tracer: make }: OpenTracingKitOptions): void {
  it('JS-C06: baggage that was set is returned', () => {
    const span = make().startSpan('test-span')
    span.setBaggageItem('some-key', 'some-value')
    checkSame(span.getBaggageItem('some-key'), 'some-value', 'The item')
  })
}

function propagation(it: Case, { tracer: make }: OpenTracingKitOptions): void {
  const context = (tracer: OpenTracer): SpanContext => tracer.startSpan('test-span').context()

  it('JS-C02: inject writes into a text carrier', () => {
    const tracer = make()
    const carrier = {}
    tracer.inject(context(tracer), FORMAT_TEXT_MAP, carrier)
    checkSame(Object.keys(carrier).length > 0, true, 'Whether something was written')
  })

  it('JS-C03: inject writes into a binary carrier, also one without a buffer and one with foreign bytes', () => {
    const tracer = make()
    for (const carrier of [{}, new BinaryCarrier(), foreignBytes()]) {
      tracer.inject(context(tracer), FORMAT_BINARY, carrier)
    }
  })

  it('JS-C04: inject takes a span as well as its context', () => {
    const tracer = make()
    const span = tracer.startSpan('test-span')
    const [fromSpan, fromContext] = [{}, {}]
    tracer.inject(span, FORMAT_TEXT_MAP, fromSpan)
    tracer.inject(span.context(), FORMAT_TEXT_MAP, fromContext)
    checkSame(JSON.stringify(fromSpan), JSON.stringify(fromContext), 'The carrier')
  })

  it('JS-C05: extract returns null from empty carriers, and from bytes of somebody else', () => {
    const tracer = make()
    checkSame(tracer.extract(FORMAT_TEXT_MAP, {}), null, 'From an empty text carrier')
    for (const carrier of [foreignBytes(), {}, { buffer: null }]) {
      checkSame(tracer.extract(FORMAT_BINARY, carrier), null, 'From a binary carrier')
    }
  })
}

/** The carrier of upstream's checks: an array of numbers, which `opentracing` allows, that nobody has written. */
function foreignBytes(): object {
  return { buffer: [1, 2, 3] }
}

function makeReference(type: string, referenced: Span | SpanContext): SpanReference {
  return new Reference(type, referenced)
}
