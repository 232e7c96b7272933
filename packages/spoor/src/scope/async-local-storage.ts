import { AsyncLocalStorage } from 'node:async_hooks'
import type { Scope, ScopeManager } from '../api/scope.ts'
import type { Span } from '../api/span.ts'
import { bindEmitter, bindFunction, CallbackScope, isEmitter } from './bind.ts'

/**
 * The scope manager of Node.js. The storage holds the active span itself, so that asking for it costs one read;
 * it holds a scope only where a span was activated by hand and has to be restored by hand.
 */
export class AsyncLocalStorageScopeManager implements ScopeManager {
  readonly #storage = new AsyncLocalStorage<Span | ActivatedScope | null>()

  get activeSpan(): Span | null {
    const active = this.#storage.getStore()
    if (active === undefined || active === null) return null
    return active instanceof ActivatedScope ? active.span : active
  }

  get active(): Scope | null {
    const active = this.#storage.getStore()
    if (active === undefined || active === null) return null
    return active instanceof ActivatedScope ? active : new CallbackScope(active)
  }

  activate(span: Span | null, finishOnClose: boolean): Scope {
    const scope = new ActivatedScope(this.#storage, span, finishOnClose)
    this.#storage.enterWith(scope)
    return scope
  }

  with<This, Args extends unknown[], Result>(
    span: Span | null,
    fn: (this: This, ...args: Args) => Result,
    thisArg?: This,
    ...args: Args
  ): Result {
    // Entering what is entered already changes nothing, and `run` is the dear part on Node 24 and later; it would not
    // restore either when it is given what is stored.
    const entered = this.#storage.getStore()
    if ((entered ?? null) === span) {
      try {
        return fn.apply(thisArg as This, args)
      } finally {
        // A scope that `fn` has left open ends with it, as it would after `run`.
        if (this.#storage.getStore() !== entered) this.#storage.enterWith(entered ?? null)
      }
    }
    return this.#storage.run(span, apply<This, Args, Result>, fn, thisArg as This, args)
  }

  noParent<Result>(fn: () => Result): Result {
    return this.with(null, fn)
  }

  bind<Target extends object>(target: Target, span: Span | null = this.activeSpan): Target {
    if (typeof target === 'function') return bindFunction(this, target, span)
    if (isEmitter(target)) return bindEmitter(this, target, span)
    return target
  }
}

function apply<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
  thisArg: This,
  args: Args,
): Result {
  return fn.apply(thisArg, args)
}

class ActivatedScope implements Scope {
  readonly span: Span | null
  readonly #storage: AsyncLocalStorage<Span | ActivatedScope | null>
  readonly #finishOnClose: boolean
  readonly #previous: Span | ActivatedScope | null

  constructor(
    storage: AsyncLocalStorage<Span | ActivatedScope | null>,
    span: Span | null,
    finishOnClose: boolean,
  ) {
    this.span = span
    this.#storage = storage
    this.#finishOnClose = finishOnClose
    this.#previous = storage.getStore() ?? null
  }

  close(): void {
    if (this.#storage.getStore() !== this) return
    this.#storage.enterWith(this.#previous)
    if (this.#finishOnClose) this.span?.finish()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
