import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fixture, runNode } from './processes.js'

const require = createRequire(import.meta.url)

/** The file of a package that its command runs. */
function command(name: string, path: string): string {
  return join(dirname(require.resolve(`${name}/package.json`)), path)
}

test('JS-Q07: the package and its kits work in a Jest test in CommonJS mode', async () => {
  const config = {
    rootDir: fixture('jest'),
    testMatch: ['**/*.jest.cjs'],
    moduleFileExtensions: ['cjs', 'js', 'json'],
    transform: {},
    haste: { enableSymlinks: false },
  }
  const { code, stderr } = await runNode(
    [command('jest', 'bin/jest.js'), '--ci', '--no-cache', '--runInBand', '--config', JSON.stringify(config)],
    { cwd: fixture('jest') },
  )
  assert.equal(code, 0, stderr)
  const passed = Number(/Tests: +(\d+) passed, \1 total/.exec(stderr)?.[1])
  assert.ok(passed > 50, stderr)
})

test('JS-Q07: the package and its kits work in vitest', async () => {
  const { code, stdout, stderr } = await runNode(
    [
      command('vitest', 'vitest.mjs'),
      'run',
      '--root',
      fixture('vitest'),
      '--dir',
      fixture('vitest'),
      '--reporter=json',
    ],
    { cwd: fixture('vitest') },
  )
  assert.equal(code, 0, stderr + stdout)
  const report = JSON.parse(stdout.slice(stdout.indexOf('{')))
  assert.equal(report.numFailedTests, 0, stdout)
  assert.ok(report.numPassedTests > 50, stdout)
})

for (const [kind, file] of [
  ['ES module', 'application.ts'],
  ['CommonJS', 'application.cts'],
] as const) {
  test(`JS-Q07: the package works in a TypeScript ${kind} that tsx runs`, async () => {
    const { code, stdout, stderr } = await runNode(['--import', 'tsx', fixture(`tsx/${file}`)], {
      cwd: fixture('tsx'),
    })
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), { found: 42, names: ['orders.find', 'request'] })
  })
}
