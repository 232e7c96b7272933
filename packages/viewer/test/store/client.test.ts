import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectStore, type StoreClient } from '../../dist/store/client.js'
import { protobuf, request, traceId } from '../support/otlp.js'
import { eventually, temporaryFolder } from '../support/viewer.js'

const settings = { path: ':memory:', maxBytes: 1e9, maxAge: 1e9, maxBody: 1e7 }

function store(client: StoreClient, count: number, id = traceId()) {
  const body = new Uint8Array(protobuf(request(Array.from({ length: count }, () => ({ traceId: id })))))
  return client.store({ body, encoding: 'identity', type: 'protobuf' })
}

test('deliveries small and large are all stored, and each commit is told', async () => {
  const changed = new Map<string, number>()
  const client = await connectStore(settings, {
    changed: (ids, spans) => {
      for (const id of ids) changed.set(id, (changed.get(id) ?? 0) + spans)
    },
    report: assert.fail,
  })
  const ids = Array.from({ length: 40 }, traceId)
  const receipts = await Promise.all(ids.map((id, i) => store(client, i === 7 ? 3000 : 3, id)))
  assert.deepEqual(
    receipts.map(({ stored }) => stored),
    ids.map((_, i) => (i === 7 ? 3000 : 3)),
  )
  const { traces, spans } = await client.totals()
  assert.deepEqual([traces, spans], [40, 3117])
  assert.equal(changed.size, 40)
  await client.close()
})

test('readers are answered while a large delivery is being stored', async () => {
  let begin = (): void => {}
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const client = await connectStore(settings, { changed: () => begin(), report: assert.fail })
  let isStored = false
  const large = store(client, 15_000).then(() => (isStored = true))
  await begun
  const { traces } = JSON.parse(await client.list({}))
  assert.equal(isStored, false, 'the list did not wait for it')
  assert.ok(traces[0].spans > 0 && traces[0].spans < 15_000)
  await large
  await client.close()
})

test('what was delivered before the end is stored before the end', async (t) => {
  const path = join(temporaryFolder(t), 'traces.db')
  const first = await connectStore({ ...settings, path }, { changed() {}, report: assert.fail })
  const pending = Array.from({ length: 20 }, () => store(first, 50))
  await first.close()
  await Promise.all(pending)
  const second = await connectStore({ ...settings, path }, { changed() {}, report: assert.fail })
  assert.equal((await second.totals()).spans, 1000)
  await second.close()
  await assert.rejects(second.totals(), /not running/)
})

test('a store whose thread dies is started again, with what it had on disk', async (t) => {
  const reports: string[] = []
  const path = join(temporaryFolder(t), 'traces.db')
  const client = await connectStore(
    { ...settings, path },
    { changed() {}, report: (line) => reports.push(line) },
  )
  await store(client, 5)
  const question = store(client, 5)
  client.kill()
  await assert.rejects(question, { code: 'SPOOR_STORE_UNAVAILABLE' })
  await eventually(() => client.totals().catch(() => undefined))
  assert.match(reports[0]!, /the store stopped .*starting it again/)
  assert.ok((await client.totals()).spans >= 5)
  await store(client, 5)
  await client.close()
})
