/** What every engine of the store must do. Called once per engine: see engines.test.ts. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Json } from '../../dist/collector/codec.js'
import { spansOf } from '../../dist/collector/request.js'
import type { EngineName } from '../../dist/store/engine.js'
import { openStore, type Store, type StoreOptions } from '../../dist/store/store.js'
import { protobuf, request, spanId, T0, type TestSpan, traceId } from '../support/otlp.js'
import { temporaryFolder } from '../support/viewer.js'

const MIB = 1024 * 1024
const DAY = 86_400_000

export function storeContract(engine: EngineName): void {
  const open = (options: Partial<StoreOptions> = {}): Promise<Store> =>
    openStore({ path: ':memory:', maxBytes: 64 * MIB, maxAge: DAY, engine, ...options })
  const it = (title: string, body: (t: TestContext) => Promise<void>) => test(`${engine}: ${title}`, body)

  it('an empty store has nothing, and says so', async () => {
    const store = await open()
    assert.deepEqual(store.list({}), { traces: [], cursor: null })
    assert.equal(store.skeleton(traceId()), undefined)
    assert.equal(store.skeleton('not an id'), undefined)
    assert.equal(store.span(traceId(), spanId()), undefined)
    assert.equal(store.otlp(traceId()), undefined)
    const { traces, spans, services, bytes } = store.totals()
    assert.deepEqual([traces, spans, services], [0, 0, []])
    assert.ok(bytes > 0)
    store.close()
  })

  it('spans that arrive in any order make the same trace', async () => {
    const id = traceId()
    const [root, child, leaf] = [spanId(), spanId(), spanId()]
    const spans: (TestSpan & { service: string })[] = [
      { spanId: root, name: 'GET /', start: 0, duration: 100, kind: 2, service: 'web' },
      { spanId: child, parentSpanId: root, name: 'call', start: 10, duration: 50, service: 'web' },
      { spanId: leaf, parentSpanId: child, name: 'POST /', start: 20, duration: 30, service: 'orders' },
    ]
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ]) {
      const store = await open()
      for (const i of order) add(store, [{ ...spans[i]!, traceId: id }], spans[i]!.service)
      const [trace] = store.list({}).traces
      assert.deepEqual(
        { ...trace, services: [...trace!.services].sort() },
        {
          traceId: id,
          name: 'GET /',
          service: 'web',
          start: String(T0),
          duration: 100e6,
          spans: 3,
          errors: 0,
          services: ['orders', 'web'],
          rooted: true,
        },
      )
      const skeleton = store.skeleton(id)!
      assert.deepEqual(skeleton.spanId, [root, child, leaf])
      assert.deepEqual(skeleton.parent, [-1, 0, 1])
      assert.deepEqual(skeleton.startOffset, [0, 10e6, 20e6])
      assert.deepEqual(skeleton.durations, [100e6, 50e6, 30e6])
      assert.deepEqual(
        skeleton.service.map((i) => skeleton.strings[i]),
        ['web', 'web', 'orders'],
      )
      assert.equal(skeleton.start, String(T0))
      store.close()
    }
  })

  it('until its root comes, a trace is named by its earliest span and marked', async () => {
    const store = await open()
    const id = traceId()
    const root = spanId()
    add(store, [{ traceId: id, parentSpanId: root, name: 'late', start: 50 }], 'b')
    assert.equal(store.list({}).traces[0]!.name, 'late')
    add(store, [{ traceId: id, parentSpanId: root, name: 'early', start: 20 }], 'c')
    assert.deepEqual(summary(store), ['early', 'c', false, 2])
    assert.deepEqual(store.skeleton(id)!.parent, [-2, -2])
    assert.deepEqual(store.skeleton(id)!.parentSpanId, [root, root])
    add(store, [{ traceId: id, spanId: root, name: 'root', start: 30, duration: 1 }], 'a')
    assert.deepEqual(summary(store), ['root', 'a', true, 3])
    add(store, [{ traceId: id, parentSpanId: root, name: 'earliest', start: 0 }], 'd')
    assert.deepEqual(summary(store), ['root', 'a', true, 4])
    assert.deepEqual(store.list({}).traces[0]!.services, ['b', 'c', 'a', 'd'])
    assert.deepEqual(store.skeleton(id)!.parent, [2, 2, -1, 2])
    store.close()
  })

  it('a span that is sent again takes the place of the first one', async () => {
    const store = await open()
    const ids = { traceId: traceId(), spanId: spanId() }
    add(store, [{ ...ids, name: 'first', attributes: { try: 1 } }])
    add(store, [{ ...ids, name: 'first', attributes: { try: 1 } }])
    const failed = {
      ...ids,
      name: 'second',
      attributes: { try: 2 },
      more: { status: { code: 2, message: 'no' } },
    }
    add(store, [failed, failed])
    const [trace] = store.list({}).traces
    assert.deepEqual([trace!.spans, trace!.errors, trace!.name], [1, 1, 'second'])
    assert.equal(store.totals().spans, 1)
    assert.deepEqual({ ...store.span(ids.traceId, ids.spanId)!.attributes }, { try: 2 })
    add(store, [{ ...ids, name: 'third' }])
    assert.equal(store.list({}).traces[0]!.errors, 0)
    assert.deepEqual({ ...store.span(ids.traceId, ids.spanId)!.attributes }, {})
    store.close()
  })

  it('a span is kept in full, to the last bit, through any number of blocks', async () => {
    const store = await open()
    const spans = Array.from({ length: 1300 }, (_, i) => ({
      traceId: traceId(),
      spanId: spanId(),
      name: `work ${i % 7}`,
      attributes: { i, text: 'é'.repeat(i % 50), flag: i % 2 === 0, ratio: i / 8, list: [i, 'x'] },
      more: {
        traceState: 'a=1',
        flags: 257,
        events: [{ timeUnixNano: String(T0 + 5n), name: 'event', droppedAttributesCount: 3 }],
        droppedLinksCount: i,
        links: [{ traceId: traceId(), spanId: spanId(), traceState: 'b=2' }],
        status: { message: `status ${i}`, code: 1 },
      },
    }))
    // Batches of one, of some, and of more than a block.
    for (let at = 0, size = 1; at < spans.length; at += size, size = (size * 3) % 700 || 1) {
      add(store, spans.slice(at, at + size))
    }
    for (const [i, span] of spans.entries()) {
      const detail = store.span(span.traceId, span.spanId)!
      assert.deepEqual({ ...detail.attributes }, span.attributes)
      assert.deepEqual(detail.events, [
        { name: 'event', offset: 5, attributes: detail.events[0]!.attributes, droppedAttributes: 3 },
      ])
      assert.deepEqual(detail.status, { code: 1, message: `status ${i}` })
      assert.equal(detail.links[0]!.spanId, span.more.links[0]!.spanId)
      assert.deepEqual([detail.traceState, detail.flags, detail.droppedLinks], ['a=1', 257, i])
      assert.equal(detail.start, String(T0))
    }
    store.close()
  })

  it('what comes out as OTLP is what went in, and can go in again', async () => {
    const store = await open()
    const id = traceId()
    const root = spanId()
    const json = request([
      {
        traceId: id,
        spanId: root,
        name: 'a',
        start: 0,
        attributes: { big: 2n ** 62n, text: '\u0000 is kept', nothing: '' },
      },
      { traceId: id, spanId: spanId(), parentSpanId: root, name: 'b', start: 0.000001, duration: 0.000001 },
    ])
    addRequest(store, json)
    assert.deepEqual(store.otlp(id), json)
    const other = await open()
    addRequest(other, store.otlp(id)!)
    assert.deepEqual(other.otlp(id), json)
    assert.deepEqual(other.skeleton(id), store.skeleton(id))
    store.close()
    other.close()
  })

  it('a span without a resource, a scope, a name or a time is kept', async () => {
    const store = await open()
    const ids = { traceId: traceId(), spanId: spanId() }
    addRequest(store, { resourceSpans: [{ scopeSpans: [{ spans: [ids] }] }] })
    addRequest(store, {
      resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans: [{ ...ids, spanId: spanId() }] }] }],
    })
    assert.deepEqual(summary(store), ['', 'unknown_service', true, 2])
    const detail = store.span(ids.traceId, ids.spanId)!
    assert.deepEqual([{ ...detail.resource }, detail.scope], [{}, { name: '', version: '' }])
    store.close()
  })

  it('clocks that are wrong, absent or run backwards are made the best of', async () => {
    const store = await open()
    const [none, onlyEnd, backwards, far, ancient] = [traceId(), traceId(), traceId(), traceId(), traceId()]
    const time = (startTimeUnixNano: unknown, endTimeUnixNano: unknown) => ({
      more: { startTimeUnixNano, endTimeUnixNano },
    })
    const before = BigInt(Date.now()) * 1_000_000n
    const end = String(T0)
    add(store, [
      { traceId: none, ...time(0, 0) },
      { traceId: onlyEnd, ...time('0', end) },
      { traceId: backwards, ...time(end, String(T0 - 5n)) },
      { traceId: far, ...time('18446744073709551615', end) },
      { traceId: ancient, name: 'today', ...time(end, end) },
      { traceId: ancient, name: '1970', ...time('1', '2') },
    ])
    const now = BigInt(store.skeleton(none)!.start)
    assert.ok(now >= before && now <= before + 60_000_000_000n)
    for (const id of [onlyEnd, backwards, far]) {
      const { start, duration } = store.skeleton(id)!
      assert.deepEqual([start, duration], [end, 0])
    }
    const skeleton = store.skeleton(ancient)!
    for (const offset of skeleton.startOffset) assert.ok(Number.isSafeInteger(offset) && offset >= 0)
    assert.ok(Number.isSafeInteger(skeleton.duration))
    assert.equal(store.list({}).traces.length, 5)
    store.close()
  })

  it('parents that form a ring, or are their own, are cut', async () => {
    const store = await open()
    const id = traceId()
    const [a, b, c, self] = [spanId(), spanId(), spanId(), spanId()]
    add(store, [
      { traceId: id, spanId: a, parentSpanId: c, start: 0 },
      { traceId: id, spanId: b, parentSpanId: a, start: 1 },
      { traceId: id, spanId: c, parentSpanId: b, start: 2 },
      { traceId: id, spanId: self, parentSpanId: self, start: 3 },
    ])
    const { parent, parentSpanId } = store.skeleton(id)!
    for (let start = 0; start < 4; start++) {
      let steps = 0
      for (let at = start; at >= 0; at = parent[at]!) assert.ok(steps++ < 4, 'it ends')
    }
    assert.equal(parent[3], -2)
    assert.equal(parentSpanId[3], self)
    store.close()
  })

  it('the list is newest first, in pages, and can be narrowed down', async () => {
    const store = await open()
    const ids: string[] = []
    for (let i = 0; i < 25; i++) {
      ids.unshift(traceId())
      add(
        store,
        [
          {
            traceId: ids[0]!,
            name: `GET /items%${i}`,
            start: i * 10,
            more: i % 5 === 0 ? { status: { code: 2 } } : {},
          },
        ],
        i % 2 ? 'odd' : 'even_1',
      )
    }
    const pages: string[][] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = store.list({ limit: 10, ...(cursor ? { cursor } : {}) })
      pages.push(page.traces.map(({ traceId }) => traceId))
      cursor = page.cursor
    }
    assert.deepEqual(
      pages.map((page) => page.length),
      [10, 10, 5],
    )
    assert.deepEqual(pages.flat(), ids)

    const count = (query: Parameters<Store['list']>[0]) => store.list(query).traces.length
    assert.equal(count({ service: 'odd' }), 12)
    assert.equal(count({ service: 'nobody' }), 0)
    assert.equal(count({ error: true }), 5)
    assert.equal(count({ error: true, service: 'odd' }), 2)
    assert.equal(count({ search: 'ITEMS%1' }), 11)
    assert.equal(count({ search: 'items_1' }), 0)
    assert.equal(count({ search: 'even_' }), 13)
    assert.equal(count({ search: 'nowhere at all' }), 0)
    assert.equal(count({ search: ids[3]! }), 1)
    assert.ok(count({ search: ids[3]!.slice(0, 9).toUpperCase() }) >= 1)
    assert.throws(() => store.list({ cursor: 'x; DROP TABLE span' }), /cursor/)
    assert.equal(count({ limit: -5 }), 1)
    store.close()
  })

  it('of a trace beyond all measure the first hundred thousand spans are drawn, and the rest counted', async () => {
    const store = await open()
    const id = traceId()
    for (let at = 0; at < 100_010; at += 5000) {
      const count = Math.min(5000, 100_010 - at)
      add(
        store,
        Array.from({ length: count }, (_, i) => ({ traceId: id, start: 200_000 - at - i })),
      )
    }
    const { spanId: ids, omitted, startOffset } = store.skeleton(id)!
    assert.deepEqual([ids.length, omitted], [100_000, 10])
    assert.ok(startOffset[0] === 0 && startOffset.at(-1)! > startOffset[99_998]!)
    assert.throws(() => store.otlp(id), /cannot be downloaded/)
    store.close()
  })

  it('hostile texts stay texts', async () => {
    const store = await open()
    const names = [
      "'; DROP TABLE span; --",
      '<script>alert(1)</script>',
      '\u0000nul',
      '\ud800 lone',
      '',
      'x'.repeat(100_000),
    ]
    const id = traceId()
    const spans = names.map((name, i) => ({
      traceId: id,
      name,
      start: i,
      attributes: { constructor: 'c', ['__proto__']: 'p' },
    }))
    add(store, spans, '__proto__')
    const { name, strings, spanId: ids, service } = store.skeleton(id)!
    const read = name.map((i) => strings[i]!)
    assert.deepEqual(read.slice(0, 2), names.slice(0, 2))
    assert.equal(read[4], '')
    assert.ok(read[5]!.length < 2000)
    assert.equal(strings[service[0]!], '__proto__')
    const { attributes } = JSON.parse(JSON.stringify(store.span(id, ids[0]!))) as { attributes: object }
    assert.deepEqual(Object.keys(attributes).sort(), ['__proto__', 'constructor'])
    store.close()
  })

  it('what a transaction that is rolled back has written is gone, and forgotten', async () => {
    const store = await open()
    const id = traceId()
    add(store, [{ traceId: id, name: 'kept' }])
    store.begin()
    for (const span of spansOf(
      protobuf(
        request(
          Array.from({ length: 700 }, (_, i) => ({ traceId: id, name: `lost ${i}` })),
          'lost',
        ),
      ),
    )) {
      store.add(span)
    }
    store.rollback()
    assert.deepEqual(summary(store), ['kept', 'shop', true, 1])
    assert.deepEqual(store.totals().services, ['shop'])
    const again = Array.from({ length: 700 }, (_, i) => ({
      traceId: id,
      spanId: spanId(),
      name: `lost ${i}`,
      start: 1,
      attributes: { i },
    }))
    add(store, again, 'lost')
    assert.equal(store.totals().spans, 701)
    assert.deepEqual({ ...store.span(id, again[699]!.spanId)!.attributes }, { i: 699 })
    store.close()
  })

  it('over its bound in bytes, the oldest traces go and the store shrinks', async () => {
    const store = await open({ maxBytes: 1 * MIB })
    const ids: string[] = []
    for (let i = 0; i < 60; i++) {
      ids.push(traceId())
      // Text that does not compress.
      add(
        store,
        Array.from({ length: 20 }, () => ({
          traceId: ids[i]!,
          attributes: { noise: Array.from({ length: 200 }, spanId).join('') },
        })),
      )
      while (store.maintain());
    }
    const { bytes, traces, spans } = store.totals()
    assert.ok(bytes <= 1 * MIB, `${bytes} bytes`)
    assert.ok(traces > 5 && traces < 60)
    assert.equal(spans, traces * 20)
    assert.deepEqual(
      store
        .list({ limit: 100 })
        .traces.map(({ traceId }) => traceId)
        .sort(),
      ids.slice(-traces).sort(),
    )
    for (const id of ids.slice(-traces)) {
      const { spanId: all } = store.skeleton(id)!
      assert.equal((store.span(id, all[7]!)!.attributes['noise'] as string).length, 3200)
    }
    store.close()
  })

  it('traces that are too old go, however little they take', async () => {
    const store = await open({ maxAge: 1 })
    const id = traceId()
    add(
      store,
      Array.from({ length: 300 }, () => ({ traceId: id })),
    )
    add(store, [{ attributes: { a: 1 } }])
    await new Promise((resolve) => setTimeout(resolve, 5))
    while (store.maintain());
    assert.deepEqual([store.totals().traces, store.totals().spans], [0, 0])
    assert.deepEqual(store.totals().services, ['shop'])
    store.sweep()
    assert.deepEqual(store.totals().services, [])
    // A trace that goes on after it was deleted begins anew.
    add(store, [{ traceId: id, name: 'again' }])
    assert.deepEqual(summary(store), ['again', 'shop', true, 1])
    store.close()
  })

  it('names that are still in use survive a sweep', async () => {
    const store = await open()
    const [id, span] = [traceId(), spanId()]
    add(store, [{ traceId: id, spanId: span, name: 'used', attributes: { a: 1 } }], 'kept')
    const before = [store.list({}), store.skeleton(id), store.span(id, span)]
    store.sweep()
    assert.deepEqual([store.list({}), store.skeleton(id), store.span(id, span)], before)
    add(store, [{ traceId: id, name: 'used', start: 1 }], 'kept')
    assert.deepEqual(store.skeleton(id)!.strings, ['used', 'kept'])
    store.close()
  })

  it('a full disk refuses what comes, keeps what is there, and recovers', async (t) => {
    const path = join(temporaryFolder(t), 'traces.db')
    const store = await open({ path })
    const id = traceId()
    add(store, [{ traceId: id, spanId: 'aa'.repeat(8), name: 'kept', attributes: { a: 1 } }])
    store.setQuota(0)
    const noise = Array.from({ length: 600 }, () => ({
      attributes: { noise: Array.from({ length: 60 }, spanId).join('') },
    }))
    for (let i = 0; i < 3; i++) {
      store.begin()
      assert.throws(() => {
        for (const span of spansOf(protobuf(request(noise)))) store.add(span)
        store.commit()
      }, /full/)
      store.rollback()
    }
    assert.equal(store.totals().spans, 1)
    assert.deepEqual({ ...store.span(id, 'aa'.repeat(8))!.attributes }, { a: 1 })
    store.setQuota(64 * MIB)
    add(store, noise)
    assert.equal(store.totals().spans, 601)
    store.close()
  })

  it('everything is there after it was closed and opened again', async (t) => {
    const path = join(temporaryFolder(t), 'traces.db')
    const id = traceId()
    const first = await open({ path })
    const spans = Array.from({ length: 5 }, (_, i) => ({
      traceId: id,
      spanId: spanId(),
      start: i,
      attributes: { i },
    }))
    add(first, spans.slice(0, 3))
    const before = first.list({})
    first.close()

    const second = await open({ path })
    assert.deepEqual(second.list({}), before)
    assert.deepEqual({ ...second.span(id, spans[1]!.spanId)!.attributes }, { i: 1 })
    // It goes on where it stood: in the same trace, in the same open block.
    add(second, spans.slice(3))
    add(
      second,
      Array.from({ length: 600 }, () => ({})),
    )
    assert.equal(second.totals().spans, 605)
    for (const [i, span] of spans.entries()) {
      assert.deepEqual({ ...second.span(id, span.spanId)!.attributes }, { i })
    }
    second.close()
  })
}

function add(store: Store, spans: TestSpan[], service?: string): void {
  addRequest(store, request(spans, service))
}

function addRequest(store: Store, json: Json): void {
  store.begin()
  for (const span of spansOf(protobuf(json))) {
    assert.equal(span.refusal, undefined)
    store.add(span)
  }
  store.commit()
}

function summary(store: Store): unknown[] {
  const { name, service, rooted, spans } = store.list({}).traces[0]!
  return [name, service, rooted, spans]
}
