import { join } from 'node:path'
import { SpoorError } from './api/errors.ts'
import { type Check, type Checks, check, checkEach, refuse } from './checks.ts'
import { type ConfigFile, configFiles } from './config-file.ts'
import { rulesOf } from './instrument/ignore.ts'
import type { InitOptions } from './options.ts'
import { checkOptions, type OptionRow, optionsTable } from './options-table.ts'
import { isSpecifier, load, type Place } from './specifier.ts'
import { type Settings, variables } from './variables.ts'

/** Brings the sources of options together: `package.json`, the configuration file, the environment, code. */

/** What is said in one place. */
interface Layer {
  readonly options: { readonly [name: string]: any }
  /** Who says it, of one option. */
  readonly origin: (name: string) => string
  /** Where paths start from. */
  readonly base: string
  /** Names of what cannot be written down are followed: everywhere but in code. */
  readonly follows: boolean
}

/** What holds, and who said it. */
export interface LayeredOptions {
  readonly options: InitOptions
  readonly origins: ReadonlyMap<string, string>
  /** Where an option stands, for what it names. */
  place(name: keyof InitOptions): Place
}

/** In `origins`: not from outside. */
export const CODE = 'code'

const rows = Object.entries(optionsTable) as [keyof InitOptions, OptionRow][]

/** Variables that say an option, and those that have been heard when this is asked. */
const SAYING: ReadonlySet<string> = new Set([
  ...rows.flatMap(([, row]) => row.variables ?? []),
  ...['config', 'doctor'],
])

/**
 * @param folder from which files are looked for, and paths start; null where there is none
 * @param off nothing will be started: no file is read, no name followed
 * @throws {SpoorError} of every kind: what is wrong in a file begins with the name of the file
 */
export function layeredOptions(
  code: InitOptions,
  settings: Settings,
  folder: string | null,
  off: boolean,
): LayeredOptions {
  const base = join(folder ?? '/', 'spoor.config.js')
  const files = off || folder === null ? [] : configFiles(folder, settings.config).map(fileLayer)
  const layers = [
    ...files,
    environmentLayer(settings, base),
    { options: code, origin: () => CODE, base, follows: false },
  ]
  const origins = new Map<string, string>()
  const options: { [name: string]: unknown } = {}
  const place = (name: string): Place => ({
    what: called(name, origins.get(name) ?? CODE),
    base: layers.findLast((layer) => said(layer.options, name) !== undefined)?.base ?? base,
  })
  for (const [name, row] of rows) {
    const speaking = layers.filter((layer) => said(layer.options, name) !== undefined)
    const heard = row.merged === true ? speaking : speaking.slice(-1)
    if (heard.length === 0) continue
    origins.set(name, heard.map((layer) => layer.origin(name)).join(', '))
    const values = heard.map((layer) => said(layer.options, name))
    const value = row.merged === true ? merged(name, values) : values[0]
    const follows = !off && heard.at(-1)?.follows === true && isName(name, value)
    options[name] = follows ? follow(value as string, place(name), row.takes) : value
  }
  for (const key of Object.keys(settings) as (keyof Settings)[]) {
    if (!SAYING.has(key)) origins.set(variables[key].name, 'the environment')
  }
  return { options, origins, place }
}

function called(name: string, origin: string): string {
  if (origin === CODE) return `the option ${name}`
  return origin.includes(' ') || origin.includes('.') ? `the option ${name} in ${origin}` : origin
}

/** The name of the service may stand among the attributes: who says so has said it. */
function said(options: Layer['options'], name: string): unknown {
  return name === 'serviceName'
    ? (options[name] ?? options['resourceAttributes']?.['service.name'])
    : options[name]
}

function merged(name: string, values: readonly any[]): object {
  const properties = values.flatMap((value) => Object.entries(name === 'ignore' ? rulesOf(value) : value))
  return Object.fromEntries(properties.filter(([, value]) => value !== undefined))
}

function environmentLayer(settings: Settings, base: string): Layer {
  const options: { [name: string]: any } = {}
  const origins: { [name: string]: string } = {}
  for (const [name, { variables: keys, from }] of rows) {
    if (keys === undefined) continue
    const value = from === undefined ? settings[keys[0] as keyof Settings] : from(settings)
    if (value === undefined) continue
    options[name] = value
    origins[name] = keys
      .filter((key) => settings[key] !== undefined)
      .map((key) => variables[key].name)
      .join(', ')
  }
  const { tracedAttributes } = options
  if (tracedAttributes !== undefined)
    placed(origins['tracedAttributes'] as string, () => checkOptions({ tracedAttributes }))
  return { options, origin: (name) => origins[name] as string, base, follows: true }
}

function fileLayer({ path, name, options }: ConfigFile): Layer {
  return placed(name, () => {
    checkEach(options, FILE_CHECKS)
    const followed: { [name: string]: unknown } = { ...options, ...ignoreIn(options, path) }
    const plain = Object.entries(followed).filter(([key, value]) => !isName(key, value))
    checkOptions(Object.fromEntries(plain))
    return { options: followed, origin: () => name, base: path, follows: true }
  })
}

const FILE_CHECKS = Object.fromEntries(
  rows.map(([name, { takes, named }]): [string, Check] => [
    name,
    name === 'ignore' || named !== undefined
      ? check(
          (value) => takes.fits(value) || isName(name, value),
          `${takes.expects}, or the name of one: "./file.js#export"`,
        )
      : takes,
  ]),
) as Checks<any>

function isName(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false
  return name === 'ignore'
    ? isSpecifier(value)
    : optionsTable[name as keyof InitOptions].named?.(value) === true
}

/** The functions among the rules, which a file can only name. */
function ignoreIn({ ignore }: { ignore?: any }, base: string): { ignore?: object } {
  if (ignore === undefined) return {}
  const rules: { [rule: string]: unknown } = {
    ...(typeof ignore === 'string' ? { when: ignore } : rulesOf(ignore)),
  }
  for (const rule of ['when', 'whenRouted']) {
    const value = rules[rule]
    if (isSpecifier(value)) rules[rule] = follow(value, { what: `ignore.${rule}`, base }, callable)
  }
  return { ignore: rules }
}

const callable = check((value) => typeof value === 'function', 'a function')

function follow(name: string, place: Place, takes: Check): unknown {
  const found = load(name, place)
  if (!takes.fits(found)) refuse(`${place.what} names ${JSON.stringify(name)}, which`, found, takes.expects)
  return found
}

/** What goes wrong in `action` is told with the place where it stands. */
function placed<Result>(name: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error
    throw new SpoorError(error.code, `${name}: ${error.message}`, { cause: error.cause })
  }
}
