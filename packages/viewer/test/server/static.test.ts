import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StaticFiles } from '../../dist/server/static.js'
import { exchange, temporaryFolder } from '../support/viewer.js'

async function serve(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = temporaryFolder(t)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const loaded = await StaticFiles.load(join(folder, 'web'))
  const server = http.createServer((request, response) => loaded.send(request, response, request.url!))
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const FILES = {
  'secret.txt': 'secret',
  'web/index.html': '<!doctype html>page',
  'web/assets/main-QICRXLFS.js': 'plain script',
  'web/assets/main-QICRXLFS.js.gz': 'gzip script',
  'web/assets/main-QICRXLFS.js.br': 'brotli script',
  'web/assets/icon-00d55d7e.svg': '<svg/>',
}

test('files whose name has a hash are cached for good, the page is not', async (t) => {
  const url = await serve(t, FILES)
  const script = await exchange(`${url}/assets/main-QICRXLFS.js`)
  assert.equal(script.body.toString(), 'plain script')
  assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8')
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal((await exchange(`${url}/assets/icon-00d55d7e.svg`)).headers['content-type'], 'image/svg+xml')
  const page = await exchange(url)
  assert.equal(page.headers['cache-control'], 'no-cache')
  assert.match(page.headers['content-type']!, /^text\/html/)
})

test('compressed files are sent to those who take them', async (t) => {
  const url = `${await serve(t, FILES)}/assets/main-QICRXLFS.js`
  for (const [accepted, encoding, body] of [
    ['gzip, deflate, br', 'br', 'brotli script'],
    ['gzip', 'gzip', 'gzip script'],
    ['deflate', undefined, 'plain script'],
  ] as const) {
    const reply = await exchange(url, { headers: { 'accept-encoding': accepted } })
    assert.equal(reply.headers['content-encoding'], encoding)
    assert.equal(reply.headers.vary, 'Accept-Encoding')
    assert.equal(reply.body.toString(), body)
  }
})

test("the page's own addresses all lead to the page, under a policy that lets nothing else run", async (t) => {
  const url = await serve(t, FILES)
  for (const path of ['/', '/index.html', '/traces/0123456789abcdef', '/anything']) {
    const { status, body, headers } = await exchange(url + path)
    assert.deepEqual([status, body.toString()], [200, FILES['web/index.html']])
    const policy = headers['content-security-policy'] as string
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /script-src 'self';/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
  }
})

test('nothing outside of the folder can be asked for', async (t) => {
  const { port } = new URL(await serve(t, FILES))
  for (const path of [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '//secret.txt',
    '/assets/none.js',
  ]) {
    const { status, body } = await exchange('http://127.0.0.1', { port, path })
    assert.equal(status, 404, path)
    assert.doesNotMatch(body.toString(), /secret/)
  }
})

test('a page that was not built is not there, and says how to build it', async (t) => {
  const { status, body } = await exchange(await serve(t, { 'web/.keep': '' }))
  assert.equal(status, 503)
  assert.match(body.toString(), /npm run build/)
})
