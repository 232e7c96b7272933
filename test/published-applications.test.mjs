/**
 * Published applications that nobody here wrote, each started with one more flag and used over HTTP: `http-server`
 * (plain `node:http` and `http-proxy`) in front of `json-server` (Express 4). What they leave is read from the viewer.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startViewer } from 'spoor-viewer'
import { freePorts } from '../examples/journey/tour/shop.mjs'
import { readTraces } from '../examples/journey/tour/traces.mjs'

const home = fileURLToPath(new URL('../examples/published', import.meta.url))
const patience = 20_000

describe('published applications under --import spoor/register', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-published-'))
  const applications = []
  let viewer
  let api
  let front

  before(async () => {
    const [apiPort, frontPort] = await freePorts(2)
    api = `http://127.0.0.1:${apiPort}`
    front = `http://127.0.0.1:${frontPort}`
    viewer = await startViewer({ uiPort: 0, otlpPort: 0, store: ':memory:' })
    copyFileSync(join(home, 'posts.json'), join(folder, 'posts.json'))
    writeFileSync(join(folder, 'hello.txt'), 'hello')

    applications.push(
      run('json-server', 'lib/cli/bin.js', ['--host', '127.0.0.1', '--port', apiPort, 'posts.json']),
      run('http-server', 'bin/http-server', ['.', '-a', '127.0.0.1', '-p', frontPort, '--proxy', api]),
    )
    await Promise.all([answers(`${api}/posts`), answers(`${front}/hello.txt`)])
    // The knocking above left traces of its own.
    await settled()
  })

  after(async () => {
    await Promise.all(applications.map((application) => application.stop()))
    await viewer?.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  it('names the requests of json-server by their routes', async () => {
    const response = await fetch(`${api}/posts/1?secret=no`)
    assert.deepEqual(await response.json(), { id: 1, title: 'Leave no trace', author: 'A' })

    const [span, ...others] = (await traceOf((root) => root.path === '/posts/1')).spans
    assert.deepEqual(others, [])
    assert.equal(span.service, 'json-server')
    assert.equal(span.kind, 'server')
    assert.equal(span.name, 'GET /posts/:id')
    assert.equal(span.detail.attributes['http.route'], '/posts/:id')
    assert.equal(span.detail.attributes['http.response.status_code'], 200)
    assert.equal(span.failed, false)
  })

  it('follows a request through the proxy of http-server into json-server', async () => {
    const response = await fetch(`${front}/posts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Through two strangers', author: 'B' }),
    })
    assert.equal(response.status, 201)
    assert.deepEqual(await response.json(), { title: 'Through two strangers', author: 'B', id: 2 })

    const { spans } = await traceOf((root, trace) => root.path === '/posts' && trace.spans.length === 3)
    const chain = spans.map(({ service, kind, name }) => `${service} ${kind} ${name}`)
    assert.deepEqual(chain, [
      'http-server server POST',
      'http-server client POST',
      'json-server server POST /posts',
    ])
    const [server, client, remote] = spans
    assert.equal(server.parent, null)
    assert.equal(client.parent, server)
    assert.equal(remote.parent, client)
    assert.equal(client.detail.attributes['url.full'], `${api}/posts`)
    assert.equal(client.detail.attributes['http.response.status_code'], 201)
    for (const span of spans) assert.equal(span.failed, false, span.name)
  })

  it('tells what was not found from what failed', async () => {
    const response = await fetch(`${front}/posts/999`)
    assert.equal(response.status, 404)

    const { spans } = await traceOf((root, trace) => root.path === '/posts/999' && trace.spans.length === 3)
    // A client that got a 404 has failed, the server that said so has not: semantic conventions for HTTP spans.
    assert.deepEqual(
      spans.map(({ service, kind, failed }) => `${service} ${kind} ${failed}`),
      ['http-server server false', 'http-server client true', 'json-server server false'],
    )
  })

  it('gives a file that http-server sends by itself one span', async () => {
    const response = await fetch(`${front}/hello.txt`, { headers: { 'user-agent': 'test of one file' } })
    assert.equal(await response.text(), 'hello')

    const isOurs = (root) => root.span.detail.attributes['user_agent.original'] === 'test of one file'
    const { spans } = await traceOf(isOurs)
    assert.deepEqual(
      spans.map(({ service, kind, name }) => `${service} ${kind} ${name}`),
      ['http-server server GET'],
    )
  })

  /** Starts the program of an installed package, and nothing in it is changed. */
  function run(name, file, args) {
    const manifest = createRequire(join(home, 'package.json')).resolve(`${name}/package.json`)
    const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('OTEL_'))
    const child = spawn(
      process.execPath,
      ['--import', import.meta.resolve('spoor/register'), join(dirname(manifest), file), ...args.map(String)],
      {
        cwd: folder,
        env: {
          ...Object.fromEntries(inherited),
          OTEL_SERVICE_NAME: name,
          OTEL_EXPORTER_OTLP_ENDPOINT: viewer.otlpUrl,
          OTEL_BSP_SCHEDULE_DELAY: '100',
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    const ended = new Promise((settle) => child.once('close', settle))
    return {
      async stop() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }

  /** The one trace for whose root `matches` is true, as soon as it is there. */
  async function traceOf(matches) {
    const deadline = Date.now() + patience
    for (;;) {
      const traces = await readTraces(viewer.url)
      const found = traces.filter((trace) => {
        const span = trace.spans.find(({ parent }) => parent === null)
        return span && matches({ span, path: span.detail.attributes['url.path'] }, trace)
      })
      if (found.length > 0) {
        assert.equal(found.length, 1, 'more than one trace')
        return found[0]
      }
      if (Date.now() > deadline) {
        const seen = traces.map(({ spans }) =>
          spans.map(({ service, name }) => `${service} ${name}`).join(', '),
        )
        assert.fail(`the trace did not arrive; these did:\n${seen.join('\n')}`)
      }
      await sleep(50)
    }
  }

  async function settled() {
    let before = -1
    for (let now = viewer.received; now !== before; now = viewer.received) {
      before = now
      await sleep(400)
    }
  }
})

async function answers(url) {
  const deadline = Date.now() + patience
  for (;;) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok) return
    if (Date.now() > deadline) throw new Error(`${url} does not answer`)
    await sleep(50)
  }
}
