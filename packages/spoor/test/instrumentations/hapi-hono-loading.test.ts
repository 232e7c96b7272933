import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { build } from 'esbuild'
import { spoorEsbuild } from 'spoor/bundler'
import { runNode } from '../compliance/processes.ts'

const require = createRequire(import.meta.url)

/** Serves one request of its own, prints the names of its server spans, and in which mode modules were hooked. */
const ask = `
const agent = Object.assign(new http.Agent(), { [Symbol.for('spoor.untraced')]: true })
const ask = (port, done) => http.request({ port, path: '/users/7', host: '127.0.0.1', agent }, (response) => {
  response.resume().on('end', () => setTimeout(() => {
    console.log(JSON.stringify(sink.spans.filter(({ kind }) => kind === 'server').map(({ name }) => name)))
    done()
  }, 20))
}).end()`
const hapi = `const server = Hapi.server({ host: '127.0.0.1', port: 0 })
server.route({ method: 'GET', path: '/users/{id}', handler: () => 'x' })
server.start().then(() => ask(server.info.port, () => process.exit()))`
const hono = `const app = new Hono()
app.use(async (c, next) => next())
app.get('/users/:id', (c) => c.text('x'))
const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => ask(port, () => process.exit()))`

const begin = 'const sink = new MemorySink(); init({ exporters: [sink] })'
const cjs = `const http = require('node:http'); const { init, instrument } = require('spoor'); const { MemorySink } = require('spoor/export')\n`
const esm = `import http from 'node:http'; import { init, instrument } from 'spoor'; import { MemorySink } from 'spoor/export'\n`
const requireHono = `const { Hono } = require('hono'); const { serve } = require('@hono/node-server')`
const awaitHono = `const { Hono } = await import('hono'); const { serve } = await import('@hono/node-server')`

describe('Hapi and Hono are traced', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-hapi-hono-'))
  symlinkSync(join(require.resolve('express/package.json'), '../..'), join(folder, 'node_modules'), 'dir')
  after(() => rmSync(folder, { recursive: true, force: true }))

  const applications: readonly (readonly [title: string, file: string, source: string, expected: string])[] =
    [
      [
        'when Hapi is required after init()',
        'hapi.cjs',
        `${cjs}${begin}\nconst Hapi = require('@hapi/hapi')${ask}\n${hapi}`,
        'GET /users/{id}',
      ],
      [
        'when Hapi is imported after init()',
        'hapi.mjs',
        `${esm}${begin}\nconst { default: Hapi } = await import('@hapi/hapi')${ask}\n${hapi}`,
        'GET /users/{id}',
      ],
      [
        'when Hapi was imported before init()',
        'hapi-late.mjs',
        `import Hapi from '@hapi/hapi'\n${esm}${begin}${ask}\n${hapi}`,
        'GET /users/{id}',
      ],
      [
        'when Hono is required after init()',
        'hono.cjs',
        `${cjs}${begin}\n${requireHono}${ask}\n${hono}`,
        'GET /users/:id',
      ],
      [
        'when Hono is imported after init()',
        'hono.mjs',
        `${esm}${begin}\n${awaitHono}${ask}\n${hono}`,
        'GET /users/:id',
      ],
      [
        'when Hono was imported before init(), and is handed over by hand',
        'hono-hand.mjs',
        `import * as lib from 'hono'; import { serve } from '@hono/node-server'\n${esm}${begin}\ninstrument(lib); const { Hono } = lib${ask}\n${hono}`,
        'GET /users/:id',
      ],
      [
        'when a smaller Hono is imported',
        'tiny.mjs',
        `${esm}${begin}\n${awaitHono.replace("'hono'", "'hono/tiny'")}${ask}\n${hono}`,
        'GET /users/:id',
      ],
    ]
  for (const [title, file, source, expected] of applications) {
    it(title, async () => {
      writeFileSync(join(folder, file), source)
      const { code, stdout, stderr } = await runNode([file], { cwd: folder })
      assert.deepEqual([code, stderr], [0, ''])
      assert.deepEqual(JSON.parse(stdout.trim().split('\n').at(-1) as string), [expected])
    })
  }

  it('when Hono is bundled with the application', async () => {
    const source = `import { Hono } from 'hono'; import { serve } from '@hono/node-server'\n${esm}${begin}${ask}\n${hono}`
    writeFileSync(join(folder, 'source.mjs'), source)
    await build({
      absWorkingDir: folder,
      entryPoints: ['source.mjs'],
      outfile: 'bundled.mjs',
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['spoor', 'spoor/*'],
      plugins: [spoorEsbuild()],
    })
    const { code, stdout, stderr } = await runNode(['bundled.mjs'], { cwd: folder })
    assert.deepEqual([code, stderr], [0, ''])
    assert.deepEqual(JSON.parse(stdout), ['GET /users/:id'])
  })

  it('without a hook for ES modules where no application has installed Hono', async () => {
    const bare = mkdtempSync(join(tmpdir(), 'spoor-bare-'))
    try {
      mkdirSync(join(bare, 'node_modules'))
      const home = join(require.resolve('spoor/package.json'), '..')
      symlinkSync(home, join(bare, 'node_modules/spoor'), 'dir')
      const source = `import { init } from 'spoor'
import { processHook } from '${join(home, 'dist/esm/instrument/hook-process.js')}'
init({ exporters: ['none'] })
console.log(processHook().mode)`
      writeFileSync(join(bare, 'main.mjs'), source)
      writeFileSync(join(folder, 'main.mjs'), source)
      assert.equal((await runNode(['main.mjs'], { cwd: bare })).stdout.trim(), 'compile')
      assert.match((await runNode(['main.mjs'], { cwd: folder })).stdout.trim(), /^(?:hooks|loader)$/)
      // The folder of the script counts, wherever it was started.
      assert.match(
        (await runNode([join(folder, 'main.mjs')], { cwd: bare })).stdout.trim(),
        /^(?:hooks|loader)$/,
      )
    } finally {
      rmSync(bare, { recursive: true, force: true })
    }
  })
})
