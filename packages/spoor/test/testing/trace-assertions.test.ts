import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { withSpan } from 'spoor'
import {
  assertAtMost,
  assertAtMostQueries,
  assertHasSpan,
  assertNoErrors,
  assertOneRoot,
  assertOneTrace,
  assertParentOf,
  type CapturedTrace,
  captureTrace,
  type SpoorMatchers,
  spoorMatchers,
} from 'spoor/testing'

/** A page that asks for every order by itself. */
async function page(): Promise<void> {
  await withSpan('GET /orders', { tags: { 'span.kind': 'server' } }, async () => {
    for (const id of [1, 2, 3]) {
      const tags = { 'span.kind': 'client', 'db.system.name': 'postgresql', 'db.query.text': `SELECT ${id}` }
      await withSpan('SELECT orders', { tags }, () => null)
    }
    await withSpan('SET', { tags: { 'span.kind': 'client', 'db.type': 'redis' } }, () => null)
    await withSpan('GET', { tags: { 'span.kind': 'client' } }, () => null)
  })
}

describe('assertions on a trace', () => {
  let trace: CapturedTrace<void>
  let broken: CapturedTrace<unknown>

  before(async () => {
    trace = await captureTrace(page)
    broken = await captureTrace(async () => {
      await page()
      await withSpan('mail', () => Promise.reject(new Error('no such mailbox'))).catch(() => {})
    })
  })

  /** The assertion fails with an AssertionError whose message is this. */
  function fails(assertion: () => void, message: RegExp): void {
    assert.throws(assertion, (error) => {
      assert.ok(error instanceof assert.AssertionError)
      assert.match(error.message, message)
      return true
    })
  }

  test('assertAtMost counts the spans that fit, by name, kind, tag and value', () => {
    assertAtMost(trace, 3, { kind: 'client', tag: 'db.system.name' })
    assertAtMost(trace, 6)
    assertAtMost(trace, 0, { name: 'INSERT orders' })
    assertAtMost(trace, 1, { tags: { 'db.query.text': /2$/g } })
    fails(() => assertAtMost(trace, 5), /^Expected at most 5 spans; found 6$/m)
    fails(
      () =>
        assertAtMost(trace, 0, { kind: 'client', name: /^SELECT/, tags: { 'db.system.name': 'postgresql' } }),
      /^Expected at most 0 client spans like \/\^SELECT\/ with db.system.name=postgresql; found 3$/m,
    )
  })

  test('assertAtMostQueries knows queries in either dialect, and shows which they are', () => {
    assertAtMostQueries(trace, 4)
    assert.throws(() => assertAtMostQueries(trace, 2), {
      name: 'AssertionError',
      actual: ['SELECT orders', 'SELECT orders', 'SELECT orders', 'SET'],
      expected: ['SELECT orders', 'SELECT orders'],
      message: [
        'Expected at most 2 queries; found 4',
        '',
        '  GET /orders  server',
        '> ├─ SELECT orders  client',
        '> ├─ SELECT orders  client',
        '> ├─ SELECT orders  client',
        '> ├─ SET  client',
        '  └─ GET  client',
      ].join('\n'),
    })
  })

  test('assertOneRoot, assertOneTrace', () => {
    assertOneRoot(trace)
    assertOneTrace(trace)
    fails(() => assertOneRoot(broken), /^Expected one root; found 2: "GET \/orders", "mail"$/m)
    fails(() => assertOneTrace(broken), /^Expected one trace; found 2 traces: "GET \/orders", "mail"$/m)
    fails(() => assertOneRoot([]), /found none\n\n {2}\(no spans\)$/)
    fails(() => assertOneTrace([]), /^Expected one trace; found 0 traces/)
  })

  test('assertNoErrors', () => {
    assertNoErrors(trace)
    fails(() => assertNoErrors(broken), /found 1: "mail"[\s\S]*^> mail {2}error: no such mailbox$/m)
  })

  test('assertHasSpan gives the span', () => {
    const span = assertHasSpan(trace, 'SELECT orders', { 'db.query.text': 'SELECT 2' })
    assert.equal(span, trace.spans[2])
    assert.equal(assertHasSpan(trace, { kind: 'server' }), trace.roots[0])
    assert.equal(assertHasSpan(trace, /^GET \//), trace.roots[0])
    fails(
      () => assertHasSpan(trace, 'DELETE'),
      /^Expected at least one of the spans named "DELETE"; found none$/m,
    )
    fails(() => assertHasSpan(trace, 'SET', { ttl: 7 }), /spans named "SET" with ttl=7/)
  })

  test('assertParentOf', () => {
    const [root, query, other] = trace.spans as [any, any, any]
    assertParentOf(root, query)
    fails(
      () => assertParentOf(query, root),
      /"SELECT orders" to be the parent of "GET \/orders"; found "GET \/orders" is a root/,
    )
    fails(() => assertParentOf(query, other), /the parent of "SELECT orders" is another span/)
    fails(() => assertParentOf(broken.roots[0] as never, query), /they are in different traces/)
  })

  test('the stack of a failed assertion begins at the test', () => {
    assert.throws(
      () => assertOneRoot([]),
      ({ stack }: Error) =>
        /^ +at (?!.*\/dist\/)/.test(stack?.split('\n').find((line) => /^ +at /.test(line)) ?? ''),
    )
  })

  test('every matcher agrees with itself turned round', () => {
    const [root, query] = trace.spans as [any, any]
    const claims: { [Name in keyof SpoorMatchers]: [received: unknown, ...args: any[]] } = {
      toHaveAtMostSpans: [trace, 3, { tag: 'db.system.name' }],
      toHaveAtMostQueries: [trace, 4],
      toHaveOneRoot: [trace],
      toBeOneTrace: [trace],
      toHaveNoErrors: [trace],
      toHaveSpan: [trace, 'SET'],
      toBeParentOf: [root, query],
      toShareTraceWith: [root, query],
    }
    assert.deepEqual(Object.keys(claims), Object.keys(spoorMatchers))
    for (const [name, args] of Object.entries(claims)) {
      const { pass, message } = (spoorMatchers as any)[name](...args)
      assert.equal(pass, true, name)
      assert.match(message(), /^Expected anything but /, name)
    }
  })
})
