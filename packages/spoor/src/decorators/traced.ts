import { SpoorError } from '../api/errors.ts'
import { currentTracer, isGlobalTracerRegistered } from '../api/global.ts'
import { recordError, type Span, type TagMap } from '../api/span.ts'
import type { StartActiveSpanOptions } from '../api/tracer.ts'
import { guarded } from '../guarded.ts'
import { report } from '../log.ts'

export interface TracedOptions {
  /** Operation name; the function's own by default. */
  name?: string
  tags?: TagMap
  /** Called after the start, before the function, with the function's own arguments. What it throws is reported and ignored. */
  onStart?: (span: Span, ...args: any[]) => void
  /** Trace only inside a trace: without an active span the function runs untouched. Default false. */
  requireActiveTrace?: boolean
  /** The function tells its outcome by calling its last argument with `(error, result)`. */
  callback?: boolean
}

type AnyFunction = (this: any, ...args: any[]) => any

/** What standard decorators are given of the method that they decorate. */
interface MethodContext {
  readonly kind: string
  readonly name: string | symbol
}

/**
 * A decorator for methods, of either kind: standard, and TypeScript's legacy one. The key is typed loosely because
 * TypeScript asks a legacy decorator to accept what it would pass.
 */
export interface MethodDecoration {
  <Method extends AnyFunction>(method: Method, context: MethodContext): Method
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): any
  <Fn extends AnyFunction>(fn: Fn): Fn
}

/**
 * Traces every call of a function: the span is active while it runs, records what it throws or rejects with, and is
 * finished when it has settled, be it a promise, a generator, a stream or a callback.
 *
 * @example
 * const load = traced(async function load(id) { … })
 * const load = traced(loadUser, { name: 'user.load', onStart: (span, id) => span.setTag('user.id', id) })
 *
 * class Users {
 *   @traced() find(id) { … }
 *   @traced({ requireActiveTrace: true }) save(user) { … }
 * }
 */
export function traced<Fn extends AnyFunction>(fn: Fn, options?: TracedOptions): Fn
export function traced<Method extends AnyFunction>(method: Method, context: MethodContext): Method
export function traced(target: object, key: string | symbol, descriptor: PropertyDescriptor): any
export function traced(options?: TracedOptions): MethodDecoration
export function traced(...given: unknown[]): unknown {
  if (given.length === 0 || isOptions(given[0], given.length)) {
    const options = (given[0] ?? {}) as TracedOptions
    return (...target: unknown[]) => decorate(target, options)
  }
  return decorate(given, isContext(given[1]) || given.length > 2 ? {} : ((given[1] ?? {}) as TracedOptions))
}

function isOptions(value: unknown, count: number): boolean {
  return count === 1 && (value === undefined || (typeof value === 'object' && value !== null))
}

function isContext(value: unknown): value is MethodContext {
  return typeof (value as MethodContext | undefined)?.kind === 'string' && 'name' in (value as object)
}

/** Tells the three ways of being called apart: standard decorator, legacy decorator, plain function. */
function decorate(target: unknown[], options: TracedOptions): unknown {
  const [subject, second, descriptor] = target
  if (typeof second === 'string' || typeof second === 'symbol') {
    const { value, ...rest } = (descriptor ?? {}) as PropertyDescriptor
    return { ...rest, value: wrap(value, { name: String(second), ...options }) }
  }
  if (isContext(second)) return wrap(subject as AnyFunction, { name: String(second.name), ...options })
  return wrap(subject as AnyFunction, options)
}

function wrap(fn: AnyFunction, options: TracedOptions): AnyFunction {
  if (typeof fn !== 'function' || isClass(fn)) {
    throw new SpoorError(
      'SPOOR_NOT_TRACEABLE',
      `traced() was given ${isClass(fn) ? `the class ${fn.name}` : typeof fn}, and wraps functions and methods only. ` +
        'Put it on the methods, or on the function that makes the value.',
    )
  }
  const name = options.name ?? (fn.name === '' ? 'anonymous' : fn.name)
  const start: StartActiveSpanOptions = options.tags === undefined ? {} : { tags: options.tags }
  function run(this: unknown, ...args: unknown[]): unknown {
    if (!isGlobalTracerRegistered()) return fn.apply(this, args)
    const tracer = currentTracer()
    if (options.requireActiveTrace === true && tracer.activeSpan === null) return fn.apply(this, args)
    if (options.callback === true && typeof args.at(-1) === 'function')
      return withCallback(fn, this, args, name, options)
    return tracer.startActiveSpan(name, start, (span) => {
      announce(options, span, args, name)
      return fn.apply(this, args)
    })
  }
  return Object.defineProperties(run, Object.getOwnPropertyDescriptors(fn))
}

/** The caller's callback ends the span, and runs in the caller's context: what it starts are siblings, not children. */
function withCallback(
  fn: AnyFunction,
  self: unknown,
  args: unknown[],
  name: string,
  options: TracedOptions,
): unknown {
  const { scopeManager, activeSpan } = currentTracer()
  const callback = args.at(-1) as AnyFunction
  const span = currentTracer().startSpan(name, options.tags === undefined ? {} : { tags: options.tags })
  function answered(this: unknown, ...answer: unknown[]): unknown {
    const [error] = answer
    end(span, error !== null && error !== undefined, error)
    return scopeManager.with(activeSpan, callback, this, ...answer)
  }
  Object.defineProperties(answered, Object.getOwnPropertyDescriptors(callback))
  announce(options, span, args, name)
  let result: unknown
  try {
    result = scopeManager.with(span, fn, self, ...args.slice(0, -1), answered)
  } catch (error) {
    end(span, true, error)
    throw error
  }
  // An asynchronous function that fails before it could call back tells of it in its promise alone.
  if (result instanceof Promise) result.then(undefined, (error: unknown) => end(span, true, error))
  return result
}

function end(span: Span, failed: boolean, error: unknown): void {
  try {
    if (failed) recordError(span, error)
    span.finish()
  } catch (problem) {
    report('span', 'the tracer threw while a span was finished; what was traced is not affected', problem)
  }
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
}

function announce({ onStart }: TracedOptions, span: Span, args: unknown[], name: string): void {
  if (onStart === undefined) return
  const message = `the onStart callback of traced "${name}" threw; the call itself is not affected`
  guarded(`onStart.${name}`, message, () => onStart(span, ...args))
}
