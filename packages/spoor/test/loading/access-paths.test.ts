import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { hasSyncHooks } from '../../dist/esm/instrument/hook-sync.js'
import { preload, Sandbox } from './sandbox.ts'

const targets = [
  { package: 'cjs-lib', versions: '>=1 <2', file: 'lib/inner.js' },
  { package: 'cjs-lib', versions: '>=1 <2', file: 'lib/local.js', locals: ['helper', 'Hidden'] },
  { package: 'esm-lib', versions: '^3.1', file: 'index.js', locals: ['entry'] },
  {
    package: 'esm-lib',
    versions: '^3.1',
    file: 'lib/inner.js',
    locals: ['run', 'arrow', 'Client', 'main', 'missing'],
  },
  { package: 'dual-lib', versions: '*', file: 'index.cjs' },
  { package: 'dual-lib', versions: '*', file: 'index.mjs', locals: ['run'] },
  { package: '@scope/lib', versions: '4', file: 'main.js' },
  { package: 'cyclic', versions: '1', file: 'a.js' },
  { package: 'esm-cyclic', versions: '1', file: 'a.js', locals: ['a'] },
]

const packages = {
  'node_modules/cjs-lib/package.json': { name: 'cjs-lib', version: '1.4.0', main: './index.js' },
  'node_modules/cjs-lib/index.js': `module.exports = require('./lib/inner')\nmodule.exports.local = require('./lib/local')`,
  'node_modules/cjs-lib/lib/inner.js': `'use strict'
class Client { run() { return 'client' } }
exports.run = () => 'run'
exports.Client = Client
exports.again = undefined
// the last line is a comment`,
  'node_modules/cjs-lib/lib/local.js': `'use strict'
const helper = () => 'helper'
class Hidden { run() { return 'hidden' } }
exports.call = () => helper()
exports.hidden = () => new Hidden().run()`,
  'node_modules/esm-lib/package.json': {
    name: 'esm-lib',
    version: '3.1.4',
    type: 'module',
    exports: { '.': './index.js', './sub': './lib/inner.js' },
  },
  'node_modules/esm-lib/index.js': `export * from './lib/inner.js'
export { default } from './lib/inner.js'
export function entry() { return 'entry' }`,
  'node_modules/esm-lib/lib/inner.js': `export function run() { return 'run' }
export const arrow = () => 'arrow'
export class Client { run() { return 'client' } }
export function inside() { return run() }
function main() { return 'main' }
export default main
//# sourceMappingURL=inner.js.map`,
  'node_modules/dual-lib/package.json': {
    name: 'dual-lib',
    version: '0.0.1',
    exports: { import: './index.mjs', require: './index.cjs' },
  },
  'node_modules/dual-lib/index.cjs': `exports.run = () => 'cjs'`,
  'node_modules/dual-lib/index.mjs': `export const run = () => 'esm'`,
  'node_modules/@scope/lib/package.json': { name: '@scope/lib', version: '4.9.0', main: 'main.js' },
  'node_modules/@scope/lib/main.js': `exports.run = () => 'scoped'`,
  'node_modules/cyclic/package.json': { name: 'cyclic', version: '1.0.0', main: 'a.js' },
  'node_modules/cyclic/a.js': `const b = require('./b')\nexports.run = () => 'a'\nexports.viaB = () => b.callA()`,
  'node_modules/cyclic/b.js': `const a = require('./a')\nexports.callA = () => a.run()`,
  'node_modules/esm-cyclic/package.json': {
    name: 'esm-cyclic',
    version: '1.0.0',
    type: 'module',
    exports: './a.js',
  },
  'node_modules/esm-cyclic/a.js': `import { callA } from './b.js'\nexport const a = () => 'a'\nexport { callA }`,
  'node_modules/esm-cyclic/b.js': `import { a } from './a.js'\nexport const callA = () => a()`,
}

/** Each way on which an application reaches a binding: what it evaluates to, and what that must be. */
const ways: { way: string; code: string; answer: string; only?: 'hooks' }[] = [
  { way: 'require, property', code: `require('cjs-lib').run()`, answer: 'traced run' },
  { way: 'require, destructured', code: `const { run } = require('cjs-lib'); run()`, answer: 'traced run' },
  { way: 'require, class', code: `new (require('cjs-lib').Client)().run()`, answer: 'traced client' },
  { way: 'require, subpath', code: `require('cjs-lib/lib/inner').run()`, answer: 'traced run' },
  { way: 'require, scoped package', code: `require('@scope/lib').run()`, answer: 'traced scoped' },
  { way: 'require, dual package', code: `require('dual-lib').run()`, answer: 'traced cjs' },
  {
    way: 'require, internal call of a const',
    code: `require('cjs-lib').local.call()`,
    answer: 'traced helper',
  },
  { way: 'require, hidden class', code: `require('cjs-lib').local.hidden()`, answer: 'traced hidden' },
  { way: 'require, cycle', code: `require('cyclic').viaB()`, answer: 'traced traced a' },
  { way: 'require of an ES module', code: `require('esm-lib').entry()`, answer: 'traced entry' },
  {
    way: 'require of an ES module, inner file',
    code: `require('esm-lib').run()`,
    answer: 'traced run',
    only: 'hooks',
  },
  {
    way: 'require of an ES module, subpath',
    code: `new (require('esm-lib/sub').Client)().run()`,
    answer: 'traced client',
  },
  {
    way: 'dynamic import from CommonJS',
    code: `import('esm-lib').then((m) => m.run())`,
    answer: 'traced run',
  },
  { way: 'import of CommonJS, named', code: `import { run } from 'cjs-lib'; run()`, answer: 'traced run' },
  { way: 'import of CommonJS, default', code: `import lib from 'cjs-lib'; lib.run()`, answer: 'traced run' },
  {
    way: 'import of CommonJS, namespace',
    code: `import * as lib from 'cjs-lib'; lib.run()`,
    answer: 'traced run',
  },
  {
    way: 'import of CommonJS, subpath with a class',
    code: `import { Client } from 'cjs-lib/lib/inner.js'; new Client().run()`,
    answer: 'traced client',
  },
  { way: 'import, named function', code: `import { run } from 'esm-lib'; run()`, answer: 'traced run' },
  { way: 'import, named const', code: `import { arrow } from 'esm-lib'; arrow()`, answer: 'traced arrow' },
  {
    way: 'import, named class',
    code: `import { Client } from 'esm-lib'; new Client().run()`,
    answer: 'traced client',
  },
  { way: 'import, default', code: `import main from 'esm-lib'; main()`, answer: 'traced main' },
  { way: 'import, namespace', code: `import * as lib from 'esm-lib'; lib.arrow()`, answer: 'traced arrow' },
  { way: 'import, subpath', code: `import { run } from 'esm-lib/sub'; run()`, answer: 'traced run' },
  { way: 'import, internal call', code: `import { inside } from 'esm-lib'; inside()`, answer: 'traced run' },
  { way: 'import, dual package', code: `import { run } from 'dual-lib'; run()`, answer: 'traced esm' },
  { way: 'import, cycle', code: `import { callA } from 'esm-cyclic'; callA()`, answer: 'traced a' },
  { way: 'dynamic import, ES module', code: `(await import('esm-lib')).run()`, answer: 'traced run' },
  { way: 'dynamic import, CommonJS', code: `(await import('cjs-lib')).run()`, answer: 'traced run' },
  {
    way: 'createRequire in an ES module',
    code: `import { createRequire } from 'node:module'; createRequire(import.meta.url)('cjs-lib').run()`,
    answer: 'traced run',
  },
]

describe('every way to a binding of a listed file', () => {
  const sandbox = new Sandbox({
    ...packages,
    'preload.cjs': preload(targets),
    'preload.mjs': preload(targets, 'esm'),
  })
  after(() => sandbox.remove())

  const preloads = [
    ['-r', './preload.cjs'],
    ['--import', './preload.cjs'],
    ['--import', './preload.mjs'],
  ]

  for (const [flag, file] of preloads as [string, string][]) {
    // All ways in few processes: each in a file of its own, imported one after the other, would share the module cache.
    it(`is edited under ${flag} ${file}`, { concurrency: false }, async () => {
      const outcomes = await inGroups(ways, 6, async ({ way, code, only }, number) => {
        if (only === 'hooks' && !hasSyncHooks()) return null
        const script = `${flag.replaceAll('-', '')}-${file.at(-3)}-${number}.${isModule(code) ? 'mjs' : 'cjs'}`
        sandbox.write({ [script]: application(code) })
        return { way, ...(await sandbox.run([flag, file, script])) }
      })
      for (const [number, outcome] of outcomes.entries()) {
        if (outcome === null) continue
        assert.equal(outcome.stderr, '', `${outcome.way}: something was printed`)
        assert.equal(outcome.code, 0, `${outcome.way}: ${outcome.stdout}`)
        assert.equal(outcome.answer, ways[number]?.answer, outcome.way)
      }
    })
  }
})

function isModule(code: string): boolean {
  return code.startsWith('import ') || code.includes('await ')
}

/** The last expression of the code is the answer. */
function application(code: string): string {
  const statements = code.split('; ')
  const last = statements.pop()
  return `${statements.join('\n')}\nPromise.resolve(${last}).then((answer) => console.log(JSON.stringify(answer)))\n`
}

async function inGroups<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item, number: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += size) {
    const group = items.slice(start, start + size)
    results.push(...(await Promise.all(group.map((item, place) => work(item, start + place)))))
  }
  return results
}
