import { SpoorError } from './errors.ts'
import { noopTracer } from './noop.ts'
import type { Scope, ScopeManager } from './scope.ts'
import type { Span } from './span.ts'
import type { SpanContext } from './span-context.ts'
import type { StartActiveSpanOptions, StartSpanOptions, Tracer } from './tracer.ts'

/**
 * What is one in a process, however many copies of this package are loaded in it (ES module and CommonJS, two
 * versions). Copies find each other through `Symbol.for`; the number in the name changes only when the shape does.
 * Other folders keep their shared state here too, under a key of their own, through {@link shared}.
 */
interface Slot {
  tracer: Tracer | null
  shared: Map<string, unknown>
}

const SLOT = Symbol.for('spoor.slot.1')

type Holder = { [SLOT]?: Slot }

const slot: Slot = ((globalThis as Holder)[SLOT] ??= { tracer: null, shared: new Map() })

/**
 * A value that all copies of this package share: the first copy to ask makes it.
 *
 * @param key names it; change it when the shape of the value changes
 */
export function shared<Value>(key: string, make: () => Value): Value {
  if (!slot.shared.has(key)) slot.shared.set(key, make())
  return slot.shared.get(key) as Value
}

/**
 * Makes a tracer the global one. It may be replaced any number of times.
 *
 * @throws {SpoorError} `SPOOR_NOT_A_TRACER` for anything that lacks `startSpan`, `inject` and `extract`
 */
export function setGlobalTracer(tracer: Tracer): void {
  if (typeof tracer?.startSpan !== 'function' || typeof tracer.inject !== 'function') {
    throw new SpoorError(
      'SPOOR_NOT_A_TRACER',
      `setGlobalTracer() got ${tracer === null ? 'null' : typeof tracer}, not a tracer. Pass the result of init() or new Tracer().`,
    )
  }
  if (!isGlobalTracer(tracer)) slot.tracer = tracer
}

/** Whether a tracer has been set. */
export function isGlobalTracerRegistered(): boolean {
  return slot.tracer !== null
}

/** Forgets the global tracer. For tests. */
export function resetGlobalTracer(): void {
  slot.tracer = null
}

/** The tracer that is set at this moment, or the no-op one. Faster than {@link globalTracer} where late binding is not needed. */
export function currentTracer(): Tracer {
  return slot.tracer ?? noopTracer
}

/**
 * The global tracer: a permanent delegate, so it can be taken before any tracer is set and follows every change.
 * Unlike the one of `opentracing@0.14`, it carries `scopeManager`, `activeSpan`, `flush` and `close` too.
 */
export function globalTracer(): Tracer {
  return delegate
}

/** On the delegate, so that all copies of this package know it. */
const DELEGATE: unique symbol = Symbol.for('spoor.delegate')

/** Whether a tracer is the global one, of whichever copy: it stands for what is set at the moment. */
export function isGlobalTracer(tracer: unknown): boolean {
  return (tracer as { [DELEGATE]?: boolean } | null | undefined)?.[DELEGATE] === true
}

class TracerDelegate implements Tracer {
  readonly [DELEGATE] = true

  get scopeManager(): ScopeManager {
    return currentTracer().scopeManager
  }

  get activeSpan(): Span | null {
    return currentTracer().activeSpan
  }

  startSpan(name: string, options?: StartSpanOptions): Span {
    return currentTracer().startSpan(name, options)
  }

  startActiveSpan<Result>(name: string, fn: (span: Span) => Result): Result
  startActiveSpan<Result>(name: string, options: StartActiveSpanOptions, fn: (span: Span) => Result): Result
  startActiveSpan(name: string, options?: StartActiveSpanOptions): Scope
  startActiveSpan(name: string, ...rest: unknown[]): unknown {
    return (currentTracer().startActiveSpan as (name: string, ...rest: unknown[]) => unknown).call(
      currentTracer(),
      name,
      ...rest,
    )
  }

  inject(context: SpanContext | Span, format: string, carrier: unknown): void {
    currentTracer().inject(context, format, carrier)
  }

  extract(format: string, carrier: unknown): SpanContext | null {
    return currentTracer().extract(format, carrier)
  }

  flush(): Promise<void> {
    return currentTracer().flush()
  }

  close(): Promise<void> {
    return currentTracer().close()
  }
}

const delegate: Tracer = new TracerDelegate()
