import { adopt } from './adopt.ts'
import { noopSpan, noopTracer } from './api/noop.ts'
import type { ScopeManager } from './api/scope.ts'
import type { Span } from './api/span.ts'
import type { SpanContext } from './api/span-context.ts'
import type { OpenTracer, StartSpanOptions, Tracer } from './api/tracer.ts'
import { report } from './log.ts'

/**
 * Stands for a tracer that a function promised. Spans that are started before it is there are not recorded, which is
 * said once when it comes: to keep them one would have to invent the contexts that leave with outgoing requests.
 */
export class AwaitedTracer implements OpenTracer {
  #tracer: Tracer = noopTracer
  #closed = false
  #missed = 0

  constructor(promise: Promise<OpenTracer>, scopeManager: ScopeManager) {
    promise.then(
      (tracer) => this.#arrived(adopt(tracer, scopeManager)),
      (error: unknown) => report('SPOOR_TRACER_FAILED', 'no spans are recorded', error),
    )
  }

  startSpan(name: string, { childOf, references, ...rest }: StartSpanOptions = {}): Span {
    if (this.#tracer === noopTracer) {
      this.#missed += 1
      return noopSpan
    }
    // Spans of the time before are nobody's parent; who is has been decided already.
    const known = references?.filter((reference) => !isNoop(reference.referencedContext()))
    return this.#tracer.startSpan(name, {
      ...rest,
      ignoreActiveSpan: true,
      ...(isNoop(childOf) ? {} : { childOf }),
      ...(known === undefined || known.length === 0 ? {} : { references: known }),
    })
  }

  inject(context: SpanContext | Span, format: string, carrier: unknown): void {
    if (!isNoop(context)) this.#tracer.inject(context, format, carrier)
  }

  extract(format: string, carrier: unknown): SpanContext | null {
    return this.#tracer.extract(format, carrier)
  }

  flush(): Promise<void> {
    return this.#tracer.flush()
  }

  close(): Promise<void> {
    this.#closed = true
    return this.#tracer.close()
  }

  #arrived(tracer: Tracer): void {
    if (this.#closed) {
      void tracer.close()
      return
    }
    this.#tracer = tracer
    if (this.#missed > 0) {
      report(
        'tracer.awaited',
        `spans that were started before the tracer was there are not recorded: ${this.#missed}`,
      )
    }
  }
}

function isNoop(parent: Span | SpanContext | null | undefined): boolean {
  return parent === null || parent === undefined || parent === noopSpan || parent === noopSpan.context()
}
