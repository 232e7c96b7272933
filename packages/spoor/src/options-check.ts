import { SpoorError } from './api/errors.ts'
import { nearest } from './nearest.ts'
import type { ExporterName, InitOptions } from './options.ts'
import { defaultLimits } from './tracer/limits.ts'

/** Refuses at start what could only fail later, in the middle of a request. */

/** What one option takes. */
interface Check {
  readonly fits: (value: any) => boolean
  readonly expects: string
}

const check = (fits: Check['fits'], expects: string): Check => ({ fits, expects })
const of = (type: string): Check => check((value) => typeof value === type, `a ${type}`)
const oneOf = (...names: string[]): Check =>
  check((value) => names.includes(value), names.map((name) => `"${name}"`).join(', '))
const has = (methods: readonly string[], expects: string): Check =>
  check((value) => isObject(value) && methods.every((method) => typeof value[method] === 'function'), expects)
const listOf = (item: (value: any) => boolean, expects: string): Check =>
  check((value) => Array.isArray(value) && value.every(item), expects)
const recordOf = (types: readonly string[], expects: string): Check =>
  check(
    (value) => isObject(value) && Object.values(value).every((item) => types.includes(typeof item)),
    expects,
  )

const CHECKS: { readonly [Name in keyof InitOptions]-?: Check } = {
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
  if (!isObject(options)) refuse('the options', options, 'an object')
  for (const [name, value] of Object.entries(options)) {
    requireKnown('option', name, Object.keys(CHECKS))
    const { fits, expects } = CHECKS[name as keyof InitOptions]
    if (value !== undefined && !fits(value)) refuse(`the option ${name}`, value, expects)
  }
  for (const [name, value] of Object.entries(options.limits ?? {})) {
    requireKnown('limit', name, Object.keys(defaultLimits))
    if (value !== undefined && !LIMIT.fits(value)) refuse(`the limit ${name}`, value, LIMIT.expects)
  }
  for (const exporter of options.exporters ?? []) {
    if (typeof exporter === 'string') requireKnown('exporter', exporter, EXPORTERS)
  }
}

/** @throws {SpoorError} `SPOOR_UNKNOWN_…`, naming the nearest that there is */
export function requireKnown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  const close = nearest(name, known)
  throw new SpoorError(
    `SPOOR_UNKNOWN_${what.toUpperCase()}`,
    `There is no ${what} ${JSON.stringify(name.slice(0, 64))}. ` +
      (close === undefined ? `Known are ${known.join(', ')}.` : `Did you mean "${close}"?`),
  )
}

function refuse(what: string, value: unknown, expects: string): never {
  // Not the value itself unless it is a plain one: headers hold credentials.
  const given =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? JSON.stringify(value).slice(0, 64)
      : value === null
        ? 'null'
        : `${Array.isArray(value) ? 'a list' : typeof value} that does not fit`
  throw new SpoorError('SPOOR_INVALID_OPTION', `${what} should be ${expects}, and is ${given}.`)
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null && !Array.isArray(value)) || typeof value === 'function'
}
