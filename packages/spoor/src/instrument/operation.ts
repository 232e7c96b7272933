import type { ScopeManager } from '../api/scope.ts'
import type { Span } from '../api/span.ts'
import type { Binding } from './bind.ts'
import type { Call, EngineSpan } from './row.ts'

export type Method = (this: unknown, ...args: unknown[]) => unknown

/**
 * Some methods take an object that stands for the operation, and call it to say how it went. Such an object may also
 * be returned, and emit events; its listeners then run in the caller's context.
 */
export interface Submission {
  /** Property of the first argument that may hold a callback `(error, result)`. */
  readonly callback: string
  /** Method of the object that is called when all is done. */
  readonly done: string
  /** Method of the object that is called with an error. */
  readonly failed: string
}

/** One call of a published method: from its start to its end, of which there is exactly one. */
export class Operation {
  readonly #binding: Binding<Call>
  readonly #span: EngineSpan
  readonly #call: Call
  readonly #scope: ScopeManager
  /** Whose span was active at the call. What the caller has handed over runs there, not in the operation's own span. */
  readonly #caller: Span | null
  #ended = false

  constructor(binding: Binding<Call>, span: EngineSpan, call: Call) {
    this.#binding = binding
    this.#span = span
    this.#call = call
    this.#scope = binding.runtime.scope
    this.#caller = this.#scope.activeSpan
  }

  /** @param outcome the error if it failed, otherwise the result where that is known */
  end(failed: boolean, outcome?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    if (failed) this.#call.error = outcome
    else this.#call.result = outcome
    this.#binding.end(this.#span, this.#call, failed, outcome)
  }

  /** The caller's callback: ends the operation, then runs in the caller's context. */
  answer(callback: Method): Method {
    const answered = (error: unknown, result: unknown): void => this.#answered(error, result)
    const scope = this.#scope
    const caller = this.#caller
    return function callbackOfCaller(this: unknown, ...results: unknown[]): unknown {
      answered(results[0], results[1])
      return scope.with(caller, callback, this, ...results)
    }
  }

  /**
   * Takes the place of a callback that came as a property, as long as the method reads it.
   *
   * @returns puts it back, because configurations are used again; null if there is no such callback
   */
  borrowCallback(submission: Submission, subject: unknown): (() => void) | null {
    const property = submission.callback
    const callback = propertyOf(subject, property)
    if (typeof callback !== 'function') return null
    if (!assign(subject as object, property, this.answer(callback as Method))) return null
    return () => assign(subject as object, property, callback)
  }

  /** @returns false if the object is of a kind that is not told how it went */
  follow(submission: Submission, subject: unknown): boolean {
    if (typeof propertyOf(subject, submission.done) !== 'function') return false
    const followed =
      this.#listen(subject, submission.done, () => this.end(false)) &&
      this.#listen(subject, submission.failed, (error) => this.end(true, error))
    if (followed) this.#scope.bind(subject as object, this.#caller)
    return followed
  }

  #answered(error: unknown, result: unknown): void {
    // What counts as a failure of somebody else's span is for its row to say.
    if (this.#binding.row.does === 'span') this.end(Boolean(error), error ? error : result)
    else if (!this.#ended) {
      this.#ended = true
      this.#call.error = error
      this.#call.result = result
      this.#binding.end(this.#span, this.#call, false)
    }
  }

  #listen(subject: unknown, name: string, heard: (argument: unknown) => void): boolean {
    const scope = this.#scope
    const caller = this.#caller
    const original = propertyOf(subject, name) as Method
    return Reflect.defineProperty(subject as object, name, {
      configurable: true,
      writable: true,
      enumerable: false,
      value: function (this: unknown, ...args: unknown[]): unknown {
        heard(args[0])
        return scope.with(caller, original, this, ...args)
      },
    })
  }
}

function propertyOf(subject: unknown, name: string): unknown {
  if (typeof subject !== 'object' || subject === null) return undefined
  try {
    return (subject as { [name: string]: unknown })[name]
  } catch {
    return undefined // A getter that throws is for the library to meet.
  }
}

function assign(subject: object, name: string, value: unknown): boolean {
  try {
    return Reflect.set(subject, name, value)
  } catch {
    return false
  }
}
