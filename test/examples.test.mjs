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

  for (const folder of ['koa', 'fastify']) {
    const shown = async (name) => {
      const { stdout, stderr } = await run(join(home, folder, `${name}.mjs`))
      const told = new Map(
        [...stdout.matchAll(/^(.+) (\{.*\})$/gm)].map(([, span, facts]) => [span, JSON.parse(facts)]),
      )
      return { told, stdout, stderr, traces: new Set(stderr.match(/\b[0-9a-f]{32}\b/g)) }
    }

    it(`PYR-X01, FLK-X01: ${folder}/simple.mjs traces what is marked, renamed, with an event and a child`, async () => {
      const { told, stdout, stderr } = await shown('simple')
      assert.deepEqual(told.get('greeter GET /hello'), { events: [] })
      assert.deepEqual(told.get('greeter GET /hello/Ada'), { name: 'Ada', events: ['greeted'] })
      assert.match(stdout, /^\/quiet: traced: false$/m)
      assert.match(stderr, /^greeter GET \/hello\/Ada .*\n└ write the card /m)
      assert.equal(told.size, 3)
    })

    it(`PYR-X02, TOR-X01: ${folder}/trace-all.mjs traces all, with attributes and a failure, but what is ignored`, async () => {
      const { told, stdout, stderr } = await shown('trace-all')
      assert.equal(told.get('GET /books/:id').id, '7')
      assert.equal(told.get('GET /books/:id').shelf, 3)
      assert.ok([...told.values()].some(({ reader }) => reader === 'Ada'))
      assert.match(stderr, /^✗ GET \/lost\/:id .*\n.*nobody has seen this book/m)
      assert.match(stdout, /^\/health: 200$/m)
      assert.ok(![...told.keys()].some((name) => name.includes('health')))
    })

    it(`PYR-X03: ${folder}/client-server.mjs carries its trace by hand: both sides are in one`, async () => {
      const { stdout, stderr, traces } = await shown('client-server')
      assert.match(stdout, /^the trace travels as traceparent$/m)
      assert.equal(traces.size, 1)
      assert.match(stderr, /^└ think /m)
    })

    it(`FLK-X02: ${folder}/two-processes.mjs begins its trace in the client, and loses no span at the end`, async () => {
      const { stdout, traces } = await shown('two-processes')
      assert.deepEqual([...traces], /the trace is (\w+)/.exec(stdout).slice(1))
      assert.match(stdout, /^7 spans$/m)
    })
  }

  it('TOR-X02: http/client-callback.mjs marks one handler, and names and tags its own requests in a callback', async () => {
    const { stdout, stderr } = await run(join(home, 'http', 'client-callback.mjs'))
    assert.match(stdout, /^client\/GET \{"stamp":"first class"\}$/m)
    assert.match(stdout, /^GET \{\}$/m)
    assert.match(stderr, /^└ sort /m)
    assert.match(stdout, /^3 spans$/m)
  })

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

const runs = new Map()

/** Runs a file as a person would, once, without what the environment says of tracing. Fails unless it ends well. */
function run(file) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:OTEL|SPOOR|NODE_TEST)_/.test(name)),
  )
  if (!runs.has(file)) {
    const options = { env: { ...env, NO_COLOR: '1' }, timeout: 50_000 }
    runs.set(file, promisify(execFile)(process.execPath, [file], options))
  }
  return runs.get(file)
}
