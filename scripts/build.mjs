/**
 * Builds what changed: the library as ES modules and CommonJS, the viewer and its page, and, when asked, the tests.
 * A type error fails the build with the compiler's words.
 *
 *     node scripts/build.mjs [--tests] [--force]
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesUnder, fingerprint } from './support/fingerprint.mjs'
import { root, runNode } from './support/run.mjs'
import { main, step, Trouble } from './support/terminal.mjs'

const tsc = join(root, 'node_modules/typescript/bin/tsc')
const shared = ['tsconfig.base.json', 'scripts/build.mjs', 'node_modules/typescript/package.json']

/**
 * What there is to build, in order. `from` is everything the result depends on; `to` the folders it fills;
 * `outOf` the folder whose files decide which compiled files are stale.
 */
const targets = [
  {
    name: 'spoor',
    from: [
      'packages/spoor/src',
      'packages/spoor/tsconfig.json',
      'packages/spoor/tsconfig.cjs.json',
      'packages/spoor/package.json',
      'packages/spoor/scripts/compact.mjs',
    ],
    to: ['packages/spoor/dist/esm', 'packages/spoor/dist/cjs'],
    outOf: 'packages/spoor/src',
    async make() {
      await compile('packages/spoor/tsconfig.json', 'packages/spoor/tsconfig.cjs.json')
      await runScript('packages/spoor/scripts/compact.mjs')
    },
    after() {
      // The package is `type: module`; its CommonJS half needs a word to the contrary.
      writeFileSync(join(root, 'packages/spoor/dist/cjs/package.json'), '{ "type": "commonjs" }\n')
      copyDeclarations('packages/spoor/dist/esm', 'packages/spoor/dist/cjs')
      makeExecutable('packages/spoor')
    },
  },
  {
    name: 'the doors of spoor',
    from: ['packages/spoor/src', 'packages/spoor/scripts/bundle.mjs', 'packages/spoor/tsconfig.json'],
    to: ['packages/spoor/dist/bundle'],
    make: () => runScript('packages/spoor/scripts/bundle.mjs'),
  },
  {
    name: 'spoor-viewer',
    from: ['packages/viewer/src', 'packages/viewer/tsconfig.json', 'packages/viewer/package.json'],
    to: ['packages/viewer/dist'],
    outOf: 'packages/viewer/src',
    except: ['packages/viewer/src/web', 'packages/viewer/dist/web'],
    make: () => compile('packages/viewer/tsconfig.json'),
    after: () => makeExecutable('packages/viewer'),
  },
  {
    name: 'the page of spoor-viewer',
    from: ['packages/viewer/src/web', 'packages/viewer/src/api.ts', 'packages/viewer/scripts/build-web.mjs'],
    to: ['packages/viewer/dist/web'],
    make: buildPage,
  },
  {
    name: 'the tests of spoor',
    tests: true,
    from: ['packages/spoor/src', 'packages/spoor/test', 'packages/spoor/tsconfig.test.json'],
    to: ['packages/spoor/test-dist'],
    outOf: 'packages/spoor/test',
    make: () => compile('packages/spoor/tsconfig.test.json'),
  },
  {
    name: 'the tests of spoor-viewer',
    tests: true,
    from: [
      'packages/spoor/src',
      'packages/viewer/src',
      'packages/viewer/test',
      'packages/viewer/tsconfig.test.json',
    ],
    to: ['packages/viewer/test-dist'],
    outOf: 'packages/viewer/test',
    make: () => compile('packages/viewer/tsconfig.test.json'),
  },
]

/** @param {{ tests?: boolean, force?: boolean }} options `force` builds even what did not change */
export async function build({ tests = false, force = false } = {}) {
  const due = targets.filter(
    (target) => (tests || !target.tests) && hasSources(target) && (force || isStale(target)),
  )
  const failures = []
  for (const target of due) {
    // Tests of a package that does not compile would only repeat its errors.
    if (target.tests && failures.length > 0) break
    try {
      await step(`Building ${target.name}`, () => buildOne(target))
    } catch (error) {
      if (!(error instanceof Trouble)) throw error
      failures.push(error.message)
    }
  }
  if (failures.length > 0) throw new Trouble(failures.join('\n\n'))
}

async function buildOne(target) {
  const stamp = stampOf(target)
  rmSync(stamp, { force: true })
  // The digest is taken first: what is edited during the build is built again by the next one.
  const sources = digestOf(target)
  await target.make()
  sweep(target)
  target.after?.()
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, JSON.stringify({ sources, outputs: outputsOf(target) }))
}

const hasSources = (target) =>
  filesUnder(target.from[0]).length > 0 && (!target.outOf || filesUnder(target.outOf).length > 0)
const digestOf = (target) => fingerprint([...target.from, ...shared])
const stampOf = (target) =>
  join(root, 'node_modules/.spoor-built', `${target.name.replaceAll(' ', '-')}.json`)

/** The files that a build left, with their sizes: a folder that somebody emptied or overwrote is built again. */
function outputsOf(target) {
  const files = target.to.flatMap(filesUnder).filter((file) => !isExcepted(target, file))
  return files.map((file) => `${file} ${statSync(join(root, file)).size}`)
}

function isStale(target) {
  if (!existsSync(stampOf(target))) return true
  const { sources, outputs } = JSON.parse(readFileSync(stampOf(target), 'utf8'))
  return sources !== digestOf(target) || outputs.join('\n') !== outputsOf(target).join('\n')
}

const isExcepted = (target, file) => target.except?.some((folder) => file.startsWith(`${folder}/`)) ?? false

/** Compiles projects side by side. Two of the same sources mostly find the same errors: the first one's are shown. */
async function compile(...projects) {
  const results = await Promise.all(
    projects.map((project) => runNode([tsc, '--project', project, '--pretty', 'false'])),
  )
  const failed = results.findIndex(({ code }) => code !== 0)
  if (failed >= 0) throw new Trouble(`${projects[failed]}\n${results[failed].output.trimEnd()}`)
}

/** Both halves have the same types; only where they lie tells which half they speak of. */
/** Those that a door leads to: the others describe what nobody can import. */
function copyDeclarations(from, to) {
  for (const file of declarationsOf(from))
    copyFileSync(join(root, file), join(root, to, relative(from, file)))
}

function declarationsOf(from) {
  const { exports } = JSON.parse(readFileSync(join(root, 'packages/spoor/package.json'), 'utf8'))
  const doors = Object.values(exports).map((door) => door.require?.types ?? door.types)
  const found = new Set()
  const follow = (file) => {
    if (found.has(file)) return
    found.add(file)
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, path] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)) {
      follow(join(dirname(file), path).replace(/\.[jt]s$/, '.d.ts'))
    }
  }
  for (const door of doors.filter(Boolean)) follow(join(from, relative('dist/cjs', door)))
  return found
}

/** The page is checked by the compiler and bundled by its own script. */
async function buildPage() {
  await compile('packages/viewer/src/web/tsconfig.json')
  await runScript('packages/viewer/scripts/build-web.mjs')
}

async function runScript(script) {
  const { code, output } = await runNode([join(root, script)])
  if (code !== 0) throw new Trouble(`${script}\n${output.trimEnd()}`)
}

/** Removes compiled files whose source is gone: an old test would otherwise go on passing. */
function sweep(target) {
  if (!target.outOf) return
  const sources = new Set(
    filesUnder(target.outOf)
      .filter((file) => !isExcepted(target, file))
      .map((file) => file.slice(target.outOf.length).replace(/\.([cm]?)tsx?$/, '.$1js')),
  )
  for (const folder of target.to) {
    for (const file of filesUnder(folder)) {
      if (isExcepted(target, file) || !/\.[cm]?(js|ts)(\.map)?$/.test(file)) continue
      const compiled = file.slice(folder.length).replace(/(\.d)?\.([cm]?)[jt]s(\.map)?$/, '.$2js')
      if (!sources.has(compiled)) rmSync(join(root, file))
    }
  }
}

function makeExecutable(folder) {
  const { bin = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  for (const file of Object.values(bin)) {
    if (existsSync(join(root, folder, file))) chmodSync(join(root, folder, file), 0o755)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() =>
    build({ tests: process.argv.includes('--tests'), force: process.argv.includes('--force') }),
  )
}
