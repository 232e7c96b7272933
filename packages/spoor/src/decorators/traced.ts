import { currentTracer, isGlobalTracerRegistered } from '../api/global.ts'
import { recordError, type Span, type TagMap } from '../api/span.ts'
import type { StartActiveSpanOptions } from '../api/tracer.ts'
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

/**
 * Runs a function in a new active span of the global tracer. See {@link Tracer.startActiveSpan}.
 *
 * @returns exactly what `fn` returned
 * @example
 * const user = await withSpan('load user', async (span) => {
 *   span.setTag('user.id', id)
 *   return users.find(id)
 * })
 */
export function withSpan<Result>(name: string, fn: (span: Span) => Result): Result
export function withSpan<Result>(
  name: string,
  options: StartActiveSpanOptions,
  fn: (span: Span) => Result,
): Result
export function withSpan<Result>(
  name: string,
  optionsOrFn: StartActiveSpanOptions | ((span: Span) => Result),
  fn?: (span: Span) => Result,
): Result {
  return typeof optionsOrFn === 'function'
    ? currentTracer().startActiveSpan(name, optionsOrFn)
    : currentTracer().startActiveSpan(name, optionsOrFn, fn as (span: Span) => Result)
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
    const { value } = descriptor as PropertyDescriptor
    return { ...(descriptor as PropertyDescriptor), value: wrap(value, { name: String(second), ...options }) }
  }
  if (isContext(second)) return wrap(subject as AnyFunction, { name: String(second.name), ...options })
  return wrap(subject as AnyFunction, options)
}

function wrap(fn: AnyFunction, options: TracedOptions): AnyFunction {
  if (typeof fn !== 'function') throw new TypeError(`traced() wraps functions and methods, not ${typeof fn}`)
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
  const answered = function (this: unknown, error: unknown, ...results: unknown[]): unknown {
    if (error !== null && error !== undefined) recordError(span, error)
    span.finish()
    return scopeManager.with(activeSpan, callback, this, error, ...results)
  }
  announce(options, span, args, name)
  try {
    return scopeManager.with(span, fn, self, ...args.slice(0, -1), answered)
  } catch (error) {
    recordError(span, error)
    span.finish()
    throw error
  }
}

function announce(options: TracedOptions, span: Span, args: unknown[], name: string): void {
  if (options.onStart === undefined) return
  try {
    options.onStart(span, ...args)
  } catch (error) {
    report(
      `onStart.${name}`,
      `the onStart callback of traced "${name}" threw; the call itself is not affected`,
      error,
    )
  }
}
