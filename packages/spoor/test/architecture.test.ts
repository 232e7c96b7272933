import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src')

/** Modules that belong to no folder and that everybody but `api` may use. */
const LEAVES = ['log', 'settle', 'nearest', 'guarded', 'checks', 'specifier', 'tracer-option', 'python-names']

/**
 * Who may import whom. A folder that is not listed here may not exist; a name with a slash is one file. Types count
 * like values: an arrow is an arrow.
 */
const ARROWS: { [folder: string]: string[] } = {
  api: [],
  log: ['api'],
  settle: [],
  nearest: [],
  checks: ['api', 'nearest', 'python-names'],
  guarded: ['log'],
  'python-names': [],
  specifier: ['api', 'checks'],
  'tracer-option': ['api', 'checks', 'specifier'],
  config: ['api', 'variables', 'variable-kinds', ...LEAVES],
  variables: ['variable-kinds'],
  'variable-kinds': ['specifier'],
  scope: ['api'],
  semantics: ['api'],
  tracer: ['api', ...LEAVES],
  propagation: ['api', ...LEAVES],
  export: ['api', 'tracer/finished-span', ...LEAVES],
  instrument: ['api', 'semantics', ...LEAVES],
  instrumentations: ['instrument'],
  frameworks: ['api', 'semantics', 'instrument', 'instrumentations', 'scope', 'adopt', ...LEAVES],
  decorators: ['api', 'tracer/start-active', ...LEAVES],
  testing: [
    'api',
    'instrument/server-options',
    'scope',
    'tracer/start-active',
    'tracer/finished-span',
    'tracer/observation',
    'propagation/carrier',
    'export/span-data',
    'export/memory',
    ...LEAVES,
  ],
  bundler: ['api', 'instrument', 'instrumentations', ...LEAVES],
  carry: ['api', ...LEAVES],
  adopt: ['api', 'tracer/start-active', ...LEAVES],
  runtime: ['api', 'semantics', 'tracer', 'instrument', ...LEAVES],
}

/** What assembles the rest: `init` and its parts may import everything, and only doors may import them. */
const ASSEMBLY = [
  ...['init', 'options', 'options-table', 'option-layers', 'environment-values', 'config-file'],
  ...['awaited-tracer', 'sinks', 'doctor'],
]
const DOORS = ['index', 'register', 'cli']

/** Folders that must run where there is no Node.js. */
const WITHOUT_NODE = ['api', 'tracer', 'propagation', 'semantics', 'export/otlp/protobuf']

test('imports inside packages/spoor/src follow the arrows of the architecture', () => {
  const wrong: string[] = []
  for (const { file, imports } of files()) {
    const from = homeOf(file)
    for (const target of imports.filter((name) => name.startsWith('.'))) {
      const to = posix.normalize(posix.join(posix.dirname(file), target)).replace(/\.ts$/, '')
      const home = homeOf(to)
      if (home === from || DOORS.includes(from)) continue
      if (ASSEMBLY.includes(from) && !DOORS.includes(home)) continue
      if (ARROWS[from]?.some((allowed) => to === allowed || home === allowed)) continue
      wrong.push(`${file} imports ${to}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('the core imports no module of Node.js, so that it runs in browsers and workers', () => {
  const wrong = files()
    .filter(({ file }) =>
      WITHOUT_NODE.some(
        (place) =>
          file.startsWith(`${place}/`) || file.startsWith(`${place}.`) || file.startsWith(`${place}-`),
      ),
    )
    .flatMap(({ file, imports }) =>
      imports.filter((name) => name.startsWith('node:')).map((name) => `${file}: ${name}`),
    )
  assert.deepEqual(wrong, [])
})

test('packages/spoor/src imports nothing from other packages', () => {
  const foreign = files().flatMap(({ file, imports }) =>
    imports
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
      .map((name) => `${file}: ${name}`),
  )
  assert.deepEqual(foreign, [])
})

test('only config.ts reads the environment', () => {
  const wrong = files()
    .filter(
      ({ file, text }) => !['config.ts', 'cli.ts'].includes(file) && /\bprocess\.env\b/.test(code(text)),
    )
    .map(({ file }) => file)
  assert.deepEqual(wrong, [])
})

test('attribute names are written in semantics/ alone, not in tables', () => {
  const wrong = files()
    .filter(
      ({ file, text }) =>
        file.startsWith('instrumentations/') &&
        /'(?:http|db|url|server|net|peer)\.[a-z_.]+'/.test(code(text)),
    )
    .map(({ file }) => file)
  assert.deepEqual(wrong, [])
})

test('a table has no control over spans: no startSpan, no finish, no try, no then', () => {
  const wrong = files()
    .filter(
      ({ file, text }) =>
        file.startsWith('instrumentations/') && /\b(?:startSpan|\.finish\(|try \{|\.then\()/.test(code(text)),
    )
    .map(({ file }) => file)
  assert.deepEqual(wrong, [])
})

test('a table fits on a page: 80 lines, 150 at the very most', () => {
  const long = files()
    .filter(({ file, text }) => /^instrumentations\/[^/]+$/.test(file) && text.split('\n').length > 150)
    .map(({ file }) => file)
  assert.deepEqual(long, [])
})

interface SourceFile {
  /** Path below src, with slashes. */
  file: string
  text: string
  imports: string[]
}

function files(): SourceFile[] {
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      const text = readFileSync(path, 'utf8')
      const imports = [
        ...code(text).matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]/g),
      ]
      return {
        file: relative(source, path).split(sep).join('/'),
        text,
        imports: imports.map((match) => match[1] as string),
      }
    })
}

/** Without comments, in which examples may import what they like. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

/** The folder of a file, or the file itself where it is in none. */
function homeOf(path: string): string {
  return (path.split('/')[0] as string).replace(/\.ts$/, '')
}
