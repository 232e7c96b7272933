/**
 * Writes `docs/reference/api.md`: what every door of `spoor` exports, with the first sentence of its comment.
 *
 *     node scripts/generate/api.mjs [--check]
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../support/run.mjs'
import { deliver, table } from './page.mjs'

const types = join(root, 'packages/spoor/dist/esm')
const { exports } = JSON.parse(readFileSync(join(root, 'packages/spoor/package.json'), 'utf8'))

const doors = Object.keys(exports)
  .filter((door) => !['./package.json', './register'].includes(door))
  .map((door) => ({ door, path: exports[door].import.types.replace(/^\.\/dist\/esm\//, '') }))
  .map(({ door, path }) => ({
    name: door.replace(/^\./, 'spoor'),
    file: join(types, path),
    source: join(root, 'packages/spoor/src', path.replace('.d.ts', '.ts')),
  }))
  // A door may stand in the manifest before what it opens is there.
  .filter(({ source }) => existsSync(source))

/** For names that say everything themselves in the code. */
const ownWords = {
  assertNotSameTrace: 'Throws if two spans belong to one trace.',
  assertSameTrace: 'Throws unless two spans belong to one trace.',
  childOf: 'A reference to the span that waits for the new one.',
  followsFrom: 'A reference to a span that caused the new one and does not wait for it.',
  defaultBatchOptions: 'Size, delay and bound of the queue when nobody says otherwise.',
  noopScope: 'A scope that does nothing.',
  noopScopeManager: 'A scope manager in which nothing is ever active.',
  noopSpan: 'A span that keeps nothing.',
  noopSpanContext: 'A context without identifiers.',
  noopTracer: 'The tracer before `init()`: it accepts everything and keeps nothing.',
}

const page = `# What the doors export

<!-- Written by \`npm run generate\` from the declarations. Do not edit. -->

Every door is there for \`import\` and for \`require\`. Two more have no exports: \`spoor/register\` starts tracing when it
is loaded, and the command \`spoor\` is the doctor ([troubleshooting](../guides/troubleshooting.md)). The full words,
with parameters and errors, are in the declarations that your editor shows.

${doors.map(section).join('\n\n')}
`
deliver({ 'docs/reference/api.md': page })

function section({ name, file, source }) {
  const exported = exportsOf(file)
  const values = exported.filter(({ isType }) => !isType)
  const typeNames = exported.filter(({ isType }) => isType).map(({ name }) => code(name))
  const lines = [
    `## ${code(name)}`,
    '',
    aboutDoor(source),
    '',
    table(
      ['Name', ''],
      values.map((each) => [code(each.name), aboutName(each)]),
    ),
  ]
  if (typeNames.length > 0) lines.push('', `Types: ${typeNames.join(', ')}.`)
  return lines.join('\n')
}

/** Names that a door declares or passes on, with the file that declares each. */
function exportsOf(file) {
  const source = readFileSync(file, 'utf8')
  const passedOn = [...source.matchAll(/^export (type )?\{([^}]+)\} from '(.+?)'/gm)].flatMap(
    ([, areTypes, names, from]) =>
      names
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '' && !each.endsWith(' as default'))
        .map((each) => ({
          name: each.replace(/^type /, ''),
          isType: areTypes !== undefined || each.startsWith('type '),
          file: declarationOf(file, from),
        })),
  )
  const namespaces = [...source.matchAll(/^export \* as (\w+) from '(.+?)'/gm)].map(([, name, from]) => ({
    name,
    isType: false,
    namespace: declarationOf(file, from),
  }))
  const own = [...source.matchAll(/^export declare (?:const|function|class) (\w+)/gm)].map(([, name]) => ({
    name,
    isType: false,
    file,
  }))
  const unique = new Map([...own, ...passedOn, ...namespaces].map((each) => [each.name, each]))
  return [...unique.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
}

function declarationOf(file, from) {
  const path = join(dirname(file), from.replace(/\.[jt]s$/, '.d.ts'))
  if (!existsSync(path)) throw new Error(`${file} exports from ${from}, which was not built.`)
  return path
}

/** The comment at the top of a door says what it is for. */
function aboutDoor(file) {
  const comment = /^\s*\/\*\*(.*?)\*\//s.exec(readFileSync(file, 'utf8'))?.[1] ?? ''
  const text = plain(comment.split(/\n\s*\* @/)[0].replace(/^\s*\* ?/gm, '')).replace(/^`[^`]+`: /, '')
  if (text === '') throw new Error(`${file} does not say what it is for.`)
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function aboutName({ name, file, namespace }) {
  if (namespace !== undefined) {
    const names = readFileSync(namespace, 'utf8').matchAll(/^export declare (?:const|function) (\w+)/gm)
    return [...new Set([...names].map(([, each]) => code(each)))].join(', ')
  }
  const comment = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*export declare (?:abstract )?(?:const|function|class) ${name}\\b`,
  ).exec(readFileSync(declarerOf(name, file), 'utf8'))?.[1]
  if (comment === undefined) {
    if (!(name in ownWords)) throw new Error(`${name} has no comment, and no words here.`)
    return ownWords[name]
  }
  const text = plain(comment.split(/\n\s*\* @|:\n\s*\*\n/)[0].replace(/^\s*\* ?/gm, ''))
  return `${(/^.*?\.(?= [A-Z`(]|$)/.exec(text)?.[0] ?? text).replace(/[.:]$/, '')}.`
}

/** The file that declares a name, where the one that is given only passes it on. */
function declarerOf(name, file) {
  const passed = new RegExp(`^export \\{[^}]*\\b${name}\\b[^}]*\\} from '(.+?)'`, 'm').exec(
    readFileSync(file, 'utf8'),
  )
  return passed === null ? file : declarerOf(name, declarationOf(file, passed[1]))
}

/** Without line ends and links, which mean nothing outside of an editor. */
function plain(text) {
  return text
    .replace(/\{@link ([^}]+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim()
}

function code(text) {
  return `\`${text}\``
}
