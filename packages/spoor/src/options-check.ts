import {
  type Checks,
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
import { checkServerOptions, serverChecks } from './instrument/server-options.ts'
import type { ExporterName, InitOptions } from './options.ts'
import { defaultLimits } from './tracer/limits.ts'

/** Refuses at start what could only fail later, in the middle of a request. */

const CHECKS: Checks<InitOptions> = {
  serviceName: of('string'),
  resourceAttributes: recordOf(['string', 'number', 'boolean'], 'an object of strings, numbers and booleans'),
  tracer: has(['startSpan', 'inject', 'extract'], 'an OpenTracing tracer'),
  exporters: listOf(
    (item) => typeof item === 'string' || typeof item?.record === 'function',
    'a list of names and sinks',
  ),
  endpoint: of('string'),
  headers: recordOf(['string'], 'an object of strings'),
  sampler: has(['sample'], 'a sampler: alwaysOn, ratio(0.1), parentBased(…) or one of your own'),
  propagators: listOf(
    (item) => typeof item === 'string' || typeof item?.extract === 'function',
    'a list of names and propagators',
  ),
  remoteParent: oneOf('continue', 'restart', 'ignore'),
  dialect: oneOf('otel', 'opentracing', 'both'),
  limits: check(isObject, 'an object of whole numbers'),
  instrumentations: listOf(
    (item) => typeof item?.name === 'string',
    'a list of tables, as instrumentation() makes them',
  ),
  disable: listOf((item) => typeof item === 'string', 'a list of names'),
  rawStatements: of('boolean'),
  scopeManager: has(['activate', 'with', 'noParent', 'bind'], 'a scope manager'),
  logLevel: oneOf('silent', 'error', 'warn', 'info', 'debug'),
  enabled: of('boolean'),
  ...serverChecks,
}

const LIMIT = check((value) => Number.isInteger(value) && value >= 0, 'a whole number, 0 or more')

const EXPORTERS = Object.keys({ otlp: true, console: true, file: true, none: true } satisfies {
  [Name in ExporterName]: true
})

/**
 * @throws {SpoorError} `SPOOR_UNKNOWN_OPTION`, `SPOOR_UNKNOWN_LIMIT`, `SPOOR_UNKNOWN_EXPORTER` for a name that does
 *   not exist, and `SPOOR_INVALID_OPTION` for a value that cannot be used
 */
export function checkOptions(options: InitOptions): void {
  checkEach(options, CHECKS)
  checkServerOptions(options)
  for (const [name, value] of Object.entries(options.limits ?? {})) {
    requireKnown('limit', name, Object.keys(defaultLimits))
    if (value !== undefined && !LIMIT.fits(value)) refuse(`the limit ${name}`, value, LIMIT.expects)
  }
  for (const exporter of options.exporters ?? []) {
    if (typeof exporter === 'string') requireKnown('exporter', exporter, EXPORTERS)
  }
}
