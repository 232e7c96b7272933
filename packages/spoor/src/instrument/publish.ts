import { settle } from '../settle.ts'
import type { Binding } from './bind.ts'
import type { Call, EngineSpan } from './row.ts'

/** How a method tells that it is done; part of the table, never guessed. */
export type Settles =
  /** by its return value: at once, as a promise, or as a stream */
  | 'return'
  /** by calling its last argument with `(error, result)` */
  | 'callback'
  /** by its last argument if that is a function, else by its return value */
  | 'either'

type Method = (this: unknown, ...args: unknown[]) => unknown

/**
 * A method that reports its calls to a binding. It keeps `name`, `length` and own properties, returns what the
 * original returns, throws what it throws, and does nothing but call the original while the binding is off.
 */
export function publish(original: Method, binding: Binding<Call>, settles: Settles): Method {
  const wrap = binding.row.does === 'context' ? carry(original, binding) : watch(original, binding, settles)
  return Object.defineProperties(wrap, Object.getOwnPropertyDescriptors(original))
}

function watch(original: Method, binding: Binding<Call>, settles: Settles): Method {
  const { scope } = binding.runtime
  const opens = binding.row.does === 'span'
  return function published(this: unknown, ...args: unknown[]): unknown {
    if (!binding.enabled) return original.apply(this, args)
    const call: Call = { self: this, args, result: undefined, error: undefined }
    const span = binding.start(call)
    if (span === null) return original.apply(this, args)
    const last = args.length - 1
    const byCallback = settles !== 'return' && typeof args[last] === 'function'
    if (byCallback) args[last] = answer(args[last] as Method, binding, span, call)
    let result: unknown
    try {
      result = opens ? scope.with(span, original, this, ...args) : original.apply(this, args)
    } catch (error) {
      call.error = error
      binding.end(span, call, true, error)
      throw error
    }
    if (byCallback) return result
    return settle(
      result,
      (failed, outcome) => {
        if (failed) call.error = outcome
        else call.result = outcome
        binding.end(span, call, failed, outcome)
      },
      (step) => scope.with(span, step),
    )
  }
}

/** The caller's callback: ends the span, then runs in the context that the call was made in, not in the span. */
function answer(callback: Method, binding: Binding<Call>, span: EngineSpan, call: Call): Method {
  const { scope } = binding.runtime
  const caller = scope.activeSpan
  let ended = false
  return function answered(this: unknown, ...results: unknown[]): unknown {
    if (!ended) {
      ended = true
      const error = results[0]
      const failed = error !== null && error !== undefined && binding.row.does === 'span'
      call.error = error
      call.result = results[1]
      binding.end(span, call, failed, error)
    }
    return scope.with(caller, callback, this, ...results)
  }
}

/** Nothing is recorded: callbacks run in their caller's context, whoever's turn in the queue it is. */
function carry(original: Method, binding: Binding<Call>): Method {
  const { scope } = binding.runtime
  return function carried(this: unknown, ...args: unknown[]): unknown {
    const last = args.length - 1
    if (binding.enabled && typeof args[last] === 'function') {
      binding.events += 1
      args[last] = scope.bind(args[last] as Method)
    }
    return original.apply(this, args)
  }
}
