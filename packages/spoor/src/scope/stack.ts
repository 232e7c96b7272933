import type { Scope, ScopeManager } from '../api/scope.ts'
import type { Span } from '../api/span.ts'
import { bindEmitter, bindFunction, CallbackScope, isEmitter } from './bind.ts'

/**
 * A synchronous scope manager: the active span is the one whose function is running. For scripts, for tests and for
 * browsers, which cannot follow asynchronous flows; {@link ScopeManager.bind} carries a span over by hand.
 */
export class StackScopeManager implements ScopeManager {
  #active: Scope | null = null

  get active(): Scope | null {
    return this.#active
  }

  get activeSpan(): Span | null {
    return this.#active?.span ?? null
  }

  activate(span: Span | null, finishOnClose: boolean): Scope {
    const previous = this.#active
    const scope: Scope = {
      span,
      close: () => {
        if (this.#active !== scope) return
        this.#active = previous
        if (finishOnClose) span?.finish()
      },
      [Symbol.dispose]: () => scope.close(),
    }
    this.#active = scope
    return scope
  }

  with<This, Args extends unknown[], Result>(
    span: Span | null,
    fn: (this: This, ...args: Args) => Result,
    thisArg?: This,
    ...args: Args
  ): Result {
    const previous = this.#active
    this.#active = span === null ? null : new CallbackScope(span)
    try {
      return fn.apply(thisArg as This, args)
    } finally {
      this.#active = previous
    }
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
