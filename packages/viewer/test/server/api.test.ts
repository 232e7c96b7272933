import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import type { ApiError, SpanDetail, Status, TraceList, TraceSkeleton, TracesChanged } from '../../dist/api.js'
import { request, spanId, T0, traceId } from '../support/otlp.js'
import { eventually, exchange, testViewer } from '../support/viewer.js'

test('a trace is listed, drawn, shown in full and downloaded', async (t) => {
  const viewer = await testViewer(t)
  const [id, root, child] = [traceId(), spanId(), spanId()]
  const json = request([
    { traceId: id, spanId: root, name: 'GET /', kind: 2, duration: 20, attributes: { 'http.route': '/' } },
    {
      traceId: id,
      spanId: child,
      parentSpanId: root,
      name: 'work',
      start: 5,
      more: { status: { code: 2, message: 'bad' } },
    },
  ])
  await viewer.send(json)

  const { traces, cursor } = await viewer.get<TraceList>('/api/traces?limit=10')
  assert.equal(cursor, null)
  assert.deepEqual(traces, [
    {
      traceId: id,
      name: 'GET /',
      service: 'shop',
      start: String(T0),
      duration: 20e6,
      spans: 2,
      errors: 1,
      services: ['shop'],
      rooted: true,
    },
  ])
  const skeleton = await viewer.get<TraceSkeleton>(`/api/traces/${id.toUpperCase()}`)
  assert.deepEqual(skeleton.spanId, [root, child])
  assert.deepEqual(skeleton.parent, [-1, 0])
  const detail = await viewer.get<SpanDetail>(`/api/traces/${id}/spans/${child}`)
  assert.deepEqual([detail.name, detail.parentSpanId, detail.status.message], ['work', root, 'bad'])

  const download = await exchange(`${viewer.url}/api/traces/${id}/otlp`)
  assert.equal(download.headers['content-disposition'], `attachment; filename="trace-${id}.json"`)
  assert.deepEqual(JSON.parse(download.body.toString()), json)

  const status = await viewer.get<Status>('/api/status')
  assert.deepEqual([status.traces, status.spans, status.services, status.store], [1, 2, ['shop'], ':memory:'])
  assert.equal(status.otlpUrl, viewer.otlpUrl)
  assert.match(status.engine, /sqlite.* 3\.\d+/)
})

test('answers are JSON that nobody caches or sniffs', async (t) => {
  const viewer = await testViewer(t)
  const { headers } = await exchange(`${viewer.url}/api/traces`)
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['access-control-allow-origin'], undefined)
  assert.match(String(headers['server']), /^spoor-viewer\//)
})

test('what is not there, or makes no sense, is answered with a code and a sentence', async (t) => {
  const viewer = await testViewer(t)
  const cases: [path: string, status: number, code: string][] = [
    [`/api/traces/${traceId()}`, 404, 'not_found'],
    ['/api/traces/zz', 404, 'not_found'],
    [`/api/traces/${traceId()}/spans/${spanId()}`, 404, 'not_found'],
    [`/api/traces/${traceId()}/otlp`, 404, 'not_found'],
    [`/api/traces/${traceId()}/spans`, 404, 'not_found'],
    ['/api', 404, 'not_found'],
    ['/api/nothing', 404, 'not_found'],
    ['/api/status/more', 404, 'not_found'],
    ['/api/traces/%zz', 400, 'bad_request'],
    ['/api/traces?limit=many', 400, 'bad_request'],
    ['/api/traces?cursor=1;2', 400, 'bad_request'],
  ]
  for (const [path, status, code] of cases) {
    const reply = await exchange(viewer.url + path)
    assert.equal(reply.status, status, path)
    const { error } = JSON.parse(reply.body.toString()) as ApiError
    assert.equal(error.code, code, path)
    assert.ok(error.message.length > 10)
  }
  const post = await exchange(`${viewer.url}/api/traces`, { method: 'POST' })
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
  const head = await exchange(`${viewer.url}/api/traces`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.body.length], [200, 0])
})

test('only names of this machine and configured ones are answered to', async (t) => {
  const viewer = await testViewer(t, { allowedHosts: ['Devbox.example'] })
  const { port } = new URL(viewer.url)
  const ask = (host: string, path = '/api/traces') => exchange(viewer.url + path, { headers: { host } })
  for (const host of [
    `localhost:${port}`,
    'LOCALHOST',
    `127.0.0.1:${port}`,
    `[::1]:${port}`,
    'a.localhost',
    '192.168.1.5',
    'devbox.example:80',
    'host.docker.internal',
  ]) {
    assert.equal((await ask(host)).status, 200, host)
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'xlocalhost',
    'a b',
  ]) {
    for (const path of ['/api/traces', '/', '/api/events']) {
      const reply = await ask(host, path)
      assert.equal(reply.status, 403, `${host} ${path}`)
      assert.equal(JSON.parse(reply.body.toString()).error.code, 'forbidden_host')
    }
  }
})

test('pages from elsewhere may not read traces, not even from another port of this machine', async (t) => {
  const viewer = await testViewer(t)
  const ask = (origin: string) => exchange(`${viewer.url}/api/traces`, { headers: { origin } })
  assert.equal((await ask(viewer.url)).status, 200)
  for (const origin of [
    'https://evil.example',
    'http://localhost:1',
    'null',
    viewer.url.replace('http', 'https'),
  ]) {
    const reply = await ask(origin)
    assert.equal(reply.status, 403, origin)
    assert.equal(JSON.parse(reply.body.toString()).error.code, 'forbidden_origin')
  }
})

test('open pages hear of changes, at most four times a second, and of many as of many', async (t) => {
  const viewer = await testViewer(t)
  const events: TracesChanged[] = []
  const listening = http.get(`${viewer.url}/api/events`)
  t.after(() => listening.destroy())
  const [response] = await new Promise<[http.IncomingMessage]>((resolve) =>
    listening.once('response', (incoming) => resolve([incoming])),
  )
  assert.equal(response.headers['content-type'], 'text/event-stream')
  let text = ''
  response.on('data', (chunk) => {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = /^event: traces\ndata: (.*)$/s.exec(text.slice(0, end))?.[1]
      if (data) events.push(JSON.parse(data) as TracesChanged)
      text = text.slice(end + 2)
    }
  })

  const id = traceId()
  await viewer.send(request([{ traceId: id }, { traceId: id }]))
  await eventually(() => events.length === 1)
  assert.deepEqual(events[0], { traceIds: [id], spans: 2 })

  const startedAt = Date.now()
  for (let i = 0; i < 12; i++) {
    await viewer.send(request(Array.from({ length: 10 }, () => ({}))))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const seen = () => events.slice(1).reduce((sum, { spans }) => sum + spans, 0)
  await eventually(() => seen() === 120)
  const most = Math.ceil((Date.now() - startedAt) / 250) + 1
  assert.ok(events.length - 1 <= most, `${events.length - 1} events, at most ${most}`)

  await viewer.send(request(Array.from({ length: 150 }, () => ({}))))
  await eventually(() => events.at(-1)!.spans === 150)
  assert.deepEqual(events.at(-1)!.traceIds, [])
})

test('closing ends the streams of open pages, and may be asked for twice', async (t) => {
  const viewer = await testViewer(t)
  const ended = exchange(`${viewer.url}/api/events`)
  await exchange(`${viewer.url}/api/status`)
  const startedAt = Date.now()
  await Promise.all([viewer.close(), viewer.close()])
  assert.match((await ended).body.toString(), /^retry: 1000/)
  assert.ok(Date.now() - startedAt < 10_000)
})
