import type { LoadedHow, ModuleTarget } from './hook.ts'
import { satisfies } from './semver.ts'

/** What {@link edit} has to know of a file. */
export interface SourceFile {
  /** npm name of the package that the file belongs to. */
  readonly package: string
  readonly version: string
  /** Path inside the package, posix, with extension. */
  readonly file: string
  /** Leave it undefined where it is not known: the line then asks at run time. */
  readonly format?: 'commonjs' | 'module' | undefined
  /** Who edits. A bundler, if nobody says otherwise. */
  readonly how?: LoadedHow
  /** Where the file lies. Bundlers leave it out, so that a build is the same on every machine. */
  readonly path?: string
}

/** What the line hands over. */
export interface Handover {
  readonly package: string
  readonly version: string
  readonly file: string
  readonly how: LoadedHow
  readonly path?: string
  /** The CommonJS module, of a file without listed locals. */
  readonly module?: { exports: unknown }
  /** A getter and a setter for each listed local. */
  readonly locals?: Record<string, unknown>
}

/** Where the line hands it: `push` of whatever lies under this symbol. */
export const DESK = 'spoor.loaded'

const CALL = `(globalThis[Symbol.for("${DESK}")]??=[]).push(`

/**
 * The source epilogue: appends one line to a listed file of a listed version, and returns any other source as it came.
 *
 * The line pushes the bindings of the module itself onto a desk. Whoever hooks modules sits there; as long as nobody
 * does, the desk is an array, and a bundle that loads its libraries before it starts tracing loses nothing.
 *
 * No line of the source moves and, but for a default export, no column: source maps, stack traces, directives and the
 * hashbang stay right.
 *
 * @param source text of the file
 * @param file what it is
 * @param targets the list; those for other files are passed over
 */
export function edit(source: string, file: SourceFile, targets: readonly ModuleTarget[]): string {
  const wanted = targets.filter(
    (target) =>
      target.file === file.file &&
      target.package === file.package &&
      satisfies(file.version, target.versions),
  )
  if (wanted.length === 0 || source.includes(CALL)) return source

  const names = [...new Set(wanted.flatMap((target) => target.locals ?? []))]
  const fields: string[] = []
  if (names.length > 0) fields.push(`locals:{${names.map(accessors).join()}}`)
  if (file.format !== 'module' && wanted.some((target) => !target.locals?.length)) {
    fields.push('module:typeof module==="object"?module:void 0')
  }
  if (fields.length === 0) return source

  const { package: name, version, file: path, how = 'bundle' } = file
  const facts = JSON.stringify({ package: name, version, file: path, how, path: file.path }).slice(1, -1)
  return append(names.reduce(loosen, source), `;${CALL}{${facts},${fields.join()}})`)
}

/** `typeof` first: a name that this version does not have costs nothing, and makes no global. */
function accessors(name: string): string {
  return (
    `get ${name}(){return typeof ${name}==="undefined"?void 0:${name}},` +
    `set ${name}(value){if(typeof ${name}!=="undefined")${name}=value}`
  )
}

/**
 * Makes a top-level binding assignable: `const` becomes `let`, filled up so that no column moves, and a default export
 * follows the binding instead of copying its value.
 */
function loosen(source: string, name: string): string {
  return source
    .replace(new RegExp(`^(export[ \\t]+)?const(?=[ \\t]+${pattern(name)}[ \\t]*=)`, 'm'), '$1let  ')
    .replace(new RegExp(`^export default ${pattern(name)};?[ \\t]*$`, 'm'), `export { ${name} as default }`)
}

function pattern(name: string): string {
  return name.replaceAll('$', '\\$')
}

/** A source map comment has to stay the last line: some tools look for it nowhere else. */
function append(source: string, line: string): string {
  const comment = /\n\/\/[#@] source(?:Mapping)?URL=[^\n`]*\s*$/.exec(source)
  const end = comment === null ? source.length : comment.index
  return `${source.slice(0, end)}\n${line}${source.slice(end)}`
}
