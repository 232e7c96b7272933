import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { hasSyncHooks } from '../../dist/esm/instrument/hook-sync.js'
import { preload, Sandbox } from './sandbox.ts'

const targets = [
  { package: 'lib', versions: '1', file: 'index.js' },
  { package: 'modern', versions: '1', file: 'index.js', locals: ['run'] },
  { package: 'data', versions: '1', file: 'data.json' },
]

const require = createRequire(import.meta.url)

describe('in the company of others', () => {
  const sandbox = new Sandbox({
    'preload.cjs': preload(targets),
    'node_modules/lib/package.json': { name: 'lib', version: '1.0.0' },
    'node_modules/lib/index.js': `'use strict'\nexports.run = () => 'run'\nexports.fail = () => {\n  throw new Error('here')\n}`,
    'node_modules/modern/package.json': {
      name: 'modern',
      version: '1.0.0',
      type: 'module',
      exports: './index.js',
    },
    'node_modules/modern/index.js': `export const run = () => 'run'`,
    'node_modules/data/package.json': { name: 'data', version: '1.0.0' },
    'node_modules/data/data.json': '{ "run": "json" }',
  })
  after(() => sandbox.remove())

  const both = `import { run } from 'lib'\nimport { run as modern } from 'modern'\nconsole.log(JSON.stringify([run(), modern()]))`
  const traced = ['traced run', 'traced run']

  async function run(
    file: string,
    source: string,
    args: string[] = ['-r', './preload.cjs'],
    env = {},
  ): Promise<any> {
    sandbox.write({ [file]: source })
    const outcome = await sandbox.run([...args, file], env)
    assert.equal(outcome.stderr, '')
    assert.equal(outcome.code, 0, outcome.stdout)
    return outcome.answer
  }

  it('works when NODE_OPTIONS names the preload', async () => {
    const env = { NODE_OPTIONS: `-r ${sandbox.path}/preload.cjs` }
    assert.deepEqual(await run('options.mjs', both, [], env), traced)
  })

  it('works in worker threads, also those that evaluate a string', async () => {
    const source = `
      const { Worker } = require('node:worker_threads')
      const code = "import('modern').then((m) => require('node:worker_threads').parentPort.postMessage([require('lib').run(), m.run()]))"
      new Worker(code, { eval: true }).on('message', (answer) => console.log(JSON.stringify(answer)))`
    assert.deepEqual(await run('worker.cjs', source), traced)
  })

  it('works on code that is evaluated from the command line', async () => {
    const outcome = await sandbox.run(['-r', './preload.cjs', '-p', `JSON.stringify(require('lib').run())`])
    assert.deepEqual([outcome.answer, outcome.stderr], ['traced run', ''])
  })

  it('works under the test runner of Node', async () => {
    const source = `import test from 'node:test'\nimport assert from 'node:assert'\nimport { run } from 'lib'\ntest('x', () => assert.equal(run(), 'traced run'))`
    sandbox.write({ 'some.test.mjs': source })
    const outcome = await sandbox.run(['-r', './preload.cjs', '--test', 'some.test.mjs'])
    assert.equal(outcome.code, 0, outcome.stdout)
    assert.match(outcome.stdout, /pass 1/)
  })

  it('sets nothing in the process from within the sandbox of a Jest test, and says so', async () => {
    sandbox.write({
      'package.json': { jest: { transform: {}, roots: ['jest'], cacheDirectory: 'jest/cache' } },
      'jest/sandbox.test.js': `
        const compile = require('node:module').prototype._compile
        require('../preload.cjs')
        const { mode, problems } = hook.report()
        test('answer', () => {
          expect(mode).toBe('none')
          expect(problems[0]).toMatch(/such as Jest. Hand libraries to instrument/)
          expect(require('node:module').prototype._compile).toBe(compile)
          expect(require('lib').run()).toBe('run')
        })`,
    })
    const jest = require.resolve('jest/bin/jest')
    const outcome = await sandbox.run([jest, '--ci'])
    assert.equal(outcome.code, 0, outcome.stderr)
    assert.match(outcome.stderr, /1 passed/)
  })

  it('works with tsx, before and after it, in CommonJS and in ES modules', async () => {
    const tsx = dirname(require.resolve('tsx/package.json'))
    symlinkSync(tsx, join(sandbox.path, 'node_modules/tsx'), 'dir')
    const typed = both.replace('[run()', '[run() as string')
    const required = `const { run } = require('lib') as { run(): string }\nimport('modern').then((m) => console.log(JSON.stringify([run(), m.run()])))`
    for (const args of [
      ['-r', './preload.cjs', '--import', 'tsx'],
      ['--import', 'tsx', '--import', './preload.cjs'],
    ]) {
      for (const [file, source] of [
        ['typed.mts', typed],
        ['typed.cts', required],
      ] as const) {
        // Where tsx uses the loader thread, Node gives its CommonJS a `require` that passes neither us nor `_compile`.
        if (!hasSyncHooks() && file === 'typed.cts') continue
        sandbox.write({ [file]: source })
        const outcome = await sandbox.run([...args, file])
        // On Node 26, tsx itself uses the deprecated module.register.
        assert.equal(outcome.stderr.replace(/.*DEP0205.*\n.*\n/, ''), '', args.join(' '))
        assert.deepEqual(outcome.answer, traced, `${args.join(' ')} ${file}`)
      }
    }
  })

  it('works beside code that sets require.extensions and reads files itself', async () => {
    const source = `
      const { readFileSync } = require('node:fs')
      require.extensions['.js'] = (module, filename) => module._compile(readFileSync(filename, 'utf8'), filename)
      console.log(JSON.stringify(require('lib').run()))`
    assert.equal(await run('extensions.cjs', source), 'traced run')
  })

  it('leaves JSON, built-in modules and WebAssembly alone, listed or not', async () => {
    // The smallest module there is: its magic number and version.
    const wasm =
      'new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) instanceof WebAssembly.Module'
    const source = `console.log(JSON.stringify([require('data/data.json').run, typeof require('node:fs').readFile, ${wasm}]))`
    assert.deepEqual(await run('json.cjs', source), ['json', 'function', true])
  })

  it('hands on what is no text, for a compiler of somebody else that takes it', async () => {
    const source = `
      const { Module } = require('node:module')
      const compile = Module.prototype._compile
      Module.prototype._compile = function (content, ...rest) { return compile.call(this, String(content), ...rest) }
      require('./preload.cjs')
      const module_ = new Module(__dirname + '/node_modules/lib/index.js')
      module_._compile(Buffer.from('exports.answer = 42'), module_.id)
      console.log(JSON.stringify(module_.exports.answer))`
    assert.equal(await run('content.cjs', source, []), 42)
  })

  it('moves no line: a stack names the place in the file', async () => {
    const source = `try { require('lib').fail() } catch (error) { console.log(JSON.stringify(error.stack)) }`
    assert.match(await run('stack.cjs', source), /node_modules[\\/]lib[\\/]index\.js:4:9/)
  })

  it('keeps source maps right', async () => {
    // Generated line 2 is line 42 of original.ts.
    const map = { version: 3, sources: ['original.ts'], names: [], mappings: ';AAyCA' }
    const comment = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
    sandbox.write({
      'mapped/node_modules/lib/index.js': `'use strict'\nexports.run = () => { throw new Error('mapped') }\n${comment}\n`,
      'mapped/node_modules/lib/package.json': { name: 'lib', version: '1.0.0' },
    })
    const source = `try { require('lib').run() } catch (error) { console.log(JSON.stringify(error.stack)) }`
    const stack = await run('mapped/app.cjs', source, ['-r', './preload.cjs', '--enable-source-maps'])
    assert.match(stack, /original\.ts:42/)
  })

  if (hasSyncHooks()) {
    it('works beside hooks that others register later', async () => {
      const source = `
      const hooks = { load: (url, context, next) => next(url, context) }
      require('node:module').registerHooks(hooks)
      import('modern').then((m) => console.log(JSON.stringify([require('lib').run(), m.run()])))`
      assert.deepEqual(await run('others.cjs', source), traced)
    })

    it('works with types that Node strips itself', async () => {
      const args = ['--disable-warning=ExperimentalWarning', '-r', './preload.cjs']
      assert.deepEqual(await run('stripped.mts', both.replace('[run()', '[run() as string'), args), traced)
    })
  }
})
