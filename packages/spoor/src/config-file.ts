import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { SpoorError } from './api/errors.ts'
import { refuse } from './checks.ts'
import { byDefault, firstLine, loadModule } from './specifier.ts'

/** Options that stand in files: `spoor.config.js` and its like, and the `spoor` key of `package.json`. */
export interface ConfigFile {
  readonly path: string
  /** As messages call it. */
  readonly name: string
  readonly options: object
}

const NAMES = ['spoor.config.js', 'spoor.config.mjs', 'spoor.config.cjs', 'spoor.config.json']

/**
 * The files that configure what runs in a folder, the weaker first: the `spoor` key of the nearest `package.json`, and
 * the nearest configuration file between the folder and that `package.json`. Where no `package.json` is above, only
 * the folder itself is looked at: what lies in `/tmp` or `/` belongs to nobody in particular, and would be run.
 *
 * @param named the path of the configuration file, where it is not to be looked for
 * @throws {SpoorError} `SPOOR_CONFIG_NOT_FOUND`, `SPOOR_CONFIG_AMBIGUOUS`, `SPOOR_CONFIG_UNREADABLE`,
 *   `SPOOR_INVALID_OPTION`, and as `loadModule`
 */
export function configFiles(folder: string, named?: string): ConfigFile[] {
  const { folders, manifest } = placesAbove(folder)
  const file = named === undefined ? nearestFile(folders) : namedFile(folder, named)
  return [
    ...(manifest === null ? [] : optionsInManifest(manifest)),
    ...(file === null ? [] : [readConfig(file)]),
  ]
}

function placesAbove(folder: string): { folders: readonly string[]; manifest: string | null } {
  const folders: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    folders.push(at)
    const manifest = join(at, 'package.json')
    if (existsSync(manifest)) return { folders, manifest }
    if (dirname(at) === at) return { folders: [folder], manifest: null }
  }
}

function nearestFile(folders: readonly string[]): string | null {
  for (const folder of folders) {
    const found = NAMES.filter((name) => existsSync(join(folder, name)))
    if (found.length > 1) {
      throw new SpoorError(
        'SPOOR_CONFIG_AMBIGUOUS',
        `${folder} has ${found.join(' and ')}. Keep one, or name one in SPOOR_CONFIG.`,
      )
    }
    if (found.length === 1) return join(folder, found[0] as string)
  }
  return null
}

function namedFile(folder: string, named: string): string {
  const path = isAbsolute(named) ? named : resolve(folder, named)
  if (existsSync(path)) return path
  throw new SpoorError('SPOOR_CONFIG_NOT_FOUND', `SPOOR_CONFIG names ${path}, which there is not.`)
}

function readConfig(path: string): ConfigFile {
  if (path.endsWith('.json')) return configFile(path, path, parse(path, readText(path)))
  const place = { what: 'Spoor', base: path }
  return configFile(path, path, byDefault(loadModule(path, place), path, place))
}

function optionsInManifest(path: string): ConfigFile[] {
  const text = readText(path)
  // Most have no such word, and need not be parsed.
  if (!text.includes('"spoor"')) return []
  const { spoor } = (parse(path, text) ?? {}) as { spoor?: unknown }
  return spoor === undefined ? [] : [configFile(path, `the key "spoor" of ${path}`, spoor)]
}

function configFile(path: string, name: string, options: unknown): ConfigFile {
  const { then } = (options ?? {}) as { then?: unknown }
  if (typeof options !== 'object' || options === null || Array.isArray(options) || then !== undefined) {
    refuse(`what ${name} gives`, options, 'an object of options')
  }
  return { path, name, options }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    throw unreadable(path, error)
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): SpoorError {
  return new SpoorError('SPOOR_CONFIG_UNREADABLE', `${path} cannot be read: ${firstLine(error)}`, {
    cause: error,
  })
}
