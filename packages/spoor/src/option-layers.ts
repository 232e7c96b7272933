import { join } from 'node:path'
import { SpoorError } from './api/errors.ts'
import { type Check, type Checks, check, checkEach, refuse } from './checks.ts'
import { type ConfigFile, configFiles } from './config-file.ts'
import { type IgnoreRules, rulesOf } from './instrument/ignore.ts'
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

/** @throws {SpoorError} of every kind: what is wrong in a file or in the environment begins with the name of that place */
export function layeredOptions(code: InitOptions, settings: Settings, folder: string | null): LayeredOptions {
  const base = join(folder ?? '', 'spoor.config.js')
  const files = folder === null ? [] : configFiles(folder, settings.config).map(fileLayer)
  const layers = [
    ...files,
    environmentLayer(settings, base),
    { options: code, origin: () => CODE, base, follows: false },
  ]
  const options: { [name: string]: unknown } = {}
  const origins = new Map<string, string>()
  const strongest = new Map<string, Layer>()
  for (const [name, row] of rows) {
    for (const layer of layers) {
      const value = said(layer.options, name)
      if (value === undefined) continue
      const former = origins.get(name)
      const origin = layer.origin(name)
      options[name] =
        row.merged === true ? { ...properties(name, options[name]), ...properties(name, value) } : value
      origins.set(name, row.merged === true && former !== undefined ? `${former}, ${origin}` : origin)
      strongest.set(name, layer)
    }
  }
  const place = (name: string): Place => ({
    what: called(name, origins.get(name) ?? CODE),
    base: strongest.get(name)?.base ?? base,
  })
  for (const [name, { takes, named }] of rows) {
    const value = options[name]
    if (strongest.get(name)?.follows !== true || typeof value !== 'string' || named?.(value) !== true)
      continue
    options[name] = follow(value, place(name), takes)
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

function properties(name: string, value: unknown): object {
  const all = name === 'ignore' && value !== undefined ? rulesOf(value as IgnoreRules) : (value ?? {})
  return Object.fromEntries(Object.entries(all).filter(([, property]) => property !== undefined))
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
