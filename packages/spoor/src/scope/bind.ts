import type { Scope, ScopeManager } from '../api/scope.ts'
import type { Span } from '../api/span.ts'

/** What scope managers have in common: scopes that a callback owns, and ties between spans and callables. */

/** The scope that is active inside a callback form. The callback's end closes it; closing it by hand does nothing. */
export class CallbackScope implements Scope {
  readonly span: Span

  constructor(span: Span) {
    this.span = span
  }

  close(): void {}

  [Symbol.dispose](): void {}
}

/** The function, running with `span` active whoever calls it; same `name`, `length` and own properties. */
export function bindFunction<Target extends object>(
  manager: ScopeManager,
  target: Target,
  span: Span | null,
): Target {
  const fn = target as unknown as (this: unknown, ...args: unknown[]) => unknown
  function bound(this: unknown, ...args: unknown[]): unknown {
    return manager.with(span, fn, this, ...args)
  }
  return Object.defineProperties(bound, Object.getOwnPropertyDescriptors(fn)) as unknown as Target
}

interface Emitter {
  emit(event: string | symbol, ...args: unknown[]): boolean
}

export function isEmitter(target: object): target is Emitter {
  return typeof (target as Partial<Emitter>).emit === 'function'
}

/** Makes all listeners of one emitter run with `span` active. The emitter itself is returned. */
export function bindEmitter<Target extends Emitter>(
  manager: ScopeManager,
  emitter: Target,
  span: Span | null,
): Target {
  const emit = emitter.emit
  Object.defineProperty(emitter, 'emit', {
    configurable: true,
    writable: true,
    enumerable: false,
    value: bindFunction(manager, emit, span),
  })
  return emitter
}
