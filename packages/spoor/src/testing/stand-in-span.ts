import { noopSpanContext, noopTracer } from '../api/noop.ts'
import type { Span } from '../api/span.ts'
import type { SpanContext } from '../api/span-context.ts'
import type { OpenTracer } from '../api/tracer.ts'

/** A span that does nothing but count how often it was finished: all that a scope manager may do with one. */
export class StandInSpan implements Span {
  readonly name: string
  finishes = 0

  constructor(name: string) {
    this.name = name
  }

  context(): SpanContext {
    return noopSpanContext
  }

  tracer(): OpenTracer {
    return noopTracer
  }

  setOperationName(): this {
    return this
  }

  setBaggageItem(): this {
    return this
  }

  getBaggageItem(): string | undefined {
    return undefined
  }

  setTag(): this {
    return this
  }

  addTags(): this {
    return this
  }

  log(): this {
    return this
  }

  logEvent(): void {}

  finish(): void {
    this.finishes += 1
  }
}
