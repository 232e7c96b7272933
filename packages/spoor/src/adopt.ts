import { referenceTo } from './api/carried-span.ts'
import { isSilentSpan, noopSpan, silentSpan } from './api/noop.ts'
import type { Scope, ScopeManager } from './api/scope.ts'
import type { Span } from './api/span.ts'
import type { SpanContext } from './api/span-context.ts'
import type { OpenTracer, StartActiveSpanOptions, StartSpanOptions, Tracer } from './api/tracer.ts'
import { report } from './log.ts'
import { startActive } from './tracer/start-active.ts'

/**
 * Somebody else's OpenTracing tracer (dd-trace, jaeger-client, LightStep, your own) with what `opentracing@0.14`
 * lacks: a scope manager, an implicit parent, callback activation.
 */
export class AdoptedTracer implements Tracer {
  readonly scopeManager: ScopeManager
  readonly #foreign: OpenTracer & Closeable

  constructor(foreign: OpenTracer, scopeManager: ScopeManager) {
    this.#foreign = foreign
    this.scopeManager = scopeManager
  }

  get activeSpan(): Span | null {
    return this.scopeManager.activeSpan
  }

  startSpan(name: string, options: StartSpanOptions = {}): Span {
    const { ignoreActiveSpan, childOf, references, ...rest } = options
    const found = references?.filter((reference) => reference?.referencedContext?.() != null)
    const given = childOf ?? (found !== undefined && found.length > 0 ? undefined : null)
    const parent = given === null && ignoreActiveSpan !== true ? this.activeSpan : given
    if (isSilentSpan(parent)) return silentSpan
    try {
      // A copy: `opentracing@0.14.7` moves `childOf` into `references` in the object that it is given.
      return this.#foreign.startSpan(name, {
        ...rest,
        ...(parent === null || parent === undefined ? {} : referenceTo(parent)),
        ...(found === undefined || found.length === 0 ? {} : { references: found }),
      })
    } catch (error) {
      report('tracer.startSpan', 'the tracer threw when a span was started; the work goes on untraced', error)
      return noopSpan
    }
  }

  startActiveSpan<Result>(name: string, fn: (span: Span) => Result): Result
  startActiveSpan<Result>(name: string, options: StartActiveSpanOptions, fn: (span: Span) => Result): Result
  startActiveSpan(name: string, options?: StartActiveSpanOptions): Scope
  startActiveSpan<Result>(
    name: string,
    optionsOrFn?: StartActiveSpanOptions | ((span: Span) => Result),
    fn?: (span: Span) => Result,
  ): Result | Scope {
    return startActive(this, name, optionsOrFn, fn)
  }

  inject(context: SpanContext | Span, format: string, carrier: unknown): void {
    this.#foreign.inject(context, format, carrier)
  }

  extract(format: string, carrier: unknown): SpanContext | null {
    return this.#foreign.extract(format, carrier)
  }

  async flush(): Promise<void> {
    await settled(() => this.#foreign.flush?.())
  }

  async close(): Promise<void> {
    // jaeger-client calls back; the others return a promise or nothing.
    await settled(() => {
      const close = this.#foreign.close
      if (typeof close !== 'function') return undefined
      return close.length > 0
        ? new Promise<void>((done) => close.call(this.#foreign, done))
        : close.call(this.#foreign)
    })
  }
}

/** A tracer that has a scope manager as it is, any other one with the scope manager that is given. */
export function adopt(tracer: OpenTracer | Tracer, scopeManager: ScopeManager): Tracer {
  // `startActiveSpan` alone would not tell: the tracers of OpenTelemetry have one too, with another meaning.
  return 'scopeManager' in tracer && 'startActiveSpan' in tracer
    ? tracer
    : new AdoptedTracer(tracer, scopeManager)
}

interface Closeable {
  flush?(): unknown
  close?(done?: () => void): unknown
}

async function settled(action: () => unknown): Promise<void> {
  try {
    await action()
  } catch {
    // The contract of `flush` and `close` is that they never reject; the tracer has its own way to complain.
  }
}
