import { adopt } from './adopt.ts'
import { SpoorError } from './api/errors.ts'
import { currentTracer, setGlobalTracer, shared } from './api/global.ts'
import { noopTracer } from './api/noop.ts'
import type { Tracer } from './api/tracer.ts'
import { AwaitedTracer } from './awaited-tracer.ts'
import { renderFindings, renderOrigins, runningFindings } from './doctor.ts'
import { onProcessEnd } from './export/lifecycle.ts'
import { Engine, type EngineReport } from './instrument/engine.ts'
import { running } from './instrument/running.ts'
import { report, setLogLevel } from './log.ts'
import { environmentOptions, type InitOptions, type ResolvedOptions } from './options.ts'
import { decodeBinary, encodeBinary } from './propagation/binary.ts'
import { carrierAccess } from './propagation/carrier.ts'
import { composite } from './propagation/composite.ts'
import { runtimeOf } from './runtime.ts'
import { AsyncLocalStorageScopeManager } from './scope/async-local-storage.ts'
import { makeSinks } from './sinks.ts'
import { Recorder } from './tracer/recorder.ts'
import { SpoorTracer } from './tracer/tracer.ts'

/** THE assembly: options and environment in, a running tracer out. Everything else is handed what it needs. */

interface Running {
  readonly tracer: Tracer
  readonly engine: Engine
  readonly stop: () => void
}

/** One per process, whichever copy of the package was asked first. */
const state: { running: Running | null; stopping: Promise<void> | null } = shared('init.1', () => ({
  running: null,
  stopping: null,
}))

/**
 * Starts tracing: makes the tracer, sets it as the global one, instruments what is loaded and what will be. Call it
 * first, or use `node --import spoor/register`. Options given here win over the environment,
 * and that wins over `spoor.config.js` and the `spoor` key of `package.json`.
 *
 * A second call changes nothing and returns the tracer of the first.
 *
 * Where `tracer` is an asynchronous function, spans that are started before it has answered are not recorded.
 *
 * @throws {SpoorError} for an option or variable that does not exist or cannot be read, and for a tracer that cannot be had
 */
export function init(options: InitOptions = {}): Tracer {
  if (state.running !== null) {
    if (Object.keys(options).length > 0) {
      report(
        'init.twice',
        'init() was called again with options; the first call decides (spoor/register counts as one)',
      )
    }
    return state.running.tracer
  }
  const resolved = environmentOptions(options)
  setLogLevel(resolved.logLevel)
  if (!resolved.enabled) return noopTracer
  const { tracer, recorder } = makeTracer(resolved)
  const runtime = runtimeOf(tracer, resolved.dialect, resolved.privacy, resolved.policy, resolved.clients)
  const engine = new Engine(runtime, resolved.instrumentations)
  setGlobalTracer(tracer)
  engine.start()
  const undo = onProcessEnd({
    flush: () => tracer.flush(),
    hurry: () => recorder?.hurry(),
    exit() {
      if (resolved.settings.doctor === true) {
        const parts = [renderFindings(runningFindings(engine.report())), renderOrigins(resolved.origins)]
        console.error(`\n${parts.filter(Boolean).join('\n\n')}`)
      }
      recorder?.exit()
    },
  })
  running.runtime = runtime
  const stop = (): void => {
    running.runtime = null
    undo()
    engine.stop()
  }
  state.running = { tracer, engine, stop }
  return tracer
}

/** Sends what is finished, stops, and takes every patch back. Never rejects. `init()` may be called again. */
export function shutdown(): Promise<void> {
  const { running: started } = state
  if (started === null) return state.stopping ?? Promise.resolve()
  state.running = null
  started.stop()
  state.stopping = closed(started.tracer)
  return state.stopping
}

/**
 * Instruments a library that was loaded where no hook could see it: before us, in a bundle, on another runtime.
 *
 * @param library what `require` or `import` of the library gives
 * @returns the library
 * @throws {SpoorError} `SPOOR_NOT_STARTED` before {@link init}
 */
export function instrument<Library extends object>(library: Library): Library {
  if (state.running === null) {
    throw new SpoorError('SPOOR_NOT_STARTED', 'instrument() was called before init(). Call init() first.')
  }
  state.running.engine.instrument(library)
  return library
}

/** What the engine has seen so far; null before {@link init}. */
export function engineReport(): EngineReport | null {
  return state.running?.engine.report() ?? null
}

/** The global tracer as it is now. */
export function activeTracer(): Tracer {
  return currentTracer()
}

function makeTracer(options: ResolvedOptions): { tracer: Tracer; recorder: Recorder | null } {
  const scopeManager = options.scopeManager ?? new AsyncLocalStorageScopeManager()
  if (options.tracer !== undefined) {
    const tracer = options.tracer()
    const given = tracer instanceof Promise ? new AwaitedTracer(tracer, scopeManager) : tracer
    return { tracer: adopt(given, scopeManager), recorder: null }
  }
  const recorder = new Recorder(makeSinks(options))
  const tracer = new SpoorTracer({
    scopeManager,
    sink: recorder,
    propagator: composite(options.propagators, {
      policy: options.remoteParent,
      onError: (error, { name }) =>
        report(
          `propagator.${name}`,
          `the propagator "${name}" threw; it counts as having found nothing`,
          error,
        ),
    }),
    carrier: carrierAccess,
    binary: { encode: encodeBinary, decode: decodeBinary },
    sampler: options.sampler,
    limits: options.limits,
  })
  return { tracer, recorder }
}

async function closed(tracer: Tracer): Promise<void> {
  try {
    await tracer.close()
  } catch (error) {
    report('tracer.close', 'the tracer threw when it was closed; what it still held may be lost', error)
  }
}
