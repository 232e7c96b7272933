import assert from 'node:assert/strict'
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as runner from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { noopScopeManager, type Scope, type ScopeManager, type Span } from 'spoor/api'
import { describeScopeManager, MockTracer, runCases } from 'spoor/testing'
import { AsyncLocalStorageScopeManager } from '../../dist/esm/scope/index.js'
import { scopeManagers } from './support.js'

const { test } = runner

for (const { name, asynchronous, make } of scopeManagers) {
  describeScopeManager(runner, { title: `The manager on ${name}`, scopeManager: make, asynchronous })
}

const ids = (results: readonly { title: string; passed: boolean }[], passed: boolean): string[] =>
  results.filter((result) => result.passed === passed).map(({ title }) => title.split(':')[0] ?? '')

test('SC-M: the scope manager kit fails on the manager that does nothing in SC-01 to SC-07, and passes SC-08', async () => {
  const results = await runCases((collector) =>
    describeScopeManager(collector, { scopeManager: () => noopScopeManager }),
  )
  const failed = ids(results, false)
  for (let number = 1; number <= 7; number++)
    assert.ok(failed.includes(`SC-0${number}`), `SC-0${number} passes`)
  assert.ok(ids(results, true).includes('SC-08'))
})

/** What a literal port of other languages' managers looks like: one active span for the whole process. */
class ProcessWideManager implements ScopeManager {
  #scopes: { span: Span | null }[] = []

  get active(): Scope | null {
    return (this.#scopes.at(-1) as Scope | undefined) ?? null
  }

  get activeSpan(): Span | null {
    return this.active?.span ?? null
  }

  activate(span: Span | null, finishOnClose: boolean): Scope {
    const scope = {
      span,
      close: () => {
        if (this.#scopes.at(-1) !== scope) return
        this.#scopes.pop()
        if (finishOnClose) span?.finish()
      },
      [Symbol.dispose]: () => scope.close(),
    }
    this.#scopes.push(scope)
    return scope
  }

  with<This, Args extends unknown[], Result>(
    span: Span | null,
    fn: (this: This, ...args: Args) => Result,
    thisArg?: This,
    ...args: Args
  ): Result {
    const scope = this.activate(span, false)
    let result: Result
    try {
      result = fn.apply(thisArg as This, args)
    } catch (error) {
      scope.close()
      throw error
    }
    if (result instanceof Promise) return result.finally(() => scope.close()) as Result
    scope.close()
    return result
  }

  noParent<Result>(fn: () => Result): Result {
    return this.with(null, fn)
  }

  bind<Target extends object>(target: Target): Target {
    return target
  }
}

test('SC-M: the scope manager kit notices a manager that mixes up concurrent siblings, which upstream does not', async () => {
  const results = await runCases((collector) =>
    describeScopeManager(collector, { scopeManager: () => new ProcessWideManager() }),
  )
  const [passed, failed] = [ids(results, true), ids(results, false)]
  for (let number = 1; number <= 8; number++)
    assert.ok(passed.includes(`SC-0${number}`), `SC-0${number} fails`)
  for (const id of ['SC-N1', 'SC-N12', 'SC-N13']) assert.ok(failed.includes(id), `${id} passes`)
})

/** The defect of activating by storage alone: what a task activates before its first await leaks to its caller. */
class LeakingManager extends AsyncLocalStorageScopeManager {
  readonly #storage = new AsyncLocalStorage<Span | null>()

  override get activeSpan(): Span | null {
    return this.#storage.getStore() ?? null
  }

  override with<This, Args extends unknown[], Result>(
    span: Span | null,
    fn: (this: This, ...args: Args) => Result,
    thisArg?: This,
    ...args: Args
  ): Result {
    this.#storage.enterWith(span)
    return fn.apply(thisArg as This, args)
  }
}

test('NODE-01: the scope manager kit notices a callback form that is built on entering without leaving', async () => {
  const results = await runCases((collector) =>
    describeScopeManager(collector, { scopeManager: () => new LeakingManager() }),
  )
  for (const id of ['SC-N5', 'SC-N6', 'SC-N13']) assert.ok(ids(results, false).includes(id), `${id} passes`)
})

test('SC-N10: a bound EventEmitter of Node.js runs on() and once() listeners with its span active', async () => {
  const manager = new AsyncLocalStorageScopeManager()
  const span = new MockTracer().startSpan('mine')
  const emitter = manager.bind(new EventEmitter(), span)
  const seen: (Span | null)[] = []
  emitter.on('data', () => seen.push(manager.activeSpan))
  emitter.once('data', () => seen.push(manager.activeSpan))
  await nextTurn()
  assert.equal(emitter.emit('data', 1), true)
  assert.equal(manager.activeSpan, null)
  assert.deepEqual(seen, [span, span])
  assert.equal(emitter.listenerCount('data'), 1)
})

test('SC-N10: a bound stream keeps its span through a pipeline', async () => {
  const manager = new AsyncLocalStorageScopeManager()
  const span = new MockTracer().startSpan('mine')
  const seen = new Set<Span | null>()
  const source = manager.bind(Readable.from(['a', 'b', 'c']), span)
  source.on('data', () => seen.add(manager.activeSpan))
  await pipeline(source, async (chunks) => {
    for await (const _chunk of chunks);
  })
  assert.deepEqual([...seen], [span])
})

test('SC-N14: the span of a callback is active after the ways back that only Node.js has', async () => {
  const manager = new AsyncLocalStorageScopeManager()
  const span = new MockTracer().startSpan('mine')
  const waysBack: ((done: () => void) => void)[] = [
    (done) => process.nextTick(done),
    (done) => setImmediate(done),
    (done) => new AsyncResource('queue').runInAsyncScope(done),
    (done) => void once(tickingEmitter(), 'tick').then(done),
  ]
  for (const comeBack of waysBack) {
    const seen = await manager.with(
      span,
      () => new Promise((resolve) => comeBack(() => resolve(manager.activeSpan))),
    )
    assert.equal(seen, span, String(comeBack))
  }
})

function tickingEmitter(): EventEmitter {
  const emitter = new EventEmitter()
  setImmediate(() => emitter.emit('tick'))
  return emitter
}
