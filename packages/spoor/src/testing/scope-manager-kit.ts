import type { ScopeManager } from '../api/scope.ts'
import type { Span } from '../api/span.ts'
import { checkList, checkSame, checkThrows } from './check.ts'
import { describeFlows } from './flow-kit.ts'
import { type Case, isolatedCases, type Runner } from './runner.ts'
import { StandInSpan } from './stand-in-span.ts'

export interface ScopeManagerKitOptions {
  /** Heads the cases. */
  readonly title?: string
  /** Makes the scope manager of one case. */
  scopeManager(): ScopeManager
  /**
   * Runs a check inside what the platform calls a task. By default in an asynchronous flow of its own, and for a
   * manager that is not asynchronous, in place.
   */
  readonly runTest?: (fn: () => void) => void | Promise<void>
  /** Whether the active span follows awaits, timers and callbacks. False for a synchronous manager. Default true. */
  readonly asynchronous?: boolean
}

/**
 * The contract of a scope manager: the checks of opentracing-python, SC-01 to SC-08, what concurrent flows must not
 * see of each other, SC-N1 (which upstream lacks), and the forms that JavaScript adds, SC-N2 and on.
 *
 * @param runner the module of your test library: `node:test`, vitest, jest's or mocha's globals
 */
export function describeScopeManager(runner: Runner, options: ScopeManagerKitOptions): void {
  const it = isolatedCases(runner)
  runner.describe(options.title ?? 'A scope manager', () => {
    scopes(it, options)
    callbacks(it, options.scopeManager)
    binding(it, options.scopeManager)
    if (options.asynchronous ?? true) describeFlows(it, options.scopeManager)
  })
}

function scopes(it: Case, options: ScopeManagerKitOptions): void {
  const make = options.scopeManager
  const inTask = options.runTest ?? ((options.asynchronous ?? true) ? inFlow : (fn: () => void) => fn())

  const activateAndClose = (): void => {
    const manager = make()
    const span = new StandInSpan('Fry')
    const scope = manager.activate(span, false)
    checkSame(manager.active, scope, 'active')
    checkSame(manager.active?.span, span, 'active.span')
    checkSame(manager.activeSpan, span, 'activeSpan')
    scope.close()
    checkSame(span.finishes, 0, 'Calls of finish()')
    checkSame(manager.active, null, 'active after close()')
  }

  it('SC-01: nothing is active outside a task', () => {
    const manager = make()
    checkSame(manager.active, null, 'active')
    checkSame(manager.activeSpan, null, 'activeSpan')
  })

  it('SC-02: nothing is active inside a task', () => {
    const manager = make()
    return inTask(() => checkSame(manager.active, null, 'active'))
  })

  it('SC-03: a scope is active until it is closed, and closing it does not finish the span', () =>
    inTask(activateAndClose))

  it('SC-04: it is the same outside a task', activateAndClose)

  it('SC-05: a scope that finishes on close finishes its span', () =>
    inTask(() => {
      const manager = make()
      const span = new StandInSpan('Fry')
      const scope = manager.activate(span, true)
      checkSame(manager.active, scope, 'active')
      scope.close()
      checkSame(span.finishes, 1, 'Calls of finish()')
      checkSame(manager.active, null, 'active after close()')
    }))

  it('SC-06: closing an inner scope restores the outer one', () =>
    inTask(() => {
      const { spans, scopes, manager } = nest(make(), [true, true])
      closeBoth(manager, scopes)
      checkList(finishes(spans), [1, 1], 'Calls of finish(), outer and inner')
    }))

  it('SC-07: nested scopes finish or leave their spans, each for itself', () =>
    inTask(() => {
      for (const flags of FLAG_PAIRS) {
        const { spans, scopes, manager } = nest(make(), flags)
        closeBoth(manager, scopes)
        checkList(finishes(spans), flags.map(Number), 'Calls of finish(), outer and inner')
      }
    }))

  it('SC-08: closing the outer scope first neither finishes its span nor changes what is active', () =>
    inTask(() => {
      const { spans, scopes, manager } = nest(make(), [true, true])
      scopes[0].close()
      checkSame(spans[0].finishes, 0, 'Calls of finish() on the outer span')
      checkSame(manager.active, scopes[1], 'active')
      scopes[1].close()
      scopes[0].close()
    }))

  it('SC-N2: closing a scope twice finishes the span once and disturbs nobody', () => {
    const { spans, scopes, manager } = nest(make(), [true, true])
    scopes[1].close()
    scopes[1].close()
    checkSame(spans[1].finishes, 1, 'Calls of finish()')
    checkSame(manager.active, scopes[0], 'active')
    scopes[0].close()
  })

  it('SC-N3: a scope is disposable, and disposing it closes it', () => {
    const manager = make()
    const span = new StandInSpan('Fry')
    manager.activate(span, true)[Symbol.dispose]()
    checkSame(span.finishes, 1, 'Calls of finish()')
    checkSame(manager.active, null, 'active')
  })

  it('SC-N4: a scope without a span hides the active one until it is closed', () => {
    const manager = make()
    const outer = manager.activate(new StandInSpan('Fry'), false)
    const empty = manager.activate(null, true)
    checkSame(manager.activeSpan, null, 'activeSpan in the empty scope')
    empty.close()
    checkSame(manager.activeSpan, outer.span, 'activeSpan after it')
    outer.close()
  })
}

function callbacks(it: Case, make: () => ScopeManager): void {
  it('SC-N5: with() activates for a call, hands over receiver and arguments, returns the result', () => {
    const manager = make()
    const [outer, inner] = [new StandInSpan('outer'), new StandInSpan('inner')]
    const seen: (Span | null)[] = []
    const receiver = { planet: 'Earth' }
    const result = manager.with(outer, () => {
      seen.push(manager.activeSpan)
      const address = manager.with(inner, address3000, receiver, 3000)
      seen.push(manager.activeSpan)
      return address
    })
    seen.push(manager.activeSpan)
    checkSame(result, 'Earth 3000', 'The result')
    checkList(seen, [outer, outer, null], 'activeSpan before, after and outside')
    checkList([outer.finishes, inner.finishes], [0, 0], 'Calls of finish()')
  })

  it('SC-N6: with() lets an exception through and restores what was active', () => {
    const manager = make()
    const failure = new Error('stop')
    const thrown = checkThrows(() => manager.with(new StandInSpan('Fry'), () => raise(failure)), 'with()')
    checkSame(thrown, failure, 'The exception')
    checkSame(manager.activeSpan, null, 'activeSpan')
  })

  it('SC-N7: noParent() hides the active span for a call, and nesting restores it', () => {
    const manager = make()
    const span = new StandInSpan('Fry')
    manager.with(span, () => {
      const inside = manager.noParent(() =>
        manager.with(span, () => manager.noParent(() => manager.activeSpan)),
      )
      checkSame(inside, null, 'activeSpan in noParent()')
      checkSame(manager.activeSpan, span, 'activeSpan after noParent()')
    })
  })

  it('SC-N8: a scope inside a callback restores the span of the callback', () => {
    const manager = make()
    const [outer, inner] = [new StandInSpan('outer'), new StandInSpan('inner')]
    manager.with(outer, () => {
      const scope = manager.activate(inner, true)
      checkSame(manager.activeSpan, inner, 'activeSpan in the scope')
      scope.close()
      checkSame(manager.activeSpan, outer, 'activeSpan after the scope')
    })
    checkSame(manager.activeSpan, null, 'activeSpan at the end')
  })
}

function binding(it: Case, make: () => ScopeManager): void {
  it('SC-N9: a bound function runs with its span active whoever calls it, and looks the same', () => {
    const manager = make()
    const [mine, other] = [new StandInSpan('mine'), new StandInSpan('other')]
    const receiver = { seen: null as Span | null }
    function remember(this: typeof receiver, _first: string, _second: string): string {
      this.seen = manager.activeSpan
      return 'result'
    }
    const bound = manager.with(mine, () => manager.bind(remember))
    checkSame(bound.name, 'remember', 'name')
    checkSame(bound.length, 2, 'length')
    checkSame(
      manager.with(other, () => bound.call(receiver, 'a', 'b')),
      'result',
      'The result',
    )
    checkSame(receiver.seen, mine, 'activeSpan in the function')
    const unbound = manager.bind(remember, null)
    manager.with(other, () => unbound.call(receiver, 'a', 'b'))
    checkSame(receiver.seen, null, 'activeSpan in a function that is bound to nothing')
  })

  it('SC-N10: the listeners of a bound emitter run with its span active whoever emits', () => {
    const manager = make()
    const [mine, other] = [new StandInSpan('mine'), new StandInSpan('other')]
    const emitter = new Emitter()
    const seen: (Span | null)[] = []
    checkSame(
      manager.with(mine, () => manager.bind(emitter)),
      emitter,
      'What bind() returns',
    )
    manager.with(other, () => emitter.listeners.push(() => seen.push(manager.activeSpan)))
    emitter.emit('data')
    manager.with(other, () => emitter.emit('data'))
    checkList(seen, [mine, mine], 'activeSpan in the listener')
  })

  it('SC-N11: a generator runs in the flow of whoever pulls it', () => {
    const manager = make()
    const [mine, other] = [new StandInSpan('mine'), new StandInSpan('other')]
    function* pulled(): Generator<Span | null> {
      yield manager.activeSpan
      yield manager.with(mine, () => manager.activeSpan)
      yield manager.activeSpan
    }
    const generator = manager.with(mine, pulled)
    const seen = [0, 1, 2].map(() => manager.with(other, () => generator.next().value as Span | null))
    checkList(seen, [other, mine, other], 'activeSpan at the three steps')
    checkSame(manager.activeSpan, null, 'activeSpan at the end')
  })
}

const FLAG_PAIRS: readonly [boolean, boolean][] = [
  [true, false],
  [false, true],
  [false, false],
]

type Pair<Item> = [outer: Item, inner: Item]

function nest(manager: ScopeManager, flags: Pair<boolean>) {
  const spans: Pair<StandInSpan> = [new StandInSpan('outer'), new StandInSpan('inner')]
  const outer = manager.activate(spans[0], flags[0])
  const scopes: Pair<ReturnType<ScopeManager['activate']>> = [outer, manager.activate(spans[1], flags[1])]
  return { manager, spans, scopes }
}

function closeBoth(manager: ScopeManager, [outer, inner]: Pair<{ close(): void }>): void {
  checkSame(manager.active, inner, 'active before the inner scope is closed')
  inner.close()
  checkSame(manager.active, outer, 'active after the inner scope is closed')
  outer.close()
  checkSame(manager.active, null, 'active at the end')
}

function finishes(spans: readonly StandInSpan[]): number[] {
  return spans.map((span) => span.finishes)
}

function inFlow(fn: () => void): Promise<void> {
  return Promise.resolve().then(fn)
}

function address3000(this: { planet: string }, year: number): string {
  return `${this.planet} ${year}`
}

/** What managers know an emitter by: Node.js's own class is not everywhere. */
class Emitter {
  readonly listeners: (() => void)[] = []

  emit(_event: string): boolean {
    for (const listener of this.listeners) listener()
    return this.listeners.length > 0
  }
}

function raise(error: Error): never {
  throw error
}
