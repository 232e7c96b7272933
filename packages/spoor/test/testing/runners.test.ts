import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runNode } from '../compliance/processes.js'

const require = createRequire(import.meta.url)

/** Tests that are run by other runners, in the folder of the sources. */
function fixture(path: string): string {
  return fileURLToPath(new URL(`../../test/testing/fixtures/${path}`, import.meta.url))
}

/** The file of a package that its command runs. */
function command(name: string, path: string): string {
  return join(dirname(require.resolve(`${name}/package.json`)), path)
}

test('matchers, snapshots and parallel captures work in Jest', async () => {
  const config = {
    rootDir: fixture(''),
    testMatch: ['**/*.jest.cjs'],
    moduleFileExtensions: ['cjs', 'js', 'json'],
    transform: {},
    haste: { enableSymlinks: false },
  }
  const { code, stderr } = await runNode(
    [command('jest', 'bin/jest.js'), '--ci', '--no-cache', '--runInBand', '--config', JSON.stringify(config)],
    { cwd: fixture('') },
  )
  assert.equal(code, 0, stderr)
  assert.match(stderr, /Tests: +9 passed, 9 total/)
})

test('matchers, snapshots and parallel captures work in Vitest', async () => {
  const folder = fixture('vitest')
  const args = ['run', '--root', folder, '--dir', folder, '--reporter=json']
  const { code, stdout, stderr } = await runNode([command('vitest', 'vitest.mjs'), ...args], {
    cwd: folder,
    env: { CI: '1' },
  })
  assert.equal(code, 0, stderr + stdout)
  const report = JSON.parse(stdout.slice(stdout.indexOf('{')))
  assert.equal(report.numFailedTests, 0, stdout)
  assert.equal(report.numPassedTests, 9, stdout)
})

const snapshots = Number(process.versions.node.split('.')[0]) >= 24

test('trees are snapshots of node:test, and a query more is a difference', {
  skip: snapshots ? false : 'snapshots are stable from Node.js 24 on',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-snapshot-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const env = { SNAPSHOT: join(folder, 'trace.snapshot') }
  const file = fixture('node/trace.node.mjs')
  const written = await runNode(['--test', '--test-update-snapshots', file], { env })
  assert.equal(written.code, 0, written.stdout + written.stderr)
  assert.match(readFileSync(env.SNAPSHOT, 'utf8'), /^GET \/orders {2}server\n├─ SELECT orders {2}client$/m)
  const again = await runNode(['--test', file], { env })
  assert.equal(again.code, 0, again.stdout + again.stderr)
  const changed = await runNode(['--test', file], { env: { ...env, LISTED: '2' } })
  assert.equal(changed.code, 1, changed.stdout)
  assert.match(changed.stdout, /# fail 3|ℹ fail 3/)
})
