import type { RunInside, Settled } from '../settle.ts'

/**
 * Observables of RxJS, without RxJS: an application may have several copies of it, and `instanceof` of the wrong one
 * makes a framework send the observable itself.
 */

interface Observer {
  next?(value: unknown): void
  error?(error: unknown): void
  complete?(): void
}

interface Subscription {
  unsubscribe(): void
}

/** What we use of an observable. */
export interface Observable {
  subscribe(observer: Observer): Subscription
  pipe(...operators: unknown[]): unknown
}

type ObservableClass = new (subscribe: (subscriber: Required<Observer>) => () => void) => Observable

export function isObservable(value: unknown): value is Observable {
  if (typeof value !== 'object' || value === null) return false
  const { subscribe, pipe } = value as Partial<Observable>
  return typeof subscribe === 'function' && typeof pipe === 'function'
}

/**
 * The same observable, of the same copy of RxJS, watched: whoever subscribes does so inside.
 *
 * @param settled told of the first subscription that fails, completes, or is given up
 */
export function watchObservable(source: Observable, settled: Settled, inside: RunInside): Observable {
  const Class = classOf(source)
  if (Class === null) {
    settled(false)
    return source
  }
  return new Class((subscriber) => {
    const subscription = inside(() =>
      source.subscribe({
        next: (value) => subscriber.next(value),
        error(error) {
          settled(true, error)
          subscriber.error(error)
        },
        complete() {
          settled(false)
          subscriber.complete()
        },
      }),
    )
    return () => {
      subscription.unsubscribe()
      settled(false)
    }
  })
}

/** `Observable` itself: a subject or a connectable observable is made of other things than a function. */
function classOf(source: Observable): ObservableClass | null {
  let prototype: object | null = Object.getPrototypeOf(source) as object | null
  while (prototype !== null && !Object.hasOwn(prototype, 'pipe'))
    prototype = Object.getPrototypeOf(prototype) as object | null
  const Class = (prototype as { constructor?: unknown } | null)?.constructor
  return typeof Class === 'function' && Class !== Object ? (Class as ObservableClass) : null
}
