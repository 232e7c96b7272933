import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { hasSyncHooks } from '../../dist/esm/instrument/hook-sync.js'
import { builtHook, preload, Sandbox } from './sandbox.ts'

const inner = { package: 'lib', versions: '^1', file: 'inner.js' }
const named = { package: 'named', versions: '1', file: 'index.js', locals: ['run'] }
const modern = { package: 'modern', versions: '1', file: 'index.js', locals: ['run'] }

const packages = {
  'node_modules/lib/package.json': { name: 'lib', version: '1.2.3', main: 'index.js' },
  'node_modules/lib/index.js': `module.exports = require('./inner')`,
  'node_modules/lib/inner.js': `module.exports = { run: () => 'run', hook: require('./during') }`,
  'node_modules/lib/during.js': `if (globalThis.during) globalThis.during()`,
  'node_modules/named/package.json': { name: 'named', version: '1.0.0' },
  'node_modules/named/index.js': `function run() { return 'run' }\nexports.run = run\nexports.call = () => run()`,
  'node_modules/modern/package.json': { name: 'modern', version: '1.0.0', type: 'module', main: 'index.js' },
  'node_modules/modern/index.js': `export const run = () => 'run'`,
}

const requireHook = `const { hookModules } = require(${JSON.stringify(builtHook.cjs)})`

describe('when modules are hooked', () => {
  const sandbox = new Sandbox({ ...packages, 'preload.cjs': preload([inner, named, modern]) })
  after(() => sandbox.remove())

  /** Runs a CommonJS application that ends in an expression, and returns what that came to. */
  async function answer(lines: string, args: string[] = []): Promise<any> {
    const statements = lines.trim().split('\n')
    const last = statements.pop()
    const source = `${statements.join('\n')}\nPromise.resolve(${last}).then((a) => console.log(JSON.stringify(a)))`
    sandbox.write({ 'app.cjs': source })
    const outcome = await sandbox.run([...args, 'app.cjs'])
    assert.equal(outcome.stderr, '')
    assert.equal(outcome.code, 0, outcome.stdout)
    return outcome.answer
  }

  it('hands over what was loaded before, through the cache of CommonJS', async () => {
    const result = await answer(`
      const lib = require('lib')
      require('./preload.cjs');
      [lib.run(), require('lib').run(), loads]`)
    assert.deepEqual(result, ['traced run', 'traced run', ['lib 1.2.3 inner.js late']])
  })

  it('hands over CommonJS that an ES module has imported before', async () => {
    const source = `import lib from 'lib'\nawait import('./preload.cjs')\nconsole.log(JSON.stringify([lib.run(), loads]))`
    sandbox.write({ 'app.mjs': source })
    const outcome = await sandbox.run(['app.mjs'])
    assert.deepEqual([outcome.stderr, outcome.answer], ['', ['traced run', ['lib 1.2.3 inner.js late']]])
  })

  it('reports that locals of a file that was loaded before are out of reach', async () => {
    const report = await answer(`
      require('named')
      require('./preload.cjs')
      hook.report()`)
    const [seen] = report.packages
    assert.deepEqual([seen.package, seen.how, seen.supported], ['named', 'late', true])
    assert.equal(seen.why, 'it was loaded before Spoor: only its exports are reached, not run')
  })

  it('reports a file that was half loaded', async () => {
    const report = await answer(`
      globalThis.during = () => require('./preload.cjs')
      require('lib')
      hook.report()`)
    assert.match(report.problems[0], /lib\/inner\.js was being loaded while Spoor was started/)
    assert.equal(report.packages[0].how, null)
    assert.match(report.packages[0].why, /none of its listed files was seen: inner\.js/)
  })

  it('hooks once however often it is asked, and each asker gets everything once', async () => {
    const result = await answer(`
      ${requireHook}
      const calls = { first: [], second: [], third: [] }
      const listen = (who, targets) => hookModules(targets, (target, loaded) => calls[who].push(target.file + ' ' + loaded.how))
      listen('first', [${JSON.stringify(inner)}])
      listen('second', [${JSON.stringify(inner)}])
      require('lib')
      listen('third', [${JSON.stringify(inner)}])
      delete require.cache[require.resolve('lib/inner.js')]
      require('lib/inner.js');
      [calls, require('module').prototype._compile.name]`)
    const once = 'inner.js compile'
    assert.deepEqual(result, [{ first: [once, once], second: [once, once], third: [once, once] }, '_compile'])
  })

  it('hooks once for two copies of the package, as CommonJS and as ES modules', async () => {
    const result = await answer(`
      ${requireHook}
      const calls = []
      const { registerHooks, prototype } = require('module')
      hookModules([${JSON.stringify(inner)}], (target, loaded) => calls.push('cjs ' + loaded.version))
      const compile = prototype._compile
      import(${JSON.stringify(new URL(`file://${builtHook.esm}`).href)}).then((esm) => { esm.hookModules([${JSON.stringify(inner)}], (target, loaded) => calls.push('esm ' + loaded.version)); require('lib'); return [calls, prototype._compile === compile] })`)
    assert.deepEqual(result, [['cjs 1.2.3', 'esm 1.2.3'], true])
  })

  it('takes more ES modules into the list while it runs', async () => {
    const result = await answer(`
      ${requireHook}
      const calls = []
      const more = (targets) => hookModules(targets, (target, loaded) => calls.push(target.package))
      more([{ package: 'nothing', versions: '*', file: 'x.js', locals: ['x'] }])
      more([${JSON.stringify(modern)}])
      import('modern').then(() => calls)`)
    assert.deepEqual(result, ['modern'])
  })

  it('undoes itself: files come as they are again, and Node is as it was', async () => {
    const result = await answer(`
      const { prototype } = require('module')
      const compile = prototype._compile
      require('./preload.cjs')
      hook.undo()
      hook.undo();
      [require('lib').run(), loads, prototype._compile === compile, hook.report().packages]`)
    assert.deepEqual(result, ['run', [], true, []])
  })

  it('stays out of the way of whoever wrapped the compiler after it', async () => {
    const result = await answer(`
      require('./preload.cjs')
      const { prototype } = require('module')
      const ours = prototype._compile
      let theirs = 0
      prototype._compile = function (...args) { theirs++; return ours.apply(this, args) }
      hook.undo();
      [require('lib').run(), theirs > 0]`)
    assert.deepEqual(result, ['run', true])
  })

  it('keeps what a listener throws out of the application', async () => {
    const result = await answer(`
      ${requireHook}
      const hook = hookModules([${JSON.stringify(inner)}], () => { throw new Error('a bad row') });
      [require('lib').run(), hook.report().problems]`)
    assert.deepEqual(result, ['run', ['lib/inner.js: Error: a bad row']])
  })

  it('lets a listener replace module.exports', async () => {
    const result = await answer(`
      ${requireHook}
      hookModules([${JSON.stringify(inner)}], (target, loaded) => { loaded.exports = { run: () => 'replaced' } })
      require('lib').run()`)
    assert.equal(result, 'replaced')
  })

  it('refuses a range that it cannot read before it hooks anything', async () => {
    const result = await answer(`
      ${requireHook}
      const { prototype } = require('module')
      const compile = prototype._compile
      let code
      try { hookModules([{ package: 'lib', versions: 'newest', file: 'x.js' }], () => {}) } catch (error) { code = error.code };
      [code, prototype._compile === compile]`)
    assert.deepEqual(result, ['SPOOR_BAD_RANGE', true])
  })

  it('reports every copy of a listed package, whether it fits and how it came', async () => {
    sandbox.write({
      'node_modules/host/package.json': { name: 'host', version: '1.0.0' },
      'node_modules/host/index.js': `exports.lib = require('lib')`,
      'node_modules/host/node_modules/lib/package.json': { name: 'lib', version: '2.0.0', main: 'inner.js' },
      'node_modules/host/node_modules/lib/inner.js': `exports.run = () => 'run two'`,
    })
    const { mode, packages: seen } = await answer(
      `
      [require('lib').run(), require('host').lib.run()]
      import('modern').then(() => hook.report())`,
      ['-r', './preload.cjs'],
    )
    assert.equal(mode, hasSyncHooks() ? 'hooks' : 'loader')
    const [one, two, three] = seen
    assert.deepEqual(one, {
      package: 'lib',
      version: '1.2.3',
      path: `${sandbox.path}/node_modules/lib`,
      supported: true,
      how: hasSyncHooks() ? 'hooks' : 'compile',
      files: ['inner.js'],
      why: null,
    })
    assert.deepEqual([two.version, two.supported, two.how, two.files], ['2.0.0', false, null, []])
    assert.equal(two.why, 'version 2.0.0 is outside of ^1')
    assert.deepEqual([three.package, three.how], ['modern', hasSyncHooks() ? 'hooks' : 'loader'])
  })

  it('reports an ES module whose version does not fit', async () => {
    sandbox.write({
      'node_modules/modern/package.json': {
        name: 'modern',
        version: '9.0.0',
        type: 'module',
        exports: './index.js',
      },
    })
    const report = await answer(`import('modern').then((m) => [m.run(), hook.report().packages])`, [
      '-r',
      './preload.cjs',
    ])
    assert.equal(report[0], 'run')
    assert.equal(report[1][0].why, 'version 9.0.0 is outside of 1')
  })
})
