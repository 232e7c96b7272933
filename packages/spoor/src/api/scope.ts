import type { Span } from './span.ts'

/**
 * The time during which a span is the active one (OpenTracing RFC "Scope Manager", with the semantics of
 * opentracing-python 2.x). A scope belongs to the asynchronous flow that opened it and must not cross into another.
 */
export interface Scope {
  /** The span that this scope made active, or null in a scope without a span. */
  readonly span: Span | null
  /**
   * Makes the previously active span active again, and finishes this one if it was opened with `finishOnClose`.
   * Does nothing when this scope is not the active one, and nothing the second time.
   */
  close(): void
  /** Same as {@link close}, for `using scope = …`. */
  [Symbol.dispose](): void
}

/** Knows which span is active in the current asynchronous flow. */
export interface ScopeManager {
  /** The active scope, or null. The no-op manager returns a permanent scope without effect instead. */
  readonly active: Scope | null
  /** The active span, or null. Cheaper than `active?.span`. */
  readonly activeSpan: Span | null
  /**
   * Makes a span active from now on, until the scope is closed.
   *
   * Valid only inside one function: on asynchronous storage, what an `async` function activates before its first
   * `await` stays visible to its caller. Prefer {@link with}.
   *
   * @param span the span, or null for a scope in which nothing is active
   * @param finishOnClose whether closing the scope finishes the span
   */
  activate(span: Span | null, finishOnClose: boolean): Scope
  /**
   * Runs a function with a span active, in it and in everything asynchronous that it starts.
   *
   * @returns what the function returns, untouched; what it throws is thrown on
   */
  with<This, Args extends unknown[], Result>(
    span: Span | null,
    fn: (this: This, ...args: Args) => Result,
    thisArg?: This,
    ...args: Args
  ): Result
  /** Runs a function with no span active: what it starts are roots. For background loops and timers. */
  noParent<Result>(fn: () => Result): Result
  /**
   * Ties a function or an event emitter to the active span (or to the one given): it runs, or its listeners run,
   * with that span active, whoever calls it. A function keeps its `name` and `length`; an emitter is returned itself.
   */
  bind<Target extends object>(target: Target, span?: Span | null): Target
}
