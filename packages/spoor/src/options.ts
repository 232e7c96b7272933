import type { Propagator } from './api/propagator.ts'
import type { ScopeManager } from './api/scope.ts'
import type { OpenTracer, Tracer } from './api/tracer.ts'
import { requireKnown } from './checks.ts'
import { type Environment, processEnvironment, readEnvironment } from './config.ts'
import type { Instrumentation } from './instrument/define.ts'
import type { Privacy } from './instrument/runtime.ts'
import { type ServerOptions, serverChecks } from './instrument/server-options.ts'
import { ServerPolicy } from './instrument/server-policy.ts'
import { secretParameters } from './instrument/url.ts'
import { instrumentations } from './instrumentations/index.ts'
import { type LogLevel, report } from './log.ts'
import { checkOptions } from './options-check.ts'
import type { ExtractPolicy } from './propagation/composite.ts'
import { DEFAULT_PROPAGATORS, propagatorsFromNames } from './propagation/select.ts'
import type { Dialect } from './semantics/dialect.ts'
import type { SpanSink } from './tracer/finished-span.ts'
import type { SpanLimits } from './tracer/limits.ts'
import { alwaysOff, alwaysOn, parentBased, rateLimited, ratio, type Sampler } from './tracer/sampler.ts'
import type { Settings } from './variables.ts'

/** What `init()` takes. Everything is optional; what is not given comes from the environment, then from defaults. */
export interface InitOptions extends ServerOptions {
  /** Name of this service in every trace. */
  serviceName?: string
  /** Further facts about this process. */
  resourceAttributes?: { [key: string]: string | number | boolean }
  /** Another OpenTracing tracer, to which all spans go instead of ours. */
  tracer?: OpenTracer | Tracer
  /** Where finished spans go: `'otlp'`, `'console'`, `'file'`, `'none'`, or sinks of your own. */
  exporters?: readonly (ExporterName | SpanSink)[]
  /** Base address of the collector; `/v1/traces` is appended. */
  endpoint?: string
  headers?: { [name: string]: string }
  sampler?: Sampler
  /** Names, or propagators of your own, in order. */
  propagators?: readonly (string | Propagator)[]
  /** What to do with a trace that a caller began: continue it, start anew with a link to it, or ignore it. */
  remoteParent?: ExtractPolicy
  dialect?: Dialect
  limits?: Partial<SpanLimits>
  /** Tables of your own, beside those that Spoor has. See `spoor/instrument`. */
  instrumentations?: readonly Instrumentation[]
  /** Instrumentations to leave out, by name. */
  disable?: readonly string[]
  /** Send SQL with its literals. */
  rawStatements?: boolean
  scopeManager?: ScopeManager
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
  readonly serviceName: string | undefined
  readonly resourceAttributes: { [key: string]: string | number | boolean }
  readonly tracer: OpenTracer | Tracer | undefined
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
  readonly scopeManager: ScopeManager | undefined
  readonly logLevel: LogLevel
}

/** @throws {SpoorError} for an option, variable or name that does not exist */
export function environmentOptions(
  options: InitOptions,
  env: Environment = processEnvironment(),
): ResolvedOptions {
  checkOptions(options)
  const settings = readEnvironment(env)
  const exporters = options.exporters ?? (settings.exporters as ExporterName[] | undefined) ?? ['otlp']
  const tables = [...instrumentations, ...(options.instrumentations ?? [])]
  const disable = options.disable ?? settings.disable ?? []
  for (const name of disable)
    requireKnown(
      'instrumentation',
      name,
      tables.map((table) => table.name),
    )
  const ownTracer = options.tracer === undefined
  return {
    enabled: options.enabled ?? settings.disabled !== true,
    env,
    settings,
    serviceName: options.serviceName,
    resourceAttributes: options.resourceAttributes ?? {},
    tracer: options.tracer,
    exporters,
    endpoint: options.endpoint,
    headers: options.headers,
    sampler: options.sampler ?? samplerOf(settings),
    propagators: propagatorsOf(options.propagators ?? settings.propagators ?? DEFAULT_PROPAGATORS.split(',')),
    remoteParent: options.remoteParent ?? settings.remoteParent ?? 'continue',
    dialect: options.dialect ?? settings.dialect ?? (ownTracer ? 'otel' : 'opentracing'),
    limits: { ...limitsOf(settings), ...options.limits },
    instrumentations: tables.filter(({ name }) => !disable.includes(name)),
    privacy: {
      statements: options.rawStatements ?? settings.statements === 'raw',
      secretParameters: new Set([
        ...secretParameters,
        ...(settings.secretParameters ?? []).map((name) => name.toLowerCase()),
      ]),
    },
    policy: policyOf(options),
    scopeManager: options.scopeManager,
    logLevel: options.logLevel ?? settings.spoorLogLevel ?? logLevelOf(settings.logLevel),
  }
}

function policyOf(options: InitOptions): ServerPolicy | null {
  const given = Object.entries(options).filter(([name, value]) => name in serverChecks && value !== undefined)
  return given.length === 0 ? null : new ServerPolicy(Object.fromEntries(given))
}

function propagatorsOf(given: readonly (string | Propagator)[]): Propagator[] {
  return given.flatMap((each) => (typeof each === 'string' ? propagatorsFromNames(each) : [each]))
}

function samplerOf({ sampler = 'parentbased_always_on', samplerArgument }: Settings): Sampler {
  const parent = sampler.startsWith('parentbased_')
  const root = rootSampler(sampler.replace('parentbased_', ''), samplerArgument)
  return parent ? parentBased(root) : root
}

function rootSampler(name: string, argument: string | undefined): Sampler {
  const value = Number(argument)
  try {
    if (name === 'always_off') return alwaysOff
    if (name === 'traceidratio') return argument === undefined ? alwaysOn : ratio(value)
    if (name === 'ratelimited') return rateLimited(argument === undefined ? 100 : value)
  } catch (error) {
    report(
      'env.OTEL_TRACES_SAMPLER_ARG',
      `OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(argument)}, which does not fit a sampler of the kind ${name}; every trace is kept`,
      error,
    )
  }
  return alwaysOn
}

function limitsOf(settings: Settings): Partial<SpanLimits> {
  const given: { [Limit in keyof SpanLimits]?: number | undefined } = {
    attributes: settings.spanAttributes ?? settings.attributes,
    attributeValueLength: settings.spanAttributeLength ?? settings.attributeLength,
    events: settings.events,
    links: settings.links,
    attributesPerEvent: settings.eventAttributes ?? settings.attributes,
    attributesPerLink: settings.linkAttributes ?? settings.attributes,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function logLevelOf(level: Settings['logLevel']): LogLevel {
  if (level === undefined) return 'warn'
  if (level === 'none') return 'silent'
  return level === 'verbose' || level === 'all' ? 'debug' : level
}
