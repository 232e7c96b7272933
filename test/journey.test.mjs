/** `npm start`, run as a person runs it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const freePorts = ['--viewer-port', '0', '--otlp-port', '0']
const limit = { timeout: 180_000 }

test('npm start -- --once gets every trace back complete, and draws one of them', limit, async () => {
  const { code, stdout, stderr } = await start(['--once', ...freePorts]).end
  assert.equal(code, 0, stderr)
  assert.match(stderr, /Every trace is complete: 7 traces, 40 spans, 4 services/)

  const lines = stdout.split('\n')
  const names = lines
    .map((line) => line.match(/^(\w+) +[│├└ ]*(?:✗ )?(.+?) +[\d.]+ (?:µs|ms|s) +[━╸]+/))
    .filter(Boolean)
  assert.deepEqual(
    names.map(([, service, name]) => `${service} ${name}`),
    [
      'gateway POST /api/orders',
      'gateway POST',
      'orders POST /orders',
      'orders GET',
      'catalogue GET /products/:id',
      'catalogue SELECT products',
      'orders INSERT orders',
    ],
    stdout,
  )
  assert.match(stdout, /✗ POST \/orders .*\n? *the card was refused for 189\.00 €/)
})

test('npm start -- --once names the spans that are missing, and fails', limit, async () => {
  // Without the table of pg nobody sees the queries.
  const env = { SPOOR_DISABLE: 'pg' }
  const { code, stderr } = await start(['--once', '--patience', '1', ...freePorts], env).end
  assert.equal(code, 1, stderr)
  assert.match(
    stderr,
    /A customer looks around: catalogue's server span "GET \/products" lacks catalogue's client span "SELECT products"/,
  )
})

test('npm start stays until Ctrl-C, and then leaves nothing behind', limit, async () => {
  const journey = start(freePorts)
  const [, viewer] = await journey.says(/The viewer +(http:\S+)/)
  const [, shop] = await journey.says(/The shop +(http:\S+)/)
  const page = await fetch(shop)
  assert.match(await page.text(), /Wayfarer/)
  const { services } = await (await fetch(`${viewer}/api/status`)).json()
  assert.deepEqual(services.toSorted(), ['catalogue', 'gateway', 'mailer', 'orders'])

  journey.child.kill('SIGINT')
  const { code, signal, stderr } = await journey.end
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr)
  await assert.rejects(fetch(shop), 'the shop still answers')
  await assert.rejects(fetch(viewer), 'the viewer still answers')
})

test('npm start refuses an option that it does not know', limit, async () => {
  const { code, stderr } = await start(['--onec']).end
  assert.equal(code, 1)
  assert.match(stderr, /--onec.*\nOptions: --once/s)
})

function start(args, env = {}) {
  const child = spawn(process.execPath, ['scripts/start.mjs', ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  const waiting = new Set()
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text
      for (const look of waiting) look()
    })
  }
  const end = new Promise((settle) =>
    child.on('close', (code, signal) => settle({ code, signal, ...output })),
  )
  /** Waits until standard error matches; fails if the process ends before. */
  const says = (pattern) =>
    new Promise((settle, fail) => {
      const look = () => {
        const match = output.stderr.match(pattern)
        if (!match) return
        waiting.delete(look)
        settle(match)
      }
      waiting.add(look)
      look()
      end.then(() => fail(new Error(`ended before it said ${pattern}:\n${output.stderr}`)))
    })
  return { child, end, says }
}
