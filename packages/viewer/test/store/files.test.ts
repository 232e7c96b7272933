import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Status, TraceSkeleton } from '../../dist/api.js'
import { startViewer, type Viewer, ViewerError } from '../../dist/index.js'
import { openEngine } from '../../dist/store/engine.js'
import { own } from '../../dist/store/owner.js'
import { request, spanId, traceId } from '../support/otlp.js'
import { eventually, exchange, temporaryFolder, testViewer } from '../support/viewer.js'

const start = (store: string) => startViewer({ otlpPort: 0, uiPort: 0, store })

function withCode(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ViewerError)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  }
}

test('traces survive a restart', async (t) => {
  const store = join(temporaryFolder(t), 'new', 'folder', 'traces.db')
  const id = traceId()
  const first = await testViewer(t, { store })
  await first.send(request([{ traceId: id, name: 'before' }]))
  await first.close()
  const second = await testViewer(t, { store })
  await second.send(request([{ traceId: id, name: 'after', start: 1 }]))
  const { strings, name } = await second.get<TraceSkeleton>(`/api/traces/${id}`)
  assert.deepEqual(
    name.map((i) => strings[i]),
    ['before', 'after'],
  )
  const { spans, store: path } = await second.get<Status>('/api/status')
  assert.deepEqual([spans, path], [2, store])
})

test('what was accepted is there after the process was killed', async (t) => {
  const store = join(temporaryFolder(t), 'traces.db')
  const child = fork(fileURLToPath(new URL('../support/viewer-process.js', import.meta.url)), [store])
  t.after(() => child.kill('SIGKILL'))
  const [viewer] = (await once(child, 'message')) as [Viewer]
  const ids = Array.from({ length: 30 }, traceId)
  for (const id of ids) {
    const body = JSON.stringify(request([{ traceId: id, spanId: 'ab'.repeat(8), attributes: { id } }]))
    const { status } = await exchange(
      `${viewer.otlpUrl}/v1/traces`,
      { method: 'POST', headers: { 'content-type': 'application/json' } },
      body,
    )
    assert.equal(status, 200)
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.ok(existsSync(`${store}.owner`), 'it could not clean up')

  const next = await testViewer(t, { store })
  assert.equal((await next.get<Status>('/api/status')).spans, 30)
  for (const id of ids) {
    const { attributes } = await next.get<{ attributes: object }>(`/api/traces/${id}/spans/${'ab'.repeat(8)}`)
    assert.deepEqual(attributes, { id })
  }
})

test('a store has one owner at a time, and the second is told who it is', async (t) => {
  const store = join(temporaryFolder(t), 'traces.db')
  const first = await start(store)
  await assert.rejects(
    start(store),
    withCode('SPOOR_STORE_IN_USE', new RegExp(`process ${process.pid}.*--store`)),
  )
  await first.close()
  await (await start(store)).close()
  assert.equal(existsSync(`${store}.owner`), false)
})

test('an owner that is gone, or silent for long, is none', (t) => {
  const path = join(temporaryFolder(t), 'traces.db')
  const file = `${path}.owner`
  writeFileSync(file, '4194399') // above the largest process number of Linux
  own(path)()
  writeFileSync(file, 'garbage')
  own(path)()
  writeFileSync(file, String(process.pid))
  assert.throws(() => own(path), withCode('SPOOR_STORE_IN_USE', /in use by process/))
  const long = new Date(Date.now() - 3600_000)
  utimesSync(file, long, long)
  own(path)()
  assert.equal(existsSync(file), false)
})

test('a file that is not a store is left alone', async (t) => {
  const folder = temporaryFolder(t)
  const text = join(folder, 'notes.txt')
  writeFileSync(text, 'these are my notes, and they are important.\n'.repeat(100))
  await assert.rejects(start(text), withCode('SPOOR_STORE_FOREIGN', /not a store of the viewer/))
  assert.match(readFileSync(text, 'utf8'), /^these are my notes/)

  const foreign = join(folder, 'foreign.db')
  const engine = await openEngine(foreign)
  engine.exec('CREATE TABLE customers (name TEXT)')
  engine.close()
  await assert.rejects(start(foreign), withCode('SPOOR_STORE_FOREIGN', /nothing was written/))
})

test('a store of another version is not touched, and the message says which way it differs', async (t) => {
  const path = join(temporaryFolder(t), 'traces.db')
  await (await start(path)).close()
  for (const [version, message] of [
    [2, /a newer version .*update spoor-viewer/],
    [0, /an older version .*delete the file/],
  ] as const) {
    const engine = await openEngine(path)
    engine.exec(`PRAGMA user_version = ${version}`)
    engine.close()
    await assert.rejects(start(path), withCode('SPOOR_STORE_VERSION', message))
  }
})

test('a path that cannot be had is refused with the reason', async (t) => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, '')
  await assert.rejects(start(join(file, 'traces.db')), withCode('SPOOR_STORE_UNUSABLE', /--store/))
})

test('on a full disk senders are told to come again, readers are served, and it is said once', async (t) => {
  const store = join(temporaryFolder(t), 'traces.db')
  const viewer = await testViewer(t, { store, quota: 200_000 })
  const id = traceId()
  await viewer.send(request([{ traceId: id, name: 'kept' }]))
  const noise = () =>
    request(
      Array.from({ length: 300 }, () => ({
        attributes: { noise: Array.from({ length: 90 }, spanId).join('') },
      })),
    )
  for (let i = 0; i < 3; i++) {
    const { status, headers, body } = await viewer.send(noise())
    assert.equal(status, 503)
    assert.equal(headers['retry-after'], '5')
    assert.match(JSON.parse(body.toString()).message, /database or disk is full/)
  }
  assert.equal(viewer.reports.length, 1)
  assert.match(viewer.reports[0]!, /cannot be written: database or disk is full; make room/)
  assert.match((await viewer.get<Status>('/api/status')).trouble!, /disk is full/)
  assert.equal((await viewer.get<TraceSkeleton>(`/api/traces/${id}`)).strings[0], 'kept')

  assert.equal((await viewer.send(request([{ traceId: id, start: 1 }]))).status, 200)
  await eventually(() => viewer.reports.length === 2)
  assert.equal(viewer.reports[1], 'the store can be written again')
  assert.equal((await viewer.get<Status>('/api/status')).trouble, undefined)
})
