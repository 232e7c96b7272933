import { AdoptedTracer } from '../adopt.ts'
import { currentTracer, globalTracer, shared } from '../api/global.ts'
import type { ScopeManager } from '../api/scope.ts'
import type { OpenTracer, Tracer } from '../api/tracer.ts'
import { foreignRuntime } from '../instrument/foreign-runtime.ts'
import { running } from '../instrument/running.ts'
import type { Runtime } from '../instrument/runtime.ts'
import { secretParameters } from '../instrument/url.ts'
import { report } from '../log.ts'
import { AsyncLocalStorageScopeManager } from '../scope/async-local-storage.ts'
import { databaseNames } from '../semantics/database.ts'
import type { Dialect } from '../semantics/dialect.ts'
import { httpNames } from '../semantics/http.ts'

/** A tracer, or a function that makes one: called once, when it is first needed. */
export type TracerOption = OpenTracer | Tracer | (() => OpenTracer | Tracer | Promise<OpenTracer | Tracer>)

/** Active spans of tracers that come without a scope manager: one for all, so that they see each other. */
const scopeManager: ScopeManager = shared('scope.1', () => new AsyncLocalStorageScopeManager())

/** Which tracer a tracing object has at this moment: its own, or the global one, whichever that is. */
export class TracerSource {
  readonly #given: TracerOption | undefined
  readonly #dialect: Dialect
  #own: Tracer | null = null
  #asked = false
  #runtime: Runtime | null = null

  constructor(given: TracerOption | undefined, dialect: Dialect) {
    this.#given = given
    this.#dialect = dialect
    if (given !== undefined && typeof given !== 'function') this.#own = adopted(given)
  }

  /** The tracer's own; while a function has not answered yet, and without one, the global tracer, late-bound. */
  get tracer(): Tracer {
    this.#ask()
    return this.#own ?? globalTracer()
  }

  /** What leads to the tracer. */
  get runtime(): Runtime {
    this.#ask()
    const tracer = this.#own ?? currentTracer()
    const { runtime } = running
    if (runtime !== null && tracer === currentTracer()) return runtime
    if (this.#runtime?.tracer !== tracer) this.#runtime = runtimeFor(tracer, this.#dialect)
    return this.#runtime as Runtime
  }

  #ask(): void {
    if (this.#asked || typeof this.#given !== 'function') return
    this.#asked = true
    const failed = (error: unknown): void => {
      report(
        'tracing.tracer',
        'the function that should give a tracer failed; the global tracer is used',
        error,
      )
    }
    try {
      const answer = this.#given()
      if (answer instanceof Promise) {
        answer.then((tracer) => {
          this.#own = adopted(tracer)
        }, failed)
      } else this.#own = adopted(answer)
    } catch (error) {
      failed(error)
    }
  }
}

function adopted(tracer: OpenTracer | Tracer): Tracer {
  return 'scopeManager' in tracer && 'startActiveSpan' in tracer
    ? tracer
    : new AdoptedTracer(tracer, scopeManager)
}

function runtimeFor(tracer: Tracer, dialect: Dialect): Runtime {
  return foreignRuntime(tracer, {
    tracer,
    scope: tracer.scopeManager,
    http: httpNames(dialect),
    database: databaseNames(dialect),
    privacy: { statements: false, secretParameters },
    policy: null,
  })
}
