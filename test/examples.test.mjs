/**
 * The examples of frameworks: each is one file that serves itself, asks itself, prints its waterfall on stderr, and says
 * on its last line how many spans there are.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const home = fileURLToPath(new URL('../examples/frameworks', import.meta.url))
const files = readdirSync(home, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.mjs'))
  .map(({ parentPath, name }) => join(parentPath, name))
  .filter((file) => !file.includes('node_modules'))
  .sort()

describe('examples of frameworks', { concurrency: 2 }, () => {
  for (const file of files) {
    it(`${relative(home, file)} runs, and prints the spans that it counts`, { timeout: 60_000 }, async () => {
      const { stdout, stderr } = await run(file)
      const last = stdout.trimEnd().split('\n').at(-1)
      assert.match(last, /^[1-9]\d* spans$/)
      const printed = [...stderr.matchAll(/ · (\d+) spans? · /g)].map(([, count]) => Number(count))
      assert.equal(
        printed.reduce((sum, count) => sum + count, 0),
        Number.parseInt(last, 10),
        stderr,
      )
    })
  }

  it('there are some for every framework that has a folder', () => {
    const folders = readdirSync(home, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
      .map(({ name }) => name)
    for (const folder of ['koa', 'fastify']) assert.ok(folders.includes(folder), folder)
    const used = new Set(files.map((file) => relative(home, dirname(file))))
    assert.deepEqual(
      folders.filter((folder) => !used.has(folder)),
      [],
    )
  })
})

/** Runs a file as a person would, without what the environment says of tracing. Fails unless it ends well. */
function run(file) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:OTEL|SPOOR|NODE_TEST)_/.test(name)),
  )
  return promisify(execFile)(process.execPath, [file], { env: { ...env, NO_COLOR: '1' }, timeout: 50_000 })
}
