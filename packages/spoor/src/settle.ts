/**
 * Calls back when the outcome of a call is known, without getting between the call and its caller: the very value
 * that the function returned is returned, and nothing is awaited that would not have been awaited anyway.
 */

/** Called once, with the error if the operation failed, otherwise with its result where that is known. */
export type Settled = (failed: boolean, outcome?: unknown) => void

/** Runs a step of an iterator or of a lazy query in the operation's context. */
export type RunInside = <Result>(step: () => Result) => Result

const once =
  (settled: Settled): Settled =>
  (failed, outcome) => {
    const call = settled
    settled = () => {}
    call(failed, outcome)
  }

/** Ties a callback to the context in which it was given. */
export type Bind = <Callback extends (...args: any[]) => unknown>(callback: Callback) => Callback

/**
 * Watches a returned value: a promise, an asynchronous or synchronous generator, a Node.js stream, a lazy thenable.
 * Anything else has settled already, and so has what cannot be watched without harm: a web stream, which only a lock
 * would tell of, and whatever is frozen.
 *
 * @param inside leads a step of a generator into the operation's own context
 * @param bind if given, a lazy thenable is run inside too, and its callbacks where they were given
 * @returns the value itself, always
 */
export function settle<Value>(value: Value, callback: Settled, inside: RunInside, bind?: Bind): Value {
  const settled = once(callback)
  if (!isWatched(value, settled, inside, bind)) settled(false, value)
  return value
}

function isWatched(value: unknown, settled: Settled, inside: RunInside, bind: Bind | undefined): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  try {
    if (isPromise(value)) return watchPromise(value, settled)
    if (isThenable(value)) return watchThenable(value, settled, inside, bind)
    if (isGenerator(value)) return watchGenerator(value, settled, inside)
    return isStream(value) && watchStream(value, settled)
  } catch {
    return false // A getter or a proxy that throws when it is looked at: it is the caller's, as it is.
  }
}

/** Whether `then` is the language's own, which only listens. One that somebody wrote may start something. */
function isPromise(value: object): value is Promise<unknown> {
  if (value instanceof Promise) return value.then === Promise.prototype.then
  // Of another realm (Jest's sandbox, `vm`). It must not count as a thenable: `await` there asks for no `then`.
  return (
    Object.prototype.toString.call(value) === '[object Promise]' &&
    Function.prototype.toString.call((value as Promise<unknown>).then) === 'function then() { [native code] }'
  )
}

function watchPromise(promise: Promise<unknown>, settled: Settled): true {
  // To listen is to handle, for the language: a rejection that nobody else handles is told by the span alone and no
  // longer by `unhandledRejection`. The other way, to hand back a promise of ours, would change what callers compare,
  // extend and cancel.
  promise.then(
    (result) => settled(false, result),
    (error: unknown) => settled(true, error),
  )
  return true
}

interface Thenable {
  then(onFulfilled?: (value: unknown) => unknown, onRejected?: (error: unknown) => unknown): unknown
}

function isThenable(value: object): value is Thenable {
  return typeof (value as Partial<Thenable>).then === 'function'
}

/**
 * A query builder may be lazy: `then` is what makes it run, so calling it is not ours to do. The object's own `then`
 * is shadowed instead, and listens along when somebody else calls it.
 */
function watchThenable(
  value: Thenable,
  settled: Settled,
  inside: RunInside,
  bind: Bind | undefined,
): boolean {
  const then = value.then
  return shadow(value, 'then', function (this: Thenable, onFulfilled?: unknown, onRejected?: unknown) {
    const bound = <Callback>(callback: Callback): Callback =>
      typeof callback === 'function' && bind !== undefined ? bind(callback as never) : callback
    const fulfilled = bound(onFulfilled)
    const rejected = bound(onRejected)
    const run = (): unknown =>
      then.call(
        this,
        (result) => {
          settled(false, result)
          return typeof fulfilled === 'function' ? fulfilled(result) : result
        },
        (error) => {
          settled(true, error)
          if (typeof rejected === 'function') return rejected(error)
          throw error
        },
      )
    return bind === undefined ? run() : inside(run)
  })
}

interface AnyGenerator {
  next(value?: unknown): unknown
  return?(value?: unknown): unknown
  throw(error?: unknown): unknown
}

function isGenerator(value: object): value is AnyGenerator {
  const { next, throw: fail } = value as Partial<AnyGenerator>
  return typeof next === 'function' && typeof fail === 'function'
}

/** A generator runs in whoever pulls it; each pull is led back into the operation's own context. */
function watchGenerator(generator: AnyGenerator, settled: Settled, inside: RunInside): boolean {
  return (['next', 'return', 'throw'] as const).every((method) => {
    const original = generator[method]
    if (typeof original !== 'function') return true
    return shadow(generator, method, (argument?: unknown) => {
      let step: unknown
      try {
        step = inside(() => original.call(generator, argument))
      } catch (error) {
        settled(true, error)
        throw error
      }
      if (step instanceof Promise) {
        step.then(
          (result) => isDone(result) && settled(false),
          (error: unknown) => settled(true, error),
        )
      } else if (isDone(step)) settled(false)
      return step
    })
  })
}

function isDone(step: unknown): boolean {
  return (step as IteratorResult<unknown> | undefined)?.done === true
}

interface Stream {
  emit(event: string | symbol, ...args: unknown[]): boolean
  pipe?: unknown
  write?: unknown
  /** Node.js: `close` has been emitted. */
  closed?: boolean
  readableEnded?: boolean
  errored?: unknown
}

function isStream(value: object): value is Stream {
  const { emit, pipe, write } = value as Partial<Stream>
  return typeof emit === 'function' && (typeof pipe === 'function' || typeof write === 'function')
}

/** Watches what the stream emits. A listener would not do: an `error` listener keeps the process from crashing. */
function watchStream(stream: Stream, settled: Settled): boolean {
  const readsOnly = stream.write === undefined
  if (stream.closed === true || (readsOnly && stream.readableEnded === true)) {
    settled(stream.errored instanceof Error, stream.errored) // It has nothing more to emit.
    return true
  }
  const emit = stream.emit
  return shadow(stream, 'emit', function (this: Stream, event: string | symbol, ...args: unknown[]) {
    if (event === 'error') settled(true, args[0])
    else if (event === 'close' || (event === 'end' && readsOnly)) settled(false)
    return emit.call(this, event, ...args)
  })
}

/** @returns false when the object is frozen: it cannot be watched, and must not be harmed */
function shadow(target: object, property: string, value: unknown): boolean {
  return Reflect.defineProperty(target, property, {
    configurable: true,
    writable: true,
    enumerable: false,
    value,
  })
}
