import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertChildOf,
  assertEmptySpan,
  assertNamesEqual,
  assertNoParent,
  assertNotSameTrace,
  assertSameTrace,
  CheckFailed,
  findOneByName,
  findOneByTag,
  type TestedSpan,
  waitUntilFinished,
} from 'spoor/testing'
import { mockBed, spoorBed } from './support.js'

const beds = { mock: () => mockBed(), spoor: spoorBed }

/** Three finished spans: a child, its parent, and a stranger. */
function family(make: (typeof beds)[keyof typeof beds]): [TestedSpan, TestedSpan, TestedSpan] {
  const { tracer, finished } = make()
  const parent = tracer.startSpan('parent', { tags: { 'span.kind': 'server', error: true } })
  tracer.startSpan('child', { childOf: parent, tags: { step: 1 } }).finish()
  parent.finish()
  tracer.startSpan('stranger').finish()
  return finished() as unknown as [TestedSpan, TestedSpan, TestedSpan]
}

for (const [name, make] of Object.entries(beds)) {
  test(`TB-H1: assertions on parentage hold for what is so and fail for what is not (${name})`, () => {
    const [child, parent, stranger] = family(make)
    assertSameTrace(child, parent)
    assertNotSameTrace(child, stranger)
    assertChildOf(child, parent)
    assertNoParent(stranger)
    assert.throws(() => assertSameTrace(child, stranger), CheckFailed)
    assert.throws(() => assertNotSameTrace(child, parent), CheckFailed)
    assert.throws(
      () => assertChildOf(parent, child),
      /Parent of the span "parent", a child of the span "child"/,
    )
    assert.throws(() => assertChildOf(stranger, parent), CheckFailed)
    assert.throws(() => assertNoParent(child), CheckFailed)
  })

  test(`TB-H2: assertions on names and emptiness hold for what is so and fail for what is not (${name})`, () => {
    const [child, parent, stranger] = family(make)
    assertNamesEqual([child, parent], ['child', 'parent'])
    assertEmptySpan(stranger, 'stranger')
    assert.throws(() => assertNamesEqual([child, parent], ['parent', 'child']), CheckFailed)
    assert.throws(() => assertNamesEqual([child], ['child', 'parent']), CheckFailed)
    assert.throws(() => assertEmptySpan(stranger, 'other'), CheckFailed)
    assert.throws(() => assertEmptySpan(parent, 'parent'), CheckFailed)
    assert.throws(() => assertEmptySpan(child, 'child'), CheckFailed)
  })

  test(`TB-H3: one span is found by name or tag; none is undefined, several are an error (${name})`, () => {
    const [child, parent, stranger] = family(make)
    const all = [child, parent, stranger]
    assert.equal(findOneByName(all, 'parent'), parent)
    assert.equal(findOneByName(all, 'nobody'), undefined)
    assert.throws(() => findOneByName([child, child], 'child'), /2 spans have the name "child"/)
    assert.equal(findOneByTag(all, 'span.kind', 'server'), parent)
    assert.equal(findOneByTag(all, 'error', true), parent)
    assert.equal(findOneByTag(all, 'step', 1), child)
    assert.equal(findOneByTag(all, 'step', 2), undefined)
    assert.throws(() => findOneByTag([child, child], 'step', 1), /2 spans have the tag step=1/)
  })
}

test('TB-H4: waiting ends when enough spans are finished', async () => {
  const { tracer, finished } = mockBed()
  setTimeout(() => tracer.startSpan('one').finish(), 2)
  setTimeout(() => tracer.startSpan('two').finish(), 5)
  const spans = await waitUntilFinished(finished, 2)
  assertNamesEqual(spans, ['one', 'two'])
})

test('TB-H4: waiting ends when the time is up, and says which spans did finish', async () => {
  const { tracer, finished } = mockBed()
  tracer.startSpan('one').finish()
  await assert.rejects(waitUntilFinished(finished, 2, 10), {
    message: '1 of 2 spans finished within 10 ms: [one]',
  })
})
