import { recordError } from '../api/span.ts'
import { report } from '../log.ts'
import type { EngineParent, EngineSpan, Row } from './row.ts'
import type { Runtime } from './runtime.ts'

/**
 * Ties a row to a tracer: events in, spans out. The one place where the engine opens and finishes spans, and where
 * it guards what a row does: a row that throws is reported once and switched off; the application never sees it.
 */
export class Binding<Event> {
  readonly row: Row<Event>
  readonly runtime: Runtime
  readonly label: string
  /** Turned off when the row fails, or when the instrumentation is removed: the wrapped method then costs one test. */
  enabled = true
  /** For the doctor: how many events came by. */
  events = 0

  /** @param label library and event, for messages: `pg query` */
  constructor(row: Row<Event>, runtime: Runtime, label: string) {
    this.row = row
    this.runtime = runtime
    this.label = label
  }

  /**
   * @param parent what the span continues; by default what the row says, then the active span
   * @returns the span that stands for the event, or null when there is none
   */
  start(event: Event, parent?: EngineParent): EngineSpan | null {
    try {
      if (this.row.skip?.(event) === true) return null
      this.events += 1
      if (this.row.does === 'span') {
        const given = parent ?? this.row.parent?.(event)
        const from = given === undefined ? this.runtime.scope.activeSpan : given
        if (from === null && this.row.onlyInTrace === true) return null
        const span = this.runtime.open(this.row, event, from)
        this.row.began?.(event, span, this.runtime)
        return span
      }
      return this.row.target?.(event, this.runtime) ?? null
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  /**
   * @param failed whether the operation failed, and then with what
   */
  end(span: EngineSpan, event: Event, failed: boolean, error?: unknown): void {
    try {
      if (span.recording !== false) {
        this.row.conclude?.(event, span, this.runtime)
        if (failed) this.#tell(span, event, error)
        else if (this.row.failure !== undefined) {
          const failure = this.row.failure(event)
          if (failure !== undefined && failure !== null) this.#tell(span, event, failure)
        }
      }
    } catch (thrown) {
      this.#fail(thrown)
    }
    if (this.row.does === 'span') finishSpan(span)
  }

  /** For an event without duration: start and end at once. */
  pass(event: Event): void {
    if (!this.enabled) return
    const span = this.start(event)
    if (span !== null) this.end(span, event, false)
  }

  #tell(span: EngineSpan, event: Event, error: unknown): void {
    if (this.row.fail === undefined) recordError(span, error)
    else this.row.fail(event, span, error)
  }

  #fail(error: unknown): void {
    this.enabled = false
    report(
      `row.${this.label}`,
      `the instrumentation "${this.label}" threw and has been switched off; the application is not affected. ` +
        'Please report this with the version of the library.',
      error,
    )
  }
}

/** Finishes a span of any tracer: ours cannot throw, somebody else's might. */
export function finishSpan(span: EngineSpan): void {
  try {
    span.finish()
  } catch (error) {
    report('finish', 'the tracer threw when a span was finished; that span is lost', error)
  }
}
