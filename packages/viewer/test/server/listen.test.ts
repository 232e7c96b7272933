import assert from 'node:assert/strict'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startViewer, ViewerError } from '../../dist/index.js'
import { listen } from '../../dist/server/listen.js'
import { exchange, testViewer } from '../support/viewer.js'

async function occupy(t: TestContext): Promise<number> {
  const server = http.createServer((_, response) => response.end('somebody else'))
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function failure(promise: Promise<unknown>): Promise<ViewerError> {
  const error = await promise.then(
    () => assert.fail('it started'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ViewerError)
  return error
}

test('a port that another program has is named, with how to find that program and the flag to evade it', async (t) => {
  const port = await occupy(t)
  const otlp = await failure(startViewer({ otlpPort: port, uiPort: 0 }))
  assert.equal(otlp.code, 'SPOOR_PORT_IN_USE')
  assert.match(
    otlp.message,
    new RegExp(`port ${port}, for OTLP, is in use by another program: \`.*${port}\` .*--otlp-port`),
  )
  const page = await failure(startViewer({ otlpPort: 0, uiPort: port }))
  assert.match(page.message, new RegExp(`port ${port}, for the page, .*--ui-port`))
})

test('a port that another viewer has is named as such, before any word of its store', async (t) => {
  const viewer = await testViewer(t)
  for (const [options, flag] of [
    [{ otlpPort: Number(new URL(viewer.otlpUrl).port), uiPort: 0 }, '--otlp-port'],
    [{ otlpPort: 0, uiPort: Number(new URL(viewer.url).port) }, '--ui-port'],
  ] as const) {
    const { message } = await failure(startViewer(options))
    assert.match(message, new RegExp(`by another spoor-viewer, which is still running.*${flag}`))
  }
})

test('an address that the machine does not have is refused with the flag to change it', async () => {
  const { code, message } = await failure(startViewer({ otlpPort: 0, uiPort: 0, host: '192.0.2.1' }))
  assert.equal(code, 'SPOOR_CANNOT_LISTEN')
  assert.match(message, /192\.0\.2\.1.*--host/)
})

test('a start that fails leaves no port taken', async (t) => {
  const taken = await occupy(t)
  const probe = http.createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))

  await failure(startViewer({ otlpPort: port, uiPort: taken }))
  const socket = net.connect(port, '127.0.0.1')
  const isTaken = await new Promise((resolve) =>
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false)),
  )
  socket.destroy()
  assert.equal(isTaken, false)
})

test('localhost is both of its addresses', async (t) => {
  const listener = await listen({ what: 'the test', flag: '--port', host: 'localhost', port: 0 })
  t.after(() => listener.close())
  listener.serve((_, response) => response.end('here'))
  const addresses = ['127.0.0.1', ...((await hasIpv6()) ? ['[::1]'] : [])]
  for (const address of addresses) {
    assert.equal((await exchange(`http://${address}:${listener.port}`)).body.toString(), 'here')
  }
})

test('requests that come before there is somebody to answer are answered then', async (t) => {
  const listener = await listen({ what: 'the test', flag: '--port', host: '127.0.0.1', port: 0 })
  t.after(() => listener.close())
  const early = exchange(`http://127.0.0.1:${listener.port}`)
  await new Promise((resolve) => setTimeout(resolve, 30))
  listener.serve((_, response) => response.end('at last'))
  assert.equal((await early).body.toString(), 'at last')
})

function hasIpv6(): Promise<boolean> {
  const server = net.createServer()
  return new Promise((resolve) => {
    server.on('error', () => resolve(false))
    server.listen(0, '::1', () => server.close(() => resolve(true)))
  })
}
