import assert from 'node:assert/strict'
import { readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build as esbuild } from 'esbuild'
import { type InlineConfig, build as vite } from 'vite'
import webpack from 'webpack'
import { spoorEsbuild, spoorRollup, spoorWebpack } from '../../dist/esm/bundler/index.js'
import { builtHook, Sandbox } from './sandbox.ts'

const require = createRequire(import.meta.url)

const targets = [
  { package: 'cjs-lib', versions: '1', file: 'lib/inner.js' },
  { package: 'cjs-lib', versions: '1', file: 'lib/inner.js', locals: ['Hidden'] },
  { package: 'esm-lib', versions: '1', file: 'index.js', locals: ['run', 'Client'] },
  { package: 'pg', versions: '8', file: 'lib/client.js' },
]

const packages = {
  'node_modules/cjs-lib/package.json': { name: 'cjs-lib', version: '1.0.0', main: 'index.js' },
  'node_modules/cjs-lib/index.js': `module.exports = require('./lib/inner')`,
  'node_modules/cjs-lib/lib/inner.js': `'use strict'
class Hidden { run() { return 'hidden' } }
exports.run = () => 'run'
exports.hidden = () => new Hidden().run()`,
  // A second copy, of a version that is not listed.
  'node_modules/host/package.json': { name: 'host', version: '1.0.0' },
  'node_modules/host/index.js': `module.exports = require('cjs-lib')`,
  'node_modules/host/node_modules/cjs-lib/package.json': {
    name: 'cjs-lib',
    version: '2.0.0',
    main: 'lib/inner.js',
  },
  'node_modules/host/node_modules/cjs-lib/lib/inner.js': `exports.run = () => 'run two'`,
  'node_modules/esm-lib/package.json': {
    name: 'esm-lib',
    version: '1.0.0',
    type: 'module',
    sideEffects: false,
    exports: './index.js',
  },
  'node_modules/esm-lib/index.js': `export const run = () => 'run'
export class Client { run() { return 'client' } }
export const inside = () => run()`,
}

/** The hook starts after the libraries in `last.js`: bundlers put imports first, whatever one writes. */
const tracing = `
import { hookModules } from ${JSON.stringify(builtHook.esm)}
const mark = (fn) => (fn.marked ? fn : Object.assign(function (...args) { return 'traced ' + fn.apply(this, args) }, { marked: true }))
export const loads = []
hookModules(${JSON.stringify(targets)}, (target, loaded) => {
  loads.push([loaded.package, loaded.version, loaded.file, loaded.how].join(' '))
  for (const name of target.locals ?? Object.keys(loaded.exports)) {
    const value = loaded.exports[name]
    if (value.prototype?.run) value.prototype.run = mark(value.prototype.run)
    else if (name === 'run') loaded.exports[name] = mark(value)
  }
})`

const first = `import { loads } from './tracing.js'
import cjs from 'cjs-lib'
import host from 'host'
import * as esm from 'esm-lib'
console.log(JSON.stringify([cjs.run(), cjs.hidden(), host.run(), esm.run(), new esm.Client().run(), esm.inside(), loads]))`

const last = first
  .split('\n')
  .toSorted(
    (a, b) =>
      Number(a.includes('tracing')) - Number(b.includes('tracing')) ||
      Number(a.startsWith('console')) - Number(b.startsWith('console')),
  )
  .join('\n')

const loads = [
  'cjs-lib 1.0.0 lib/inner.js bundle',
  'cjs-lib 1.0.0 lib/inner.js bundle',
  'esm-lib 1.0.0 index.js bundle',
]
const calls = ['traced run', 'traced hidden', 'run two', 'traced run', 'traced client', 'traced run']

describe('a bundle', () => {
  const sandbox = new Sandbox({ ...packages, 'tracing.js': tracing, 'first.js': first, 'last.js': last })
  link(dirname(require.resolve('pg/package.json')), 'pg')
  link(fileURLToPath(new URL('../..', import.meta.url)), 'spoor')
  after(() => sandbox.remove())

  function link(directory: string, name: string): void {
    symlinkSync(directory, join(sandbox.path, 'node_modules', name), 'dir')
  }

  async function check(bundle: string): Promise<void> {
    const outcome = await sandbox.run([bundle])
    assert.equal(outcome.stderr, '')
    assert.equal(outcome.code, 0)
    assert.deepEqual(outcome.answer.slice(0, -1), calls)
    assert.deepEqual(outcome.answer.at(-1).toSorted(), loads)
  }

  const esbuildOptions: BuildOptions = {
    absWorkingDir: sandbox.path,
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
    plugins: [spoorEsbuild({ targets })],
  }

  for (const entry of ['first', 'last']) {
    for (const format of ['cjs', 'esm'] as const) {
      for (const minify of [false, true]) {
        const outfile = `out/${entry}-${minify ? 'small' : 'plain'}.${format === 'cjs' ? 'cjs' : 'mjs'}`
        it(`made by esbuild is traced: ${format}, Spoor ${entry}${minify ? ', minified' : ''}`, async () => {
          const options = { ...esbuildOptions, entryPoints: [`${entry}.js`], outfile, format, minify }
          const result = await esbuild(options)
          assert.deepEqual([result.errors, result.warnings], [[], []])
          await check(outfile)
        })
      }
    }

    it(`made by Vite and Rolldown is traced: Spoor ${entry}`, async () => {
      const warnings: string[] = []
      const config: InlineConfig = {
        root: sandbox.path,
        configFile: false,
        logLevel: 'silent',
        plugins: [spoorRollup({ targets })],
        ssr: { noExternal: true },
        build: {
          ssr: `${entry}.js`,
          outDir: `vite-${entry}`,
          rollupOptions: {
            output: { format: 'es', entryFileNames: 'app.mjs' },
            onwarn: ({ message }) => warnings.push(message),
          },
        },
      }
      await vite(config)
      assert.deepEqual(warnings, [])
      await check(`vite-${entry}/app.mjs`)
    })

    it(`made by webpack is traced: Spoor ${entry}`, async () => {
      const problems = await runWebpack({
        context: sandbox.path,
        entry: `./${entry}.js`,
        target: 'node20',
        mode: 'production',
        output: { path: join(sandbox.path, `webpack-${entry}`), filename: 'app.cjs' },
        plugins: [spoorWebpack({ targets })],
      })
      assert.equal(problems, '')
      await check(`webpack-${entry}/app.cjs`)
    })
  }

  it('names no place on the machine that built it', async () => {
    await esbuild({ ...esbuildOptions, entryPoints: ['cjs-lib'], outfile: 'out/lib.cjs' })
    const text = readFileSync(join(sandbox.path, 'out/lib.cjs'), 'utf8')
    assert.match(text, /spoor\.loaded/)
    assert.ok(!text.includes(sandbox.path))
  })

  it('has the files of published libraries edited, by the tables that Spoor brings', async () => {
    sandbox.write({
      'pg.js': `${tracing}\nimport pg from 'pg'\nconsole.log(JSON.stringify([typeof pg.Client.prototype.query, loads]))`,
    })
    const outfile = 'out/pg.cjs'
    await esbuild({
      ...esbuildOptions,
      plugins: [spoorEsbuild()],
      entryPoints: ['pg.js'],
      outfile,
      external: ['pg-native'],
    })
    const outcome = await sandbox.run([outfile])
    assert.equal(outcome.stderr, '')
    assert.equal(outcome.answer[0], 'function')
    assert.match(outcome.answer[1].join(), /^pg 8\.\d+\.\d+ lib\/client\.js bundle$/)
  })

  it('runs as it is where nobody traces', async () => {
    sandbox.write({ 'plain.js': `import cjs from 'cjs-lib'\nconsole.log(JSON.stringify(cjs.run()))` })
    await esbuild({ ...esbuildOptions, entryPoints: ['plain.js'], outfile: 'out/plain.cjs' })
    const outcome = await sandbox.run(['out/plain.cjs'])
    assert.deepEqual([outcome.answer, outcome.stderr], ['run', ''])
  })

  it('is refused by a range that cannot be read, when the plugin is made', () => {
    const bad = { targets: [{ package: 'x', versions: 'newest', file: 'x.js' }] }
    for (const plugin of [spoorEsbuild, spoorRollup, spoorWebpack]) {
      assert.throws(() => plugin(bad), { code: 'SPOOR_BAD_RANGE' })
    }
  })
})

/** Errors and warnings as text: empty if there are none. */
function runWebpack(configuration: webpack.Configuration): Promise<string> {
  return new Promise((resolve, reject) => {
    webpack(configuration, (error, stats) => {
      if (error !== null || stats === undefined) reject(error)
      else resolve(stats.hasErrors() || stats.hasWarnings() ? stats.toString('errors-warnings') : '')
    })
  })
}
