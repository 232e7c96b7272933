import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'

const require = createRequire(import.meta.url)

/** Applications as people write them, in a folder of their own; each answers one request and prints its spans. */
describe('the web frameworks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-web-'))
  symlinkSync(join(require.resolve('express/package.json'), '../..'), join(folder, 'node_modules'), 'dir')
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function run(name: string, source: string): Promise<string[]> {
    writeFileSync(join(folder, name), source)
    const child = spawn(process.execPath, [name], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'] ?? '',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
    })
    const out = await text(child.stdout)
    return JSON.parse(out.trim().split('\n').at(-1) ?? '[]')
  }

  const visit = `
const { createServer, request, Agent } = http
const agent = Object.assign(new Agent(), { [Symbol.for('spoor.untraced')]: true })
const visit = (app) => {
  const server = createServer(app).listen(0, () => {
    request({ port: server.address().port, path: '/users/7', agent }, (response) => {
      response.resume().on('end', () => setTimeout(() => {
        console.log(JSON.stringify(sink.spans.map(({ kind, name }) => kind + ' ' + name)))
        process.exit()
      }, 20))
    }).end()
  })
}`
  const cjs = `const http = require('node:http'); const { init, instrument, shutdown } = require('spoor'); const { MemorySink } = require('spoor/export')
const sink = new MemorySink(); const options = { exporters: [sink] }${visit}`
  const esm = `import http from 'node:http'; import { init, instrument, shutdown } from 'spoor'; import { MemorySink } from 'spoor/export'
const sink = new MemorySink(); const options = { exporters: [sink] }${visit}`
  const handler = {
    express: `const app = lib(); app.get('/users/:id', (request, response) => response.send('ok')); visit(app)`,
    express4: `const app = lib(); app.get('/users/:id', (request, response) => response.send('ok')); visit(app)`,
    koa: `const app = new lib(); const router = new Router(); router.get('/users/:id', (context) => { context.body = 'ok' }); app.use(router.routes()); visit(app.callback())`,
    fastify: `const app = lib(); app.get('/users/:id', async () => 'ok'); app.ready().then(() => visit((request, response) => app.routing(request, response)))`,
  }
  type Name = keyof typeof handler

  for (const name of Object.keys(handler) as Name[]) {
    const required = `const lib = require('${name}'); const { Router } = require('@koa/router')\n`
    const imported = `import lib from '${name}'; import Router from '@koa/router'\n`
    const dynamic = `const lib = (await import('${name}')).default; const Router = (await import('@koa/router')).default\n`

    const ways: [title: string, file: string, source: string][] = [
      ['required after init()', 'required.cjs', `${cjs}\ninit(options)\n${required}${handler[name]}`],
      ['required before init()', 'early.cjs', `${cjs}\n${required}init(options)\n${handler[name]}`],
      [
        'imported before init(), as imports are',
        'imported.mjs',
        `${imported}${esm}\ninit(options)\n${handler[name]}`,
      ],
      ['imported after init()', 'dynamic.mjs', `${esm}\ninit(options)\n${dynamic}${handler[name]}`],
      [
        'handed to instrument() by hand, twice, without any hook',
        'hand.cjs',
        // Out of the cache of modules, so that nothing but the hand can find it; Fastify needs no hand.
        `${cjs}\n${required}for (const file of Object.keys(require.cache)) delete require.cache[file]
init(options)\ninstrument(lib); instrument(lib)\n${handler[name]}`,
      ],
      ['started twice', 'twice.cjs', `${cjs}\ninit(options)\ninit()\n${required}${handler[name]}`],
      [
        'started again',
        'again.cjs',
        `${cjs}\ninit(options)\n${required}shutdown().then(() => { options.exporters = [new MemorySink()]; sink.spans = undefined; })
setTimeout(() => { const second = options.exporters[0]; init(options); Object.defineProperty(sink, 'spans', { value: second.spans }); ${handler[name]} }, 20)`,
      ],
    ]
    for (const [title, file, source] of ways) {
      it(`are named by their route: ${name} ${title}`, async () => {
        const spans = await run(`${name}-${file}`, source)
        assert.deepEqual(spans, ['server GET /users/:id'])
      })
    }
  }
})
