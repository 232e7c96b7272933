import type { ScopeManager } from '../api/scope.ts'
import { settle } from '../settle.ts'
import type { Binding } from './bind.ts'
import { type Method, Operation, type Submission } from './operation.ts'
import { dress } from './patch.ts'
import type { Call } from './row.ts'

/** How a method tells that it is done; part of the table, never guessed. */
export type Settles =
  /** by its return value: at once, as a promise, or as a stream */
  | 'return'
  /** by calling its last argument with `(error, result)` */
  | 'callback'
  /** by its last argument if that is a function, else by its return value */
  | 'either'
  /** either, or by what it calls on its first argument */
  | Submission

/**
 * A method that reports its calls to a binding. It keeps `name`, `length` and own properties, returns what the
 * original returns, throws what it throws, and does nothing but call the original while the binding is off.
 */
export function publish(original: Method, binding: Binding<Call>, settles: Settles): Method {
  const wrap = binding.row.does === 'context' ? carry(original, binding) : watch(original, binding, settles)
  return dress(wrap, original)
}

function watch(original: Method, binding: Binding<Call>, settles: Settles): Method {
  const { scope } = binding.runtime
  const opens = binding.row.does === 'span'
  const submission = typeof settles === 'object' ? settles : null
  return function published(this: unknown, ...args: unknown[]): unknown {
    if (!binding.enabled) return original.apply(this, args)
    const call: Call = { self: this, args, result: undefined, error: undefined }
    const span = binding.start(call)
    if (span === null) return original.apply(this, args)

    const operation = new Operation(binding, span, call)
    const last = args.length - 1
    const byArgument = settles !== 'return' && typeof args[last] === 'function'
    if (byArgument) args[last] = operation.answer(args[last] as Method)
    const restore = submission === null || byArgument ? null : operation.borrowCallback(submission, args[0])
    let result: unknown
    try {
      result = opens ? scope.with(span, original, this, ...args) : original.apply(this, args)
    } catch (error) {
      restore?.()
      operation.end(true, error)
      throw error
    }

    if (submission !== null && result === args[0] && operation.follow(submission, args[0])) return result
    restore?.()
    if (byArgument || restore !== null) return result
    return settle(
      result,
      (failed, outcome) => operation.end(failed, outcome),
      (step) => scope.with(span, step),
    )
  }
}

/** Nothing is recorded: callbacks run in their caller's context, whoever's turn in the queue it is. */
function carry(original: Method, binding: Binding<Call>): Method {
  const { scope } = binding.runtime
  return function carried(this: unknown, ...args: unknown[]): unknown {
    const last = args.length - 1
    if (binding.enabled && typeof args[last] === 'function') {
      binding.events += 1
      args[last] = inContextOfCaller(scope, args[last] as Method)
    }
    return original.apply(this, args)
  }
}

/** `scope.bind` without a copy of the callback's own properties, which nobody reads and which costs microseconds. */
function inContextOfCaller(scope: ScopeManager, callback: Method): Method {
  const caller = scope.activeSpan
  return function (this: unknown, ...results: unknown[]): unknown {
    return scope.with(caller, callback, this, ...results)
  }
}
