import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Deliveries } from '../../dist/store/deliveries.js'
import { openStore, type Store } from '../../dist/store/store.js'
import { protobuf, request, type TestSpan } from '../support/otlp.js'

interface Ledger {
  store: Store
  deliveries: Deliveries
  /** What became of each delivery: how many spans were stored, or the code of its failure. */
  outcomes: Map<number, number | string>
  troubles: (string | undefined)[]
  take(id: number, spans: TestSpan[]): void
}

async function ledger(t: TestContext): Promise<Ledger> {
  const store = await openStore({ path: ':memory:', maxBytes: 1e9, maxAge: 1e9 })
  t.after(() => store.close())
  const outcomes: Ledger['outcomes'] = new Map()
  const troubles: Ledger['troubles'] = []
  const deliveries = new Deliveries(store, 1e7, {
    stored: (id, { stored }) => outcomes.set(id, stored),
    refused: (id, { code }) => outcomes.set(id, code),
    changed() {},
    trouble: (message) => troubles.push(message),
  })
  const take: Ledger['take'] = (id, spans) =>
    deliveries.take(id, {
      body: new Uint8Array(protobuf(request(spans))),
      encoding: 'identity',
      type: 'protobuf',
    })
  return { store, deliveries, outcomes, troubles, take }
}

test('a delivery at which the store fails is refused for good; those beside it are told to come again', async (t) => {
  const { store, deliveries, outcomes, troubles, take } = await ledger(t)
  const { add } = store
  t.mock.method(store, 'add', function (this: Store, span: Parameters<Store['add']>[0]) {
    if (span.kind === 5) throw new Error('no such column')
    add.call(this, span)
  })
  take(1, [{}, {}])
  take(2, [{}, { kind: 5 }])
  take(3, [{}])
  await deliveries.settled()
  assert.deepEqual(
    [...outcomes],
    [
      [2, 'SPOOR_STORE_FAILED'],
      [1, 'SPOOR_STORE_UNWRITABLE'],
      [3, 1],
    ],
  )
  assert.equal(store.totals().spans, 1)
  assert.deepEqual(troubles, ['the store failed: no such column', undefined])
})

test('while the disk is full all are told to come again, and nothing empty passes for a recovery', async (t) => {
  const { store, deliveries, outcomes, troubles, take } = await ledger(t)
  t.mock.method(store, 'add', () => {
    throw new Error('database or disk is full')
  })
  take(1, [{}])
  await deliveries.settled()
  take(2, [])
  await deliveries.settled()
  take(3, [{}])
  await deliveries.settled()
  assert.deepEqual(
    [...outcomes],
    [
      [1, 'SPOOR_STORE_UNWRITABLE'],
      [2, 0],
      [3, 'SPOOR_STORE_UNWRITABLE'],
    ],
  )
  assert.equal(troubles.length, 1)
})

test('a delivery larger than a transaction is answered once, when all of it is stored', async (t) => {
  const { store, deliveries, outcomes, take } = await ledger(t)
  const commits = t.mock.method(store, 'commit')
  take(
    1,
    Array.from({ length: 2500 }, () => ({})),
  )
  take(2, [{}])
  await deliveries.settled()
  assert.deepEqual(
    [...outcomes],
    [
      [1, 2500],
      [2, 1],
    ],
  )
  assert.equal(store.totals().spans, 2501)
  assert.equal(commits.mock.callCount(), 3)
})
