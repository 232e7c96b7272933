import { SpoorError } from './api/errors.ts'
import { report } from './log.ts'
import { nearest } from './nearest.ts'
import type { Variable } from './variable-kinds.ts'
import { type Settings, variables } from './variables.ts'

/** The only reader of the environment. What it looks for stands in `variables.ts`. */

export type Environment = { readonly [name: string]: string | undefined }

/**
 * Reads the environment.
 *
 * @throws {SpoorError} `SPOOR_UNKNOWN_VARIABLE` for a `SPOOR_` variable that does not exist, and
 *   `SPOOR_INVALID_VARIABLE` for one with a value that cannot be read. What is wrong with an `OTEL_` variable is
 *   reported and the default taken, as OpenTelemetry asks.
 */
export function readEnvironment(env: Environment): Settings {
  refuseUnknown(env)
  const values: { [key: string]: unknown } = {}
  for (const [key, variable] of Object.entries(variables)) {
    const given = env[variable.name]?.trim()
    if (given === undefined || given === '') continue
    const value = variable.names === undefined ? variable.read(given) : readNames(variable, given)
    if (value !== undefined) values[key] = value
    else complain(variable, given)
  }
  return values as Settings
}

function complain(variable: Variable<unknown>, given: string): void {
  const shown = variable.secret === true ? 'not understood' : JSON.stringify(given.slice(0, 80))
  const message = `${variable.name} is ${shown}; it should be ${variable.expects}.`
  if (variable.name.startsWith('SPOOR_')) throw new SpoorError('SPOOR_INVALID_VARIABLE', message)
  report(`env.${variable.name}`, `${message} The default is used.`)
}

/** The names that there are, in lower case; the others are reported. Undefined when none is left. */
function readNames(variable: Variable<unknown>, given: string): string[] | undefined {
  const names = (variable.read(given) as string[]).map((name) => name.toLowerCase())
  const known = names.filter((name) => variable.names?.includes(name))
  for (const name of names.filter((name) => !known.includes(name))) {
    const close = nearest(name, variable.names ?? [])
    report(
      `env.${variable.name}.${name.slice(0, 64)}`,
      `${variable.name} names ${JSON.stringify(name.slice(0, 64))}, which there is not.` +
        (close === undefined ? ` Known are ${variable.names?.join(', ')}.` : ` Did you mean "${close}"?`),
    )
  }
  // "None" beside others says both that there is nothing and that there is something.
  return known.length === 0 || (known.includes('none') && known.length > 1) ? undefined : known
}

/** Names that others read, in the same environment, for the same package. */
const NOT_OURS = /^SPOOR_(?:VIEWER|TEST|SKIP|BENCH)_/

function refuseUnknown(env: Environment): void {
  const known = Object.values(variables).map(({ name }) => name)
  for (const name of Object.keys(env)) {
    if (!name.startsWith('SPOOR_') || NOT_OURS.test(name) || known.includes(name)) continue
    const close = nearest(
      name,
      known.filter((each) => each.startsWith('SPOOR_')),
    )
    throw new SpoorError(
      'SPOOR_UNKNOWN_VARIABLE',
      `There is no variable ${name}.${close === undefined ? '' : ` Did you mean ${close}?`} Correct it or remove it.`,
    )
  }
}

/** This process's environment. Empty where there is none. */
export function processEnvironment(): Environment {
  return typeof process === 'object' ? process.env : {}
}
