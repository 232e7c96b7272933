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

/**
 * Watches a returned value: a native promise, an asynchronous or synchronous generator, a Node.js stream or another
 * event emitter that ends, a lazy thenable; anything else has settled already.
 *
 * @returns the value itself, always
 */
export function settle<Value>(value: Value, callback: Settled, inside: RunInside): Value {
  const settled = once(callback)
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) settled(false, value)
  else if (isNativePromise(value)) {
    // Our branch of the chain handles its own rejection; the caller's branch still sees it unhandled.
    value.then(
      (result) => settled(false, result),
      (error: unknown) => settled(true, error),
    )
  } else if (isThenable(value)) watchThenable(value, settled)
  else if (isGenerator(value)) watchGenerator(value, settled, inside)
  else if (isStream(value)) watchStream(value, settled)
  else settled(false, value)
  return value
}

function isNativePromise(value: object): value is Promise<unknown> {
  return value instanceof Promise && value.constructor === Promise
}

interface Thenable {
  then(onFulfilled?: (value: unknown) => unknown, onRejected?: (error: unknown) => unknown): unknown
}

function isThenable(value: object): value is Thenable {
  return typeof (value as Partial<Thenable>).then === 'function'
}

/**
 * A query builder or a subclass of Promise may be lazy: `then` is what makes it run, so calling it is not ours to do.
 * The object's own `then` is shadowed instead, and listens along when somebody else calls it.
 */
function watchThenable(value: Thenable, settled: Settled): void {
  const then = value.then
  shadow(value, 'then', function (this: Thenable, onFulfilled?: unknown, onRejected?: unknown) {
    return then.call(
      this,
      (result) => {
        settled(false, result)
        return typeof onFulfilled === 'function' ? onFulfilled(result) : result
      },
      (error) => {
        settled(true, error)
        if (typeof onRejected === 'function') return onRejected(error)
        throw error
      },
    )
  })
}

interface AnyGenerator {
  next(value?: unknown): unknown
  return(value?: unknown): unknown
  throw(error?: unknown): unknown
}

function isGenerator(value: object): value is AnyGenerator {
  const { next, throw: fail } = value as Partial<AnyGenerator>
  return typeof next === 'function' && typeof fail === 'function'
}

/** A generator runs in whoever pulls it; each pull is led back into the operation's own context. */
function watchGenerator(generator: AnyGenerator, settled: Settled, inside: RunInside): void {
  for (const method of ['next', 'return', 'throw'] as const) {
    const original = generator[method]
    shadow(generator, method, (argument?: unknown) => {
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
  }
}

function isDone(step: unknown): boolean {
  return (step as IteratorResult<unknown> | undefined)?.done === true
}

interface Stream {
  emit(event: string | symbol, ...args: unknown[]): boolean
  pipe?: unknown
  write?: unknown
  readable?: boolean
}

function isStream(value: object): value is Stream {
  const { emit, pipe, write } = value as Partial<Stream>
  return typeof emit === 'function' && (typeof pipe === 'function' || typeof write === 'function')
}

/** Watches what the stream emits. A listener would not do: an `error` listener keeps the process from crashing. */
function watchStream(stream: Stream, settled: Settled): void {
  const emit = stream.emit
  shadow(stream, 'emit', function (this: Stream, event: string | symbol, ...args: unknown[]) {
    if (event === 'error') settled(true, args[0])
    else if (event === 'close' || (event === 'end' && stream.write === undefined)) settled(false)
    return emit.call(this, event, ...args)
  })
}

function shadow(target: object, property: string, value: unknown): void {
  try {
    Object.defineProperty(target, property, { configurable: true, writable: true, enumerable: false, value })
  } catch {
    // Frozen: it cannot be watched, and must not be harmed.
  }
}
