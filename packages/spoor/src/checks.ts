import { SpoorError } from './api/errors.ts'
import { nearest } from './nearest.ts'
import { fromPython } from './python-names.ts'

/** The vocabulary in which options are checked at start, and the one wording of what is wrong with one. */

/** What one option takes. */
export interface Check {
  readonly fits: (value: any) => boolean
  readonly expects: string
}

export const check = (fits: Check['fits'], expects: string): Check => ({ fits, expects })
export const of = (type: string): Check => check((value) => typeof value === type, `a ${type}`)
export const oneOf = (...names: string[]): Check =>
  check((value) => names.includes(value), names.map((name) => `"${name}"`).join(', '))
export const has = (methods: readonly string[], expects: string): Check =>
  check((value) => isObject(value) && methods.every((method) => typeof value[method] === 'function'), expects)
export const listOf = (item: (value: any) => boolean, expects: string): Check =>
  check((value) => Array.isArray(value) && value.every(item), expects)
export const recordOf = (types: readonly string[], expects: string): Check =>
  check(
    (value) => isObject(value) && Object.values(value).every((item) => types.includes(typeof item)),
    expects,
  )

/** A check for every option that there is. */
export type Checks<Options> = { readonly [Name in keyof Options]-?: Check }

/**
 * @throws {SpoorError} `SPOOR_UNKNOWN_OPTION` for a name that does not exist, and `SPOOR_INVALID_OPTION` for a value that
 *   cannot be used
 */
export function checkEach<Options extends object>(options: Options, checks: Checks<Options>): void {
  if (!isObject(options)) refuse('the options', options, 'an object')
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) refuseName(name, Object.keys(checks))
    const { fits, expects } = checks[name as keyof Options]
    if (value !== undefined && !fits(value)) refuse(`the option ${name}`, value, expects)
  }
}

/** @throws {SpoorError} `SPOOR_UNKNOWN_OPTION`, naming what an old name has become, or the nearest that there is */
function refuseName(name: string, known: readonly string[]): never {
  const old = fromPython(name)
  if (old === undefined) return requireKnown('option', name, known) as never
  throw new SpoorError(
    'SPOOR_UNKNOWN_OPTION',
    `There is no option ${JSON.stringify(name)}: ${old.library} has it. ` +
      (known.includes(old.now) ? `Here it is "${old.now}". ` : '') +
      old.note,
  )
}

/**
 * @param where something is looked for, when that is not plain
 * @throws {SpoorError} `SPOOR_UNKNOWN_…`, naming the nearest that there is
 */
export function requireKnown(what: string, name: string, known: readonly string[], where = ''): void {
  if (known.includes(name)) return
  const close = nearest(name, known)
  throw new SpoorError(
    `SPOOR_UNKNOWN_${what.toUpperCase()}`,
    `There is no ${what} ${JSON.stringify(name.slice(0, 64))}${where}. ` +
      (close === undefined ? knownAre(known) : `Did you mean "${close}"?`),
  )
}

function knownAre(known: readonly string[]): string {
  return known.length === 0 ? 'There are none.' : `Known are ${known.join(', ')}.`
}

/** @throws {SpoorError} `SPOOR_INVALID_OPTION` */
export function refuse(what: string, value: unknown, expects: string): never {
  // Not the value itself unless it is a plain one: headers hold credentials.
  const given =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? JSON.stringify(value).slice(0, 64)
      : value === null
        ? 'null'
        : `${Array.isArray(value) ? 'a list' : typeof value} that does not fit`
  throw new SpoorError('SPOOR_INVALID_OPTION', `${what} should be ${expects}, and is ${given}.`)
}

export function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null && !Array.isArray(value)) || typeof value === 'function'
}
