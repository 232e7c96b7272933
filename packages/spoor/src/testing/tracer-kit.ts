import { BinaryCarrier, FORMAT_BINARY, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from '../api/format.ts'
import { childOf, followsFrom } from '../api/reference.ts'
import type { Span } from '../api/span.ts'
import type { SpanContext } from '../api/span-context.ts'
import type { Tracer } from '../api/tracer.ts'
import { describeCallbacks } from './callback-kit.ts'
import { check, checkList, checkSame, checkThrows } from './check.ts'
import { type Case, isolatedCases, type Runner } from './runner.ts'
import { countFinishes } from './watch-span.ts'

export interface TracerKitOptions {
  /** Heads the cases. */
  readonly title?: string
  /** Makes the tracer of one case. Nothing may be active in it. */
  tracer(): Tracer
  /** Whether `child` is a child of `parent`; with null, whether it is the root of a trace. */
  isParent(parent: Span | null, child: Span): boolean
  /** False only for a tracer that keeps no baggage. Default true. */
  readonly checkBaggage?: boolean
  /** False only for a tracer that never activates a span. Default true. */
  readonly checkScopeManager?: boolean
  /** False only for a tracer that neither writes nor reads carriers. Default true. */
  readonly checkPropagation?: boolean
}

/**
 * The contract of a tracer: the 25 checks of opentracing-python's `APICompatibilityCheckMixin`, AC-01 to AC-25, and
 * those of the callback form that JavaScript adds, AC-N1 to AC-N6.
 *
 * @param runner the module of your test library: `node:test`, vitest, jest's or mocha's globals
 */
export function describeTracer(runner: Runner, options: TracerKitOptions): void {
  const it = isolatedCases(runner)
  runner.describe(options.title ?? 'A tracer', () => {
    activation(it, options)
    inheritance(it, options)
    spans(it, options)
    baggage(it, options)
    propagation(it, options)
    if (options.checkScopeManager ?? true) describeCallbacks(it, options)
  })
}

function activation(it: Case, { tracer: make, isParent, checkScopeManager = true }: TracerKitOptions): void {
  it('AC-01: nothing is active at first, and what is activated by hand is active for both accessors', () => {
    const tracer = make()
    const span = tracer.startSpan('Fry')
    checkSame(tracer.activeSpan, null, 'The active span before anything is activated')
    const scope = tracer.scopeManager.activate(span, true)
    if (checkScopeManager) {
      checkSame(tracer.activeSpan, span, 'tracer.activeSpan')
      checkSame(tracer.scopeManager.active?.span, span, 'scopeManager.active.span')
    }
    scope.close()
  })

  it('AC-02: starting an active span gives a scope with the root of a new trace', () => {
    const scope = make().startActiveSpan('Fry')
    check(scope.span !== null, 'the scope has a span')
    if (checkScopeManager) check(isParent(null, scope.span), 'the span has no parent')
    scope.close()
  })

  it('AC-03: an active span started inside another is its child', () => {
    const tracer = make()
    const outer = tracer.startActiveSpan('Fry')
    const inner = tracer.startActiveSpan('Farnsworth')
    if (checkScopeManager) check(isParent(outer.span, inner.span!), 'the inner span is a child of the outer')
    inner.close()
    outer.close()
  })

  it('AC-04: an active span that ignores the active one is not its child', () => {
    const tracer = make()
    const outer = tracer.startActiveSpan('Fry')
    const inner = tracer.startActiveSpan('Farnsworth', { ignoreActiveSpan: true })
    if (checkScopeManager)
      check(!isParent(outer.span, inner.span!), 'the inner span is no child of the outer')
    inner.close()
    outer.close()
  })

  it('AC-05: with finishOnClose false, closing the scope does not finish the span', () => {
    const scope = make().startActiveSpan('Leela', { finishOnClose: false })
    const finishes = countFinishes(scope.span!, () => scope.close())
    checkSame(finishes, 0, 'Calls of finish()')
    scope.span!.finish()
  })

  it('AC-06: with finishOnClose true, closing the scope finishes the span once', () => {
    const scope = make().startActiveSpan('Leela', { finishOnClose: true })
    const finishes = countFinishes(scope.span!, () => scope.close())
    if (checkScopeManager) checkSame(finishes, 1, 'Calls of finish()')
  })

  it('AC-07: by default, closing the scope finishes the span once', () => {
    const scope = make().startActiveSpan('Leela')
    const finishes = countFinishes(scope.span!, () => scope.close())
    if (checkScopeManager) checkSame(finishes, 1, 'Calls of finish()')
  })

  it('AC-24: the scope of a started active span is the one that the manager calls active', () => {
    const tracer = make()
    const scope = tracer.startActiveSpan('Fry')
    if (checkScopeManager) {
      checkSame(tracer.scopeManager.active, scope, 'scopeManager.active')
      checkSame(tracer.scopeManager.activeSpan, scope.span, 'scopeManager.activeSpan')
    }
    scope.close()
  })

  it('AC-25: starting a span leaves nothing active', () => {
    const tracer = make()
    const span = tracer.startSpan('Fry')
    if (checkScopeManager) checkSame(tracer.scopeManager.active, null, 'scopeManager.active')
    span.finish()
  })
}

function inheritance(it: Case, { tracer: make, isParent, checkScopeManager = true }: TracerKitOptions): void {
  it('AC-09: a started span inherits the active one', () => {
    const tracer = make()
    const scope = tracer.startActiveSpan('Fry')
    const span = tracer.startSpan('Farnsworth')
    if (checkScopeManager) check(isParent(scope.span, span), 'the span is a child of the active one')
    span.finish()
    scope.close()
  })

  it('AC-10: a started span that ignores the active one does not inherit it', () => {
    const tracer = make()
    const scope = tracer.startActiveSpan('Fry')
    const span = tracer.startSpan('Farnsworth', { ignoreActiveSpan: true })
    if (checkScopeManager) check(!isParent(scope.span, span), 'the span is no child of the active one')
    span.finish()
    scope.close()
  })

  it('AC-11: a parent is given as a span, as a context, or as a reference, with tags', () => {
    const tracer = make()
    const parent = tracer.startSpan('Fry')
    const byReference = { references: [followsFrom(parent.context())], tags: { birthplace: 'sewers' } }
    const children = [
      tracer.startSpan('Leela', { childOf: parent }),
      tracer.startSpan('Leela', { childOf: parent.context() }),
      tracer.startSpan('Leela', byReference),
    ]
    for (const child of children) {
      if (checkScopeManager) check(isParent(parent, child), 'the span is a child of the one given')
      child.finish()
    }
    parent.finish()
  })

  it('AC-12: childOf() makes the reference that starts a child', () => {
    const tracer = make()
    const parent = tracer.startSpan('Fry')
    const child = tracer.startSpan('Leela', { references: [childOf(parent)] })
    if (checkScopeManager) check(isParent(parent, child), 'the span is a child of the one given')
    child.finish()
    parent.finish()
  })
}

function spans(it: Case, { tracer: make }: TracerKitOptions): void {
  it('AC-08: a span is started with tags, logs an event and is finished', () => {
    const tracer = make()
    tracer.startSpan('Fry').finish()
    const span = tracer.startSpan('Fry', { tags: { birthday: 'August 14 1974' } })
    checkSame(span.log({ event: 'birthday', 'age.years': 25 }), span, 'What log() returns')
    checkSame(span.finish(), undefined, 'What finish() returns')
  })

  it('AC-13: setOperationName() chains, also on a span that was started without a name', () => {
    const tracer = make()
    const named = tracer.startSpan('Fry')
    checkSame(named.setOperationName('Leela'), named, 'What setOperationName() returns')
    named.finish()
    const unnamed = tracer.startSpan('')
    checkSame(unnamed.setOperationName('Bender'), unnamed, 'What setOperationName() returns')
    unnamed.finish()
  })

  it('AC-14: a span that owns a callback passes its result on, and its exception', () => {
    const tracer = make()
    checkSame(
      tracer.startActiveSpan('Fry', () => 'delivered'),
      'delivered',
      'The result of the callback',
    )
    const failure = new Error('stop')
    const thrown = checkThrows(
      () => tracer.startActiveSpan('Fry', () => raise(failure)),
      'A failing callback',
    )
    checkSame(thrown, failure, 'The exception that arrives')
  })

  it('AC-15: a tag is a number, a boolean or a string', () => {
    const span = make().startSpan('Fry')
    checkSame(span.setTag('birthday', 14), span, 'What setTag() returns for a number')
    checkSame(span.setTag('loc', 9.5), span, 'What setTag() returns for a fraction')
    checkSame(span.setTag('sober', false), span, 'What setTag() returns for a boolean')
    checkSame(span.setTag('occupation', 'Delivery boy'), span, 'What setTag() returns for a string')
    checkSame(span.addTags({ planet: 'Earth', year: 3000 }), span, 'What addTags() returns')
    span.finish()
  })

  it('AC-16: tags chain, and take keys and values in any script', () => {
    const span = make().startSpan('Farnsworth')
    const chained = span
      .setTag('birthday', '9 April, 2841')
      .setTag('loc', 'Πλανήτης Γη')
      .setTag('имя', 'Фрай 🚀')
    checkSame(chained, span, 'What the chain returns')
    span.finish()
  })

  it('AC-17: logs take fields, with and without a time, and the deprecated event form', () => {
    const span = make().startSpan('Fry')
    const chained = span
      .log({ event: 'frozen', 'error.object': new Error('cold') })
      .log({ 'cryo.years': 1000, note: { nested: true } }, Date.now())
    checkSame(chained, span, 'What the chain returns')
    checkSame(span.logEvent('thawed', { year: 2999 }), undefined, 'What logEvent() returns')
    span.finish(Date.now())
  })
}

function baggage(it: Case, { tracer: make, checkBaggage = true }: TracerKitOptions): void {
  it('AC-18: a span starts without baggage, takes an item, chains, and gives it back', () => {
    const span = make().startSpan('Fry')
    if (checkBaggage) check(!span.getBaggageItem('Kiff-loves'), 'there is no item at first')
    checkSame(span.setBaggageItem('Kiff-loves', 'Amy'), span, 'What setBaggageItem() returns')
    if (checkBaggage) checkSame(span.getBaggageItem('Kiff-loves'), 'Amy', 'The item')
    span.finish()
  })

  it('AC-19: the baggage of a context can be iterated: empty at first, then with the item', () => {
    const span = make().startSpan('Fry')
    checkList(itemsOf(span.context()), [], 'The baggage at first')
    span.setBaggageItem('Kiff-loves', 'Amy')
    if (checkBaggage) checkList(itemsOf(span.context()), ['Kiff-loves=Amy'], 'The baggage')
    span.finish()
  })
}

const TEXT_FORMATS = [FORMAT_TEXT_MAP, FORMAT_HTTP_HEADERS]

function propagation(it: Case, { tracer: make, checkPropagation = true }: TracerKitOptions): void {
  const roundTrip = (format: string, carrier: object): void => {
    const tracer = make()
    const span = tracer.startSpan('Bender')
    tracer.inject(span.context(), format, carrier)
    const extracted = tracer.extract(format, carrier)
    if (!checkPropagation) return
    check(extracted !== null, 'what was injected is extracted')
    checkSame(extracted.toTraceId(), span.context().toTraceId(), 'The trace id')
    checkSame(extracted.toSpanId(), span.context().toSpanId(), 'The span id')
    checkList(itemsOf(extracted), [], 'The baggage')
    span.finish()
  }

  it('AC-20: a context survives a text carrier, and brings no baggage that it did not have', () => {
    for (const format of TEXT_FORMATS) roundTrip(format, {})
  })

  it('AC-21: a context survives a binary carrier, and brings no baggage that it did not have', () => {
    roundTrip(FORMAT_BINARY, new BinaryCarrier())
  })

  it('AC-22: the three formats that every tracer has inject and extract without an error', () => {
    const tracer = make()
    const span = tracer.startSpan('Bender')
    for (const format of [...TEXT_FORMATS, FORMAT_BINARY]) {
      const carrier = format === FORMAT_BINARY ? new BinaryCarrier() : {}
      tracer.inject(span.context(), format, carrier)
      tracer.extract(format, carrier)
    }
    span.finish()
  })

  it('AC-23: an unknown format is an error, in both directions', () => {
    const tracer = make()
    const span = tracer.startSpan('Bender')
    if (checkPropagation) {
      checkThrows(() => tracer.inject(span.context(), 'kiss-my-shiny-metal', {}), 'inject')
      checkThrows(() => tracer.extract('kiss-my-shiny-metal', {}), 'extract')
    }
    span.finish()
  })
}

function itemsOf(context: SpanContext): string[] {
  return [...(context.baggageItems?.() ?? [])].map(([key, value]) => `${key}=${value}`)
}

function raise(error: Error): never {
  throw error
}
