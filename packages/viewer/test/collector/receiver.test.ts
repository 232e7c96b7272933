import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { test } from 'node:test'
import zlib from 'node:zlib'
import type { Status, TraceList } from '../../dist/api.js'
import { Receiver } from '../../dist/collector/receiver.js'
import { Reader } from '../../dist/collector/wire.js'
import { protobuf, request, traceId } from '../support/otlp.js'
import { eventually, exchange, type Reply, testViewer } from '../support/viewer.js'

const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const JSON_TYPE = { 'content-type': 'application/json' }

test('protobuf and JSON lead to the same spans', async (t) => {
  const viewer = await testViewer(t)
  const spans = [
    { name: 'root', spanId: '11'.repeat(8) },
    { name: 'child', spanId: '22'.repeat(8), start: 1 },
  ]
  const ids = [traceId(), traceId()]
  const bodies = ids.map((id) =>
    request(spans.map((span, i) => ({ ...span, traceId: id, parentSpanId: i ? '11'.repeat(8) : null }))),
  )
  const first = await viewer.post(protobuf(bodies[0]!), PROTOBUF)
  assert.equal(first.status, 200)
  assert.equal(first.headers['content-type'], 'application/x-protobuf')
  assert.equal(first.body.length, 0)
  const second = await viewer.post(JSON.stringify(bodies[1]), {
    'content-type': 'application/json; charset=utf-8',
  })
  assert.equal(second.status, 200)
  assert.equal(second.headers['content-type'], 'application/json')
  assert.equal(second.body.toString(), '{}')

  const stored = await Promise.all(ids.map((id) => viewer.get<object>(`/api/traces/${id}/otlp`)))
  assert.deepEqual(
    stored,
    bodies.map((body) => JSON.parse(JSON.stringify(body))),
  )
})

test('bodies may be compressed with gzip, deflate with and without header, and zstd where Node has it', async (t) => {
  const viewer = await testViewer(t)
  const encodings: [string, (body: Buffer) => Buffer][] = [
    ['gzip', zlib.gzipSync],
    ['x-gzip', zlib.gzipSync],
    ['deflate', zlib.deflateSync],
    ['deflate', zlib.deflateRawSync],
    ['identity', (body) => body],
  ]
  if (typeof zlib.zstdCompressSync === 'function') encodings.push(['zstd', zlib.zstdCompressSync])
  for (const [encoding, compress] of encodings) {
    const body = compress(protobuf(request([{}])))
    assert.equal(
      (await viewer.post(body, { ...PROTOBUF, 'content-encoding': encoding })).status,
      200,
      encoding,
    )
  }
  assert.equal((await viewer.get<Status>('/api/status')).spans, encodings.length)
})

test('empty requests succeed', async (t) => {
  const viewer = await testViewer(t)
  assert.equal((await viewer.post(Buffer.alloc(0), PROTOBUF)).status, 200)
  for (const body of [
    '{}',
    '',
    ' ',
    '\ufeff{}',
    '{"resourceSpans":[]}',
    '{"resourceSpans":[{"scopeSpans":[{}]}]}',
  ]) {
    assert.equal((await viewer.post(body, JSON_TYPE)).status, 200, JSON.stringify(body))
  }
})

test('spans with bad ids are refused, the others of the request are kept', async (t) => {
  const viewer = await testViewer(t)
  const good = traceId()
  const json = request([
    { traceId: good },
    { traceId: '00'.repeat(16) },
    { traceId: 'abcd' },
    { traceId: 'not hex' },
    { spanId: '' },
    { spanId: '00'.repeat(8) },
    { parentSpanId: 'abcd' },
    { traceId: good, parentSpanId: '00'.repeat(8) },
  ])
  const answer = await viewer.send(json)
  assert.equal(answer.status, 200)
  assert.deepEqual(JSON.parse(answer.body.toString()), {
    partialSuccess: { rejectedSpans: '6', errorMessage: 'a trace id must be 16 bytes, not all zero' },
  })
  const inProtobuf = await viewer.post(protobuf(json), PROTOBUF)
  assert.deepEqual(readPartialSuccess(inProtobuf.body), [6, 'a trace id must be 16 bytes, not all zero'])

  const { traces } = await viewer.get<TraceList>('/api/traces')
  assert.deepEqual(
    traces.map(({ traceId, spans, rooted }) => [traceId, spans, rooted]),
    [[good, 2, true]],
  )
  const { received } = await viewer.get<Status>('/api/status')
  assert.deepEqual([received.requests, received.spans, received.rejected], [2, 4, 12])
})

test('what cannot be decoded is refused for good, with a status in the encoding of the request', async (t) => {
  const viewer = await testViewer(t)
  const json = await viewer.post('{"resourceSpans":', JSON_TYPE)
  assert.equal(json.status, 400)
  const status = JSON.parse(json.body.toString())
  assert.equal(status.code, 3)
  assert.match(status.message, /not JSON/)

  const inProtobuf = await viewer.post(Buffer.from([0x0a, 0x7f, 0x00]), PROTOBUF)
  assert.equal(inProtobuf.status, 400)
  assert.equal(inProtobuf.headers['content-type'], 'application/x-protobuf')
  const [code, message] = readStatus(inProtobuf.body)
  assert.equal(code, 3)
  assert.match(message, /claims 127 bytes/)

  for (const body of ['5', '"text"', '[]', '{"resourceSpans":{}}', '{"resourceSpans":[5]}']) {
    assert.equal((await viewer.post(body, JSON_TYPE)).status, 400, body)
  }
  assert.equal((await viewer.post('{}', { ...JSON_TYPE, 'content-encoding': 'gzip' })).status, 400)
})

test('bodies are bounded as they come', async (t) => {
  const viewer = await testViewer(t, { maxBody: 1000 })
  const announced = await viewer.post(Buffer.alloc(1001), PROTOBUF)
  assert.equal(announced.status, 413)
  assert.match(readStatus(announced.body)[1], /--max-body/)
  const chunked = await viewer.post(Buffer.alloc(5000), { ...PROTOBUF, 'transfer-encoding': 'chunked' })
  assert.equal(chunked.status, 413)
  assert.equal((await viewer.send(request([{}]))).status, 200)
})

test('bodies are bounded after decompression: a bomb is not inflated', async (t) => {
  const viewer = await testViewer(t, { maxBody: 1024 * 1024 })
  const bomb = zlib.gzipSync(Buffer.alloc(200 * 1024 * 1024))
  const before = process.memoryUsage.rss()
  for (let i = 0; i < 5; i++) {
    const { status, body } = await viewer.post(bomb, { ...PROTOBUF, 'content-encoding': 'gzip' })
    assert.equal(status, 413)
    assert.match(readStatus(body)[1], /larger than 1048576 bytes after decompression/)
  }
  assert.ok(process.memoryUsage.rss() - before < 100 * 1024 * 1024)
  assert.equal((await viewer.send(request([{}]))).status, 200)
})

test('other paths, methods, types and encodings are refused with the reason', async (t) => {
  const viewer = await testViewer(t)
  const cases: [Promise<Reply>, number, RegExp][] = [
    [exchange(viewer.otlpUrl), 404, new RegExp(`the page is at ${viewer.url}`)],
    [viewer.post('{}', JSON_TYPE, '/v1/spans'), 404, /POST \/v1\/traces/],
    [viewer.post('{}', JSON_TYPE, '/__proto__'), 404, /POST \/v1\/traces/],
    [exchange(`${viewer.otlpUrl}/v1/traces`), 405, /takes POST only/],
    [viewer.post('{}', { 'content-type': 'text/plain' }), 415, /text\/plain is not known/],
    [viewer.post('{}', {}), 415, /\(none\) is not known/],
    [viewer.post('{}', { ...JSON_TYPE, 'content-encoding': 'br' }), 415, /br is not known/],
  ]
  for (const [answer, status, message] of cases) {
    const reply = await answer
    assert.equal(reply.status, status)
    assert.match(JSON.parse(reply.body.toString()).message, message)
  }
  assert.equal((await exchange(`${viewer.otlpUrl}/v1/traces`)).headers.allow, 'POST, OPTIONS')
})

test('logs and metrics are accepted and dropped, which each connection is told once', async (t) => {
  const viewer = await testViewer(t)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const send = async (path: string, headers: Record<string, string>) =>
    exchange(viewer.otlpUrl + path, { method: 'POST', headers, agent }, '{}')
  const first = await send('/v1/logs', JSON_TYPE)
  assert.equal(first.status, 200)
  assert.deepEqual(JSON.parse(first.body.toString()).partialSuccess, {
    rejectedLogRecords: '0',
    errorMessage: "Spoor's viewer shows traces: logs are accepted and dropped",
  })
  assert.equal((await send('/v1/logs', JSON_TYPE)).body.toString(), '{}')
  assert.match(
    readPartialSuccess((await send('/v1/metrics', PROTOBUF)).body)[1],
    /metrics are accepted and dropped/,
  )
  assert.equal((await send('/v1/metrics', PROTOBUF)).body.length, 0)
})

test('pages on this machine and configured ones may send spans, others may not', async (t) => {
  const viewer = await testViewer(t, { allowedOrigins: ['https://Shop.example'] })
  const url = `${viewer.otlpUrl}/v1/traces`
  const body = JSON.stringify(request([{}]))
  for (const origin of [
    'http://localhost:5173',
    'https://127.0.0.1',
    'http://[::1]:80',
    'http://app.localhost',
    'https://shop.example',
  ]) {
    const preflight = await exchange(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-team',
        'access-control-request-private-network': 'true',
      },
    })
    assert.equal(preflight.status, 204)
    assert.equal(preflight.headers['access-control-allow-origin'], origin)
    assert.equal(preflight.headers['access-control-allow-headers'], 'content-type,x-team')
    assert.equal(preflight.headers['access-control-allow-private-network'], 'true')
    assert.equal(preflight.headers.vary, 'Origin')
    const post = await viewer.post(body, { ...JSON_TYPE, origin })
    assert.equal(post.status, 200)
    assert.equal(post.headers['access-control-allow-credentials'], 'true')
  }
  for (const origin of [
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'http://evil.example:80#localhost',
    'https://shop.example.evil',
  ]) {
    const refused = await viewer.post(body, { ...JSON_TYPE, origin })
    assert.equal(refused.status, 403, origin)
    assert.equal(refused.headers['access-control-allow-origin'], undefined)
    assert.equal((await exchange(url, { method: 'OPTIONS', headers: { origin } })).status, 403)
  }
  assert.equal((await viewer.get<Status>('/api/status')).received.spans, 5)
})

test('when more is received than can be stored, senders are asked to come again', async (t) => {
  let release = (): void => {}
  const stored = new Promise<void>((resolve) => (release = resolve))
  const receiver = new Receiver(
    async () => {
      await stored
      return { stored: 1, refused: 0, refusal: undefined }
    },
    { maxBody: 1000, maxQueue: 1500, allowedOrigins: [], pageUrl: '' },
  )
  const server = http.createServer(receiver.handle).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/v1/traces`
  const post = () => exchange(url, { method: 'POST', headers: PROTOBUF }, Buffer.alloc(1000))

  const first = post()
  await eventually(() => receiver.counters.requests === 1)
  const second = await post()
  assert.equal(second.status, 503)
  assert.equal(second.headers['retry-after'], '1')
  assert.match(readStatus(second.body)[1], /come again/)
  release()
  assert.equal((await first).status, 200)
  assert.equal((await post()).status, 200)
})

test('a client that goes away in the middle of a body leaves nothing behind', async (t) => {
  const viewer = await testViewer(t, { maxQueue: 4000 })
  const { port } = new URL(viewer.otlpUrl)
  for (let i = 0; i < 10; i++) {
    const socket = net.connect(Number(port), '127.0.0.1')
    const head =
      'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 3000\r\n\r\n'
    socket.write(head + 'x'.repeat(2000))
    await new Promise((resolve) => setTimeout(resolve, 5))
    socket.destroy()
  }
  // What they had sent counts no longer: a request that takes all there is goes through.
  const padding = { attributes: { padding: 'x'.repeat(3000) } }
  await eventually(async () => (await viewer.send(request([padding]))).status === 200)
})

function readPartialSuccess(body: Buffer): [rejected: number, message: string] {
  const outer = new Reader(body)
  assert.equal(outer.tag(body.length), (1 << 3) | 2)
  return readPair(body.subarray(outer.stop(body.length) && outer.at))
}

function readStatus(body: Buffer): [code: number, message: string] {
  return readPair(body)
}

/** Both messages have a number as their first field and a text as their second. */
function readPair(body: Buffer): [number, string] {
  const reader = new Reader(body)
  let number = 0
  let text = ''
  while (reader.at < body.length) {
    if (reader.tag(body.length) >>> 3 === 1) number = reader.varint(body.length)
    else {
      const stop = reader.stop(body.length)
      text = body.toString('utf8', reader.at, stop)
      reader.at = stop
    }
  }
  return [number, text]
}
