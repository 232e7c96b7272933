import { adopt } from '../adopt.ts'
import { currentTracer, globalTracer, isGlobalTracer, shared } from '../api/global.ts'
import type { ScopeManager } from '../api/scope.ts'
import type { OpenTracer, Tracer } from '../api/tracer.ts'
import { watchArrivals } from '../instrument/arrivals.ts'
import { foreignRuntime } from '../instrument/foreign-runtime.ts'
import { running } from '../instrument/running.ts'
import type { Runtime } from '../instrument/runtime.ts'
import { secretParameters } from '../instrument/url.ts'
import { report } from '../log.ts'
import { AsyncLocalStorageScopeManager } from '../scope/async-local-storage.ts'
import { databaseNames } from '../semantics/database.ts'
import type { Dialect } from '../semantics/dialect.ts'
import { httpNames } from '../semantics/http.ts'
import { messagingNames } from '../semantics/messaging.ts'
import { placeHere } from '../specifier.ts'
import { askTracer, isTracer, namedTracer, type TracerMaker, type TracerOption } from '../tracer-option.ts'

/** Active spans of tracers that come without a scope manager: one for all, so that they see each other. */
const scopeManager: ScopeManager = shared('scope.1', () => new AsyncLocalStorageScopeManager())

/** Which tracer a tracing object has at this moment: its own, or the global one, whichever that is. */
export class TracerSource {
  readonly #given: TracerMaker | null = null
  readonly #options: object | undefined
  readonly #dialect: Dialect
  #own: Tracer | null = null
  #asked = false
  #runtime: Runtime | null = null

  /** @throws {SpoorError} when a tracer that is named by a string cannot be had: such a name is followed at once */
  constructor(given: TracerOption | undefined, dialect: Dialect, options?: object) {
    this.#dialect = dialect
    this.#options = options
    watchArrivals(this)
    if (given === undefined || isGlobalTracer(given)) return
    const named = typeof given === 'string' ? namedTracer(given, placeHere('the option tracer')) : given
    if (isTracer(named)) this.#own = adopt(named, scopeManager)
    else if (typeof given === 'string') this.#take(askTracer(named, `"${given}"`, options))
    else this.#given = named
  }

  /** Where its spans are active; a function that should give the tracer is not called for this. */
  get scope(): ScopeManager | null {
    return (this.#own ?? currentTracer()).scopeManager
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
    if (this.#asked || this.#given === null) return
    this.#asked = true
    try {
      this.#take(askTracer(this.#given, 'the option tracer', this.#options))
    } catch (error) {
      failed(error)
    }
  }

  #take(answer: OpenTracer | Promise<OpenTracer>): void {
    if (answer instanceof Promise) answer.then((tracer) => this.#take(tracer)).catch(failed)
    else this.#own = adopt(answer, scopeManager)
  }
}

function failed(error: unknown): void {
  report('tracing.tracer', 'the function that should give a tracer failed; the global tracer is used', error)
}

/** What leads to a tracer as it is, whoever's it is. */
export function runtimeFor(tracer: Tracer, dialect: Dialect): Runtime {
  return foreignRuntime(tracer, {
    tracer,
    scope: tracer.scopeManager,
    http: httpNames(dialect),
    database: databaseNames(dialect),
    messaging: messagingNames(dialect),
    privacy: { statements: false, secretParameters },
    policy: null,
    clients: null,
  })
}
