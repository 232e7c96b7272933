import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { preload, Sandbox } from './sandbox.ts'

const targets = [
  { package: 'lib', versions: '1', file: 'lib/a.js' },
  { package: 'lib', versions: '2', file: 'lib/b.js' },
  { package: 'lib', versions: '3', file: 'lib/c.mjs', locals: ['run'] },
]

describe('several copies of a library in one process', () => {
  const sandbox = new Sandbox({
    'preload.cjs': preload(targets),
    ...library('node_modules/lib', '1.0.0', 'a'),
    // npm: a nested copy, and one under an alias.
    ...library('node_modules/host/node_modules/lib', '2.0.0', 'b'),
    ...host('node_modules/host'),
    ...library('node_modules/old-lib', '2.5.0', 'b'),
    // pnpm: a store, and links to it.
    ...library('node_modules/.pnpm/lib@2.1.0/node_modules/lib', '2.1.0', 'b'),
    ...host('node_modules/.pnpm/guest@1.0.0/node_modules/guest', 'guest'),
    // A workspace, linked in.
    ...library('packages/lib', '1.9.0', 'a'),
    ...host('node_modules/member', 'member'),
    // A fork that has taken the name of the folder only.
    ...library('node_modules/fork/node_modules/lib', '1.0.0', 'a', '@fork/lib'),
    ...host('node_modules/fork', 'fork'),
    'node_modules/modern/node_modules/lib/package.json': {
      name: 'lib',
      version: '3.0.0',
      exports: './lib/c.mjs',
    },
    'node_modules/modern/node_modules/lib/lib/c.mjs': 'export const run = () => "lib 3.0.0"',
    'node_modules/modern/index.mjs': 'export * from "lib"',
    'node_modules/modern/package.json': { name: 'modern', version: '1.0.0', exports: './index.mjs' },
  })

  before(() => {
    link('node_modules/.pnpm/lib@2.1.0/node_modules/lib', 'node_modules/.pnpm/guest@1.0.0/node_modules/lib')
    link('node_modules/.pnpm/guest@1.0.0/node_modules/guest', 'node_modules/guest')
    link('packages/lib', 'node_modules/member/node_modules/lib')
  })
  after(() => sandbox.remove())

  function link(from: string, to: string): void {
    mkdirSync(dirname(join(sandbox.path, to)), { recursive: true })
    symlinkSync(join(sandbox.path, from), join(sandbox.path, to), 'dir')
  }

  const runs = `const run = {
    flat: require('lib').run(), nested: require('host').run(), alias: require('old-lib').run(),
    pnpm: require('guest').run(), workspace: require('member').run(), fork: require('fork').run(),
  }
  import('modern').then((modern) => console.log(JSON.stringify({ ...run, modern: modern.run() })))`

  const expected = {
    flat: 'traced lib 1.0.0',
    nested: 'traced lib 2.0.0',
    alias: 'traced lib 2.5.0',
    pnpm: 'traced lib 2.1.0',
    workspace: 'traced lib 1.9.0',
    fork: 'lib 1.0.0',
    modern: 'traced lib 3.0.0',
  }

  it('are each edited by their own version, nested, aliased, in a pnpm store or linked in', async () => {
    sandbox.write({ 'app.cjs': runs })
    const outcome = await sandbox.run(['-r', './preload.cjs', 'app.cjs'])
    assert.equal(outcome.stderr, '')
    assert.deepEqual(outcome.answer, expected)
  })

  it('are found under their links too, where links are preserved', async () => {
    sandbox.write({ 'app.cjs': runs })
    const outcome = await sandbox.run(['--preserve-symlinks', '-r', './preload.cjs', 'app.cjs'])
    assert.equal(outcome.stderr, '')
    // Without its real path, guest finds the flat lib.
    assert.deepEqual(outcome.answer, { ...expected, pnpm: 'traced lib 1.0.0' })
  })
})

function library(path: string, version: string, file: string, name = 'lib'): Record<string, string | object> {
  return {
    [`${path}/package.json`]: { name, version, main: `lib/${file}.js` },
    [`${path}/lib/${file}.js`]: `exports.run = () => 'lib ${version}'`,
  }
}

function host(path: string, name = 'host'): Record<string, string | object> {
  return {
    [`${path}/package.json`]: { name, version: '1.0.0', main: 'index.js' },
    [`${path}/index.js`]: `exports.run = () => require('lib').run()`,
  }
}
