import {
  type Check,
  check,
  checkEach,
  has,
  isObject,
  listOf,
  of,
  oneOf,
  recordOf,
  refuse,
  requireKnown,
} from './checks.ts'
import { headersOf, ignoreOf, limitsOf, logLevelOf, samplerOf } from './environment-values.ts'
import { parseResourceAttributes } from './export/resource.ts'
import { clientChecks } from './instrument/client-policy.ts'
import { checkServerOptions, serverChecks } from './instrument/server-options.ts'
import type { ExporterName, InitOptions } from './options.ts'
import { DEFAULT_PROPAGATORS, propagatorsFromNames } from './propagation/select.ts'
import { isPathSpecifier, isSpecifier } from './specifier.ts'
import { defaultLimits } from './tracer/limits.ts'
import { tracerCheck } from './tracer-option.ts'
import type { Settings } from './variables.ts'

/**
 * Every option, in one table: what it takes, which variables say the same, what holds where nothing is said. Checks,
 * messages, the order of precedence and the reference come from it; what an option means stands beside its type.
 */

/** One option. */
export interface OptionRow {
  readonly takes: Check
  /** Variables that say it, by their key in `variables.ts`. */
  readonly variables?: readonly (keyof Settings)[]
  /** What they say; by default what the first of them does. */
  readonly from?: (settings: Settings) => unknown
  /** The default, in words. */
  readonly fallback?: string
  /** Strings that name what cannot be written down, where no code can give it: in files and in the environment. */
  readonly named?: (value: unknown) => boolean
  /** The sources are brought together property by property; else the strongest one wins as a whole. */
  readonly merged?: true
}

const names = (expects: string): Check => listOf((item) => typeof item === 'string', expects)

/** What is said of requests: the checks are those of the tracing objects. */
const { traceAll, tracedAttributes, startSpanCallback, finishSpanCallback, operationName, ...server } =
  serverChecks

export const optionsTable: { readonly [Name in keyof InitOptions]-?: OptionRow } = {
  serviceName: {
    takes: of('string'),
    variables: ['serviceName', 'resourceAttributes'],
    from: (settings) => settings.serviceName ?? attributesOf(settings)?.['service.name'],
    fallback: 'the name in `package.json`',
  },
  resourceAttributes: {
    takes: recordOf(['string', 'number', 'boolean'], 'an object of strings, numbers and booleans'),
    variables: ['resourceAttributes'],
    from: attributesOf,
    merged: true,
  },
  tracer: { takes: tracerCheck, variables: ['tracer'], fallback: 'Spoor’s own' },
  tracerOptions: { takes: check(isObject, 'an object') },
  exporters: {
    takes: listOf(
      (item) => typeof item === 'string' || typeof item?.record === 'function',
      'a list of names and sinks',
    ),
    variables: ['exporters'],
    fallback: '`otlp`',
  },
  endpoint: {
    takes: of('string'),
    variables: ['endpoint', 'tracesEndpoint'],
    fallback: '`http://localhost:4318`',
  },
  headers: {
    takes: recordOf(['string'], 'an object of strings'),
    variables: ['headers', 'tracesHeaders'],
    from: headersOf,
  },
  sampler: {
    takes: has(['sample'], 'a sampler: alwaysOn, ratio(0.1), parentBased(…) or one of your own'),
    variables: ['sampler', 'samplerArgument'],
    from: samplerOf,
    fallback: '`parentBased(alwaysOn)`',
    named: isSpecifier,
  },
  propagators: {
    takes: listOf(
      (item) => typeof item === 'string' || typeof item?.extract === 'function',
      'a list of names and propagators',
    ),
    variables: ['propagators'],
    fallback: `\`${DEFAULT_PROPAGATORS}\``,
  },
  remoteParent: {
    takes: oneOf('continue', 'restart', 'ignore'),
    variables: ['remoteParent'],
    fallback: '`continue`',
  },
  dialect: {
    takes: oneOf('otel', 'opentracing', 'both'),
    variables: ['dialect'],
    fallback: '`otel`; `opentracing` where `tracer` is given',
  },
  limits: {
    takes: check(isObject, 'an object of whole numbers'),
    variables: [
      ...(['attributes', 'attributeLength', 'spanAttributes', 'spanAttributeLength'] as const),
      ...(['events', 'links', 'eventAttributes', 'linkAttributes'] as const),
    ],
    from: limitsOf,
    merged: true,
  },
  instrumentations: {
    takes: listOf(
      (item) => typeof item?.name === 'string',
      'a list of tables, as instrumentation() makes them',
    ),
  },
  disable: { takes: names('a list of names'), variables: ['disable'] },
  rawStatements: {
    takes: of('boolean'),
    variables: ['statements'],
    from: ({ statements }) => (statements === undefined ? undefined : statements === 'raw'),
    fallback: '`false`',
  },
  secretParameters: { takes: names('a list of names'), variables: ['secretParameters'] },
  scopeManager: {
    takes: has(['activate', 'with', 'noParent', 'bind'], 'a scope manager'),
    fallback: 'one on `AsyncLocalStorage`',
    named: isSpecifier,
  },
  logLevel: {
    takes: oneOf('silent', 'error', 'warn', 'info', 'debug'),
    variables: ['spoorLogLevel', 'logLevel'],
    from: logLevelOf,
    fallback: '`warn`',
  },
  enabled: {
    takes: of('boolean'),
    variables: ['disabled'],
    from: ({ disabled }) => (disabled === undefined ? undefined : !disabled),
    fallback: '`true`',
  },
  traceAll: { takes: traceAll, variables: ['traceAll'], fallback: '`true`' },
  tracedAttributes: { takes: tracedAttributes, variables: ['tracedAttributes'] },
  startSpanCallback: { takes: startSpanCallback, variables: ['startSpanCallback'], named: isSpecifier },
  finishSpanCallback: { takes: finishSpanCallback, variables: ['finishSpanCallback'], named: isSpecifier },
  operationName: { takes: operationName, fallback: 'method and route', named: isPathSpecifier },
  ignore: {
    takes: server.ignore,
    variables: ['ignorePaths', 'ignoreMethods', 'ignoreUserAgents', 'ignoreRoutes'],
    from: ignoreOf,
    merged: true,
  },
  callerNameHeaders: { takes: server.callerNameHeaders, variables: ['callerNameHeaders'] },
  calleeNameHeaders: { takes: clientChecks.calleeNameHeaders, variables: ['calleeNameHeaders'] },
  calleeEndpointHeaders: { takes: clientChecks.calleeEndpointHeaders, variables: ['calleeEndpointHeaders'] },
  clientSpanCallback: { takes: clientChecks.clientSpanCallback, named: isSpecifier },
  trustProxy: { takes: server.trustProxy, variables: ['trustProxy'], fallback: '`false`' },
}

const LIMIT = check((value) => Number.isInteger(value) && value >= 0, 'a whole number, 0 or more')

const EXPORTERS = Object.keys({ otlp: true, console: true, file: true, none: true } satisfies {
  [Name in ExporterName]: true
})

/** What code, or a file once its names have been followed, may give. */
const CHECKS = Object.fromEntries(Object.entries(optionsTable).map(([name, { takes }]) => [name, takes])) as {
  [Name in keyof InitOptions]-?: Check
}

/**
 * Refuses at start what could only fail later, in the middle of a request.
 *
 * @throws {SpoorError} `SPOOR_UNKNOWN_OPTION`, `SPOOR_UNKNOWN_LIMIT`, `SPOOR_UNKNOWN_EXPORTER`,
 *   `SPOOR_UNKNOWN_PROPAGATOR` for a name that does not exist, and `SPOOR_INVALID_OPTION` for a value that cannot be used
 */
export function checkOptions(options: InitOptions): void {
  checkEach(options, CHECKS)
  checkServerOptions(options)
  for (const [name, value] of Object.entries(options.limits ?? {})) {
    requireKnown('limit', name, Object.keys(defaultLimits))
    if (value !== undefined && !LIMIT.fits(value)) refuse(`the limit ${name}`, value, LIMIT.expects)
  }
  for (const each of options.propagators ?? []) {
    if (typeof each === 'string') propagatorsFromNames(each)
  }
  for (const exporter of options.exporters ?? []) {
    if (typeof exporter === 'string') requireKnown('exporter', exporter, EXPORTERS)
  }
}

function attributesOf({ resourceAttributes }: Settings): { [key: string]: string } | undefined {
  return resourceAttributes === undefined ? undefined : parseResourceAttributes(resourceAttributes)
}
