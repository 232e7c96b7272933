import { SpoorError } from './api/errors.ts'
import type { Propagator } from './api/propagator.ts'
import type { ScopeManager } from './api/scope.ts'
import type { OpenTracer } from './api/tracer.ts'
import { requireKnown } from './checks.ts'
import { type Environment, processEnvironment, readEnvironment } from './config.ts'
import { type ClientOptions, ClientPolicy, clientChecks } from './instrument/client-policy.ts'
import type { Instrumentation } from './instrument/define.ts'
import type { Privacy } from './instrument/runtime.ts'
import { type ServerOptions, serverChecks } from './instrument/server-options.ts'
import { ServerPolicy } from './instrument/server-policy.ts'
import { secretParameters } from './instrument/url.ts'
import { instrumentations } from './instrumentations/index.ts'
import type { LogLevel } from './log.ts'
import { CODE, layeredOptions } from './option-layers.ts'
import { checkOptions } from './options-table.ts'
import type { ExtractPolicy } from './propagation/composite.ts'
import { DEFAULT_PROPAGATORS, propagatorsFromNames } from './propagation/select.ts'
import type { Dialect } from './semantics/dialect.ts'
import type { SpanSink } from './tracer/finished-span.ts'
import type { SpanLimits } from './tracer/limits.ts'
import { alwaysOn, parentBased, type Sampler } from './tracer/sampler.ts'
import { askTracer, isTracer, namedTracer, type TracerOption } from './tracer-option.ts'
import type { Settings } from './variables.ts'

/** What `init()` takes. Everything is optional; what is not given comes from the environment, then from files, then from defaults. */
export interface InitOptions extends ServerOptions, ClientOptions {
  /** Name of this service in every trace. */
  serviceName?: string
  /** Further facts about this process. */
  resourceAttributes?: { [key: string]: string | number | boolean }
  /**
   * Another OpenTracing tracer, to which all spans go instead of ours; a function that makes one; or the name of
   * either: `'./tracing.js#createTracer'`, `'package#export'`, `'./tracer.js'`.
   */
  tracer?: TracerOption
  /** What that function is called with. */
  tracerOptions?: object
  /** Where finished spans go: `'otlp'`, `'console'`, `'file'`, `'none'`, or sinks of your own. */
  exporters?: readonly (ExporterName | SpanSink)[]
  /** Base address of the collector; `/v1/traces` is appended. */
  endpoint?: string
  /** Headers of every export request. */
  headers?: { [name: string]: string }
  /** Which traces are kept: one of `Samplers`, or your own. */
  sampler?: Sampler
  /** Names, or propagators of your own, in order. */
  propagators?: readonly (string | Propagator)[]
  /** What to do with a trace that a caller began: continue it, start anew with a link to it, or ignore it. */
  remoteParent?: ExtractPolicy
  /** Vocabulary of the attributes: `otel`, `opentracing` or `both`. */
  dialect?: Dialect
  /** What one span may hold. */
  limits?: Partial<SpanLimits>
  /** Tables of your own, beside those that Spoor has. See `spoor/instrument`. */
  instrumentations?: readonly Instrumentation[]
  /** Instrumentations to leave out, by name. */
  disable?: readonly string[]
  /** Send SQL with its literals. */
  rawStatements?: boolean
  /** Further query parameters whose values are masked. */
  secretParameters?: readonly string[]
  /** How the active span is found. */
  scopeManager?: ScopeManager
  /** How much Spoor says about itself. */
  logLevel?: LogLevel
  /** False switches everything off. */
  enabled?: boolean
}

export type ExporterName = 'otlp' | 'console' | 'file' | 'none'

/** Options and environment brought together: nothing is left open. */
export interface ResolvedOptions {
  readonly enabled: boolean
  readonly env: Environment
  readonly settings: Settings
  /** Who said what: the name of an option, and where it comes from. */
  readonly origins: ReadonlyMap<string, string>
  readonly serviceName: string | undefined
  readonly resourceAttributes: { [key: string]: string | number | boolean }
  /** Asks for the tracer that was given. */
  readonly tracer: (() => OpenTracer | Promise<OpenTracer>) | undefined
  readonly exporters: readonly (ExporterName | SpanSink)[]
  readonly endpoint: string | undefined
  readonly headers: { [name: string]: string } | undefined
  readonly sampler: Sampler
  readonly propagators: readonly Propagator[]
  readonly remoteParent: ExtractPolicy
  readonly dialect: Dialect
  readonly limits: Partial<SpanLimits>
  /** Ours and the user's, without those that are left out. */
  readonly instrumentations: readonly Instrumentation[]
  readonly privacy: Privacy
  /** What was said of requests; null for nothing. */
  readonly policy: ServerPolicy | null
  /** What was said of requests that go out; null for nothing. */
  readonly clients: ClientPolicy | null
  readonly scopeManager: ScopeManager | undefined
  readonly logLevel: LogLevel
}

/**
 * Everything that is said, in code, in the environment and in files, the former stronger than the latter.
 *
 * @param folder from which files are looked for; null for none
 * @throws {SpoorError} for an option, variable or name that does not exist, and a value that cannot be used
 */
export function environmentOptions(
  code: InitOptions,
  env: Environment = processEnvironment(),
  folder: string | null = workingFolder(),
): ResolvedOptions {
  checkOptions(code)
  const settings = readEnvironment(env)
  // The switch works even where a file is broken.
  const off = code.enabled !== true && (code.enabled === false || settings.disabled === true)
  const { options, origins, place } = layeredOptions(code, settings, folder, off)
  const { disable = [], tracer, tracerOptions } = options
  const tables = [...instrumentations, ...(options.instrumentations ?? [])]
  for (const name of disable)
    requireKnown(
      'instrumentation',
      name,
      tables.map((table) => table.name),
      origins.get('disable') === CODE ? '' : ` that ${origins.get('disable')} could leave out`,
    )
  if (tracerOptions !== undefined && (tracer === undefined || isTracer(tracer))) {
    throw new SpoorError(
      'SPOOR_INVALID_OPTION',
      'tracerOptions was given, and nothing that takes it. Give tracer as a function, or as the name of one.',
    )
  }
  const ownEndpoint = origins.get('endpoint') === CODE || settings.tracesEndpoint === undefined
  return {
    enabled: options.enabled ?? true,
    env,
    settings,
    origins,
    serviceName: options.serviceName,
    resourceAttributes: options.resourceAttributes ?? {},
    tracer:
      tracer === undefined
        ? undefined
        : () => askTracer(namedTracer(tracer, place('tracer')), place('tracer').what, tracerOptions),
    exporters: options.exporters ?? ['otlp'],
    endpoint: ownEndpoint ? options.endpoint : undefined,
    headers: options.headers,
    sampler: options.sampler ?? parentBased(alwaysOn),
    propagators: propagatorsOf(options.propagators ?? DEFAULT_PROPAGATORS.split(',')),
    remoteParent: options.remoteParent ?? 'continue',
    dialect: options.dialect ?? (tracer === undefined ? 'otel' : 'opentracing'),
    limits: options.limits ?? {},
    instrumentations: tables.filter(({ name }) => !disable.includes(name)),
    privacy: {
      statements: options.rawStatements ?? false,
      secretParameters: new Set([
        ...secretParameters,
        ...(options.secretParameters ?? []).map((name) => name.toLowerCase()),
      ]),
    },
    policy: off ? null : policyOf(options),
    clients: off ? null : clientsOf(options),
    scopeManager: options.scopeManager,
    logLevel: options.logLevel ?? 'warn',
  }
}

function clientsOf(options: InitOptions): ClientPolicy | null {
  const given = Object.keys(clientChecks).some((name) => options[name as keyof ClientOptions] !== undefined)
  return given ? new ClientPolicy(options) : null
}

function policyOf(options: InitOptions): ServerPolicy | null {
  const given = Object.entries(options).filter(([name, value]) => name in serverChecks && value !== undefined)
  return given.length === 0 ? null : new ServerPolicy(Object.fromEntries(given))
}

function propagatorsOf(given: readonly (string | Propagator)[]): Propagator[] {
  return given.flatMap((each) => (typeof each === 'string' ? propagatorsFromNames(each) : [each]))
}

/** Null where there is none: it may have been removed. */
function workingFolder(): string | null {
  try {
    return process.cwd()
  } catch {
    return null
  }
}
