import { createRequire } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SpoorError } from './api/errors.ts'
import { requireKnown } from './checks.ts'

/**
 * A thing named by a string, where no code can name it: `'./tracing.js#createTracer'`, `'package#export'`, and
 * `'./tracer.js'` for what a module exports by default. Whatever is wrong with one is told at start: a name that led
 * to nothing must not become a callback that is never called (behaviour PYR-Q05).
 */

/** Where a specifier stands. */
export interface Place {
  /** As messages call it: `the option tracer in /app/package.json`. */
  readonly what: string
  /** The file that relative paths start from, or a file that could be in the folder that they start from. */
  readonly base: string
}

const PATH = /^(?:\.{1,2}[\\/]|file:)/

export function isSpecifier(value: unknown): value is string {
  return typeof value === 'string' && (isPath(value) || /^[^\s]+#[^\s#]+$/.test(value))
}

/** Whether it names an export of a file by its path: elsewhere a text with a `#` in it may be just a text. */
export function isPathSpecifier(value: unknown): value is string {
  return typeof value === 'string' && PATH.test(value) && value.lastIndexOf('#') > 0
}

/** A place in code, or in the environment: paths start from the working directory. */
export function placeHere(what: string): Place {
  return { what, base: join(process.cwd(), 'spoor.config.js') }
}

/**
 * What a specifier names. Modules are loaded synchronously: every Node.js that we support `require`s ES modules too.
 *
 * @throws {SpoorError} `SPOOR_MODULE_NOT_FOUND`, `SPOOR_MODULE_ASYNC`, `SPOOR_MODULE_FAILED`, `SPOOR_UNKNOWN_EXPORT`
 */
export function load(specifier: string, place: Place): unknown {
  const mark = specifier.lastIndexOf('#')
  const [module, name] = mark > 0 ? [specifier.slice(0, mark), specifier.slice(mark + 1)] : [specifier, '']
  const path = resolve(module, place)
  const exported = loadModule(path, place)
  if (name === '' || name === 'default') return byDefault(exported, path, place)
  const found = (exported as { [name: string]: unknown } | null | undefined)?.[name]
  // Every object has a `toString`, and nobody exports it.
  if (found === undefined || found === (Object.prototype as { [name: string]: unknown })[name])
    requireKnown('export', name, namesOf(exported, name), in_(path, place))
  return found
}

/** What a module exports by default; all of it where it is CommonJS that was written as such. */
export function byDefault(exported: unknown, path: string, place: Place): unknown {
  const { default: own, __esModule } = (exported ?? {}) as { default?: unknown; __esModule?: unknown }
  if (own !== undefined && (__esModule === true || isNamespace(exported))) return own
  if (isNamespace(exported)) requireKnown('export', 'default', namesOf(exported, 'default'), in_(path, place))
  return exported
}

/** @throws {SpoorError} `SPOOR_MODULE_ASYNC`, `SPOOR_MODULE_FAILED` */
export function loadModule(path: string, { what }: Place): unknown {
  try {
    return createRequire(path)(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_REQUIRE_ASYNC_MODULE') {
      throw new SpoorError(
        'SPOOR_MODULE_ASYNC',
        `${what} needs ${path}, which awaits something at its top level. Move the \`await\` into a function.`,
        { cause: error },
      )
    }
    throw new SpoorError('SPOOR_MODULE_FAILED', `${what} needs ${path}, which fails: ${firstLine(error)}`, {
      cause: error,
    })
  }
}

/** What went wrong, in one line: the rest is in the error's `cause`. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.split('\n')[0] as string).slice(0, 300)
}

function resolve(module: string, { what, base }: Place): string {
  try {
    return createRequire(base).resolve(module.startsWith('file:') ? fileURLToPath(module) : module)
  } catch (error) {
    throw new SpoorError(
      'SPOOR_MODULE_NOT_FOUND',
      `${what} names ${JSON.stringify(module.slice(0, 200))}, which cannot be found from ${dirname(base)}: ${firstLine(error)}`,
      { cause: error },
    )
  }
}

function isPath(value: string): boolean {
  return PATH.test(value) || isAbsolute(value)
}

function isNamespace(exported: unknown): boolean {
  return Object.prototype.toString.call(exported) === '[object Module]'
}

function namesOf(exported: unknown, asked: string): string[] {
  return Object.keys(exported ?? {}).filter((name) => name !== asked && name !== '__esModule')
}

function in_(path: string, { what }: Place): string {
  return ` in ${path}, which ${what} needs`
}
