import type { Scope, ScopeManager } from './scope.ts'
import type { Span } from './span.ts'
import type { SpanContext } from './span-context.ts'
import type { OpenTracer, StartActiveSpanOptions, StartSpanOptions, Tracer } from './tracer.ts'

/** What runs when no tracer is set: every call is accepted, chains, and does nothing. */

class NoopSpanContext implements SpanContext {
  toTraceId(): string {
    return ''
  }

  toSpanId(): string {
    return ''
  }

  baggageItems(): Iterable<[string, string]> {
    return []
  }
}

class NoopSpan implements Span {
  context(): SpanContext {
    return noopSpanContext
  }

  tracer(): OpenTracer {
    return noopTracer
  }

  setOperationName(_name: string): this {
    return this
  }

  setBaggageItem(_key: string, _value: string): this {
    return this
  }

  getBaggageItem(_key: string): string | undefined {
    return undefined
  }

  setTag(_key: string, _value: unknown): this {
    return this
  }

  addTags(_tags: object): this {
    return this
  }

  log(_fields: object, _timestamp?: number): this {
    return this
  }

  logEvent(_event: string, _payload: unknown): void {}

  finish(_finishTime?: number): void {}
}

/** On the silent span, so that all copies of this package know it. */
const SILENT: unique symbol = Symbol.for('spoor.silent')

class SilentSpan extends NoopSpan {
  readonly [SILENT] = true
}

/** Whether a span is the one below which nothing is recorded. */
export function isSilentSpan(span: object | null | undefined): boolean {
  return (span as { [SILENT]?: boolean } | null | undefined)?.[SILENT] === true
}

class NoopScope implements Scope {
  get span(): Span {
    return noopSpan
  }

  close(): void {}

  [Symbol.dispose](): void {}
}

class NoopScopeManager implements ScopeManager {
  get active(): Scope {
    return noopScope
  }

  get activeSpan(): Span | null {
    return null
  }

  activate(_span: Span | null, _finishOnClose: boolean): Scope {
    return noopScope
  }

  with<This, Args extends unknown[], Result>(
    _span: Span | null,
    fn: (this: This, ...args: Args) => Result,
    thisArg?: This,
    ...args: Args
  ): Result {
    return fn.apply(thisArg as This, args)
  }

  noParent<Result>(fn: () => Result): Result {
    return fn()
  }

  bind<Target extends object>(target: Target, _span?: Span | null): Target {
    return target
  }
}

class NoopTracer implements Tracer {
  readonly scopeManager: ScopeManager = noopScopeManager

  get activeSpan(): Span | null {
    return null
  }

  startSpan(_name: string, _options?: StartSpanOptions): Span {
    return noopSpan
  }

  startActiveSpan<Result>(
    _name: string,
    optionsOrFn?: StartActiveSpanOptions | ((span: Span) => Result),
    fn?: (span: Span) => Result,
  ): any {
    const callback = typeof optionsOrFn === 'function' ? optionsOrFn : fn
    return callback === undefined ? noopScope : callback(noopSpan)
  }

  inject(_context: SpanContext | Span, _format: string, _carrier: unknown): void {}

  extract(_format: string, _carrier: unknown): SpanContext | null {
    return null
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

export const noopSpanContext: SpanContext = new NoopSpanContext()
export const noopSpan: Span = new NoopSpan()
/** Active inside of a request that is ignored: what would become its child is this span again. */
export const silentSpan: Span = new SilentSpan()
export const noopScope: Scope = new NoopScope()
export const noopScopeManager: ScopeManager = new NoopScopeManager()
export const noopTracer: Tracer = new NoopTracer()
