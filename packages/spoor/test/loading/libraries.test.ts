import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { targetsOf } from '../../dist/esm/instrument/define.js'
import { instrumentations } from '../../dist/esm/instrumentations/index.js'
import { builtHook, Sandbox } from './sandbox.ts'

const require = createRequire(import.meta.url)

const targets = [
  { package: 'pg', versions: '>=8.0.3 <9', file: 'lib/client.js' },
  { package: 'pg-pool', versions: '>=2 <4', file: 'index.js' },
  { package: 'router', versions: '2', file: 'lib/route.js' },
  { package: 'express', versions: '4', file: 'lib/router/route.js' },
  { package: 'koa', versions: '>=2 <4', file: 'lib/application.js' },
  { package: '@redis/client', versions: '>=5', file: 'dist/lib/client/index.js' },
]

/** Package as it is installed, how it is asked for, what must come. */
const libraries = [
  { name: 'pg', use: 'lib.Client.name', answer: 'Client', files: ['pg lib/client.js', 'pg-pool index.js'] },
  { name: 'express', use: 'typeof lib.Router', answer: 'function', files: ['router lib/route.js'] },
  { name: 'express4', use: 'typeof lib.Router', answer: 'function', files: ['express lib/router/route.js'] },
  { name: 'koa', use: 'lib.name', answer: 'Application', files: ['koa lib/application.js'] },
  {
    name: 'redis',
    use: 'typeof lib.createClient',
    answer: 'function',
    files: ['@redis/client dist/lib/client/index.js'],
  },
]

describe('published libraries', () => {
  const sandbox = new Sandbox({
    'preload.cjs': preload(targets),
    'every.cjs': preload(instrumentations.flatMap(targetsOf)),
  })
  symlinkSync(modules(), join(sandbox.path, 'node_modules'), 'dir')
  after(() => sandbox.remove())

  const print = 'console.log(JSON.stringify([answer, loads]))'

  for (const { name, use, answer, files } of libraries) {
    const expected = [answer, files.map((file) => `${file} compile function`)]

    it(`hand over their files when ${name} is required`, async () => {
      sandbox.write({ [`${name}.cjs`]: `const lib = require('${name}')\nconst answer = ${use}\n${print}` })
      const outcome = await sandbox.run(['-r', './preload.cjs', `${name}.cjs`])
      assert.deepEqual([outcome.stderr, outcome.answer], ['', expected])
    })

    it(`hand over their files when ${name} is imported`, async () => {
      const source = `import * as all from '${name}'\nconst lib = all.default ?? all\nconst answer = ${use}\n${print}`
      sandbox.write({ [`${name}.mjs`]: source })
      const outcome = await sandbox.run(['--import', './preload.cjs', `${name}.mjs`])
      assert.deepEqual([outcome.stderr, outcome.answer], ['', expected])
    })
  }

  it('have each file that a table of ours lists for them', async () => {
    const installed = ['pg', 'express', 'express4', 'koa', 'redis']
    const source = `for (const name of ${JSON.stringify(installed)}) require(name)\nconsole.log(JSON.stringify(hook.report().packages))`
    sandbox.write({ 'all.cjs': source })
    const outcome = await sandbox.run(['-r', './every.cjs', 'all.cjs'])
    assert.equal(outcome.stderr, '')
    assert.ok(outcome.answer.length >= 3)
    for (const seen of outcome.answer) {
      // Express 5 has its routes in another package.
      if (seen.package === 'express' && seen.version.startsWith('5.')) continue
      // Some tables are of ES modules: for those, synchronous hooks are set where Node has them, and see all that is loaded.
      assert.match(seen.how, /^(?:compile|hooks)$/)
      assert.deepEqual([seen.supported, seen.why], [true, null], `${seen.package} ${seen.version}`)
    }
  })
})

/** Where the libraries are installed: the folder that holds most of them. */
function modules(): string {
  return join(require.resolve('pg/package.json'), '../..')
}

function preload(list: unknown): string {
  return `const { hookModules } = require(${JSON.stringify(builtHook.cjs)})
globalThis.loads = []
globalThis.hook = hookModules(${JSON.stringify(list)}, (target, loaded) => {
  globalThis.loads.push([loaded.package, loaded.file, loaded.how, typeof (loaded.exports.default ?? loaded.exports)].join(' '))
})`
}
