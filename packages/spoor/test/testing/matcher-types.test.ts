import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Matchers as JestMatchers } from 'expect'
import { captureTrace, type SpoorMatchers, spoorMatchers } from 'spoor/testing'
import type { Assertion } from 'vitest'

declare module 'vitest' {
  interface Matchers<T = any> extends SpoorMatchers<void> {}
}

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends SpoorMatchers<R> {}
}

/*
 * Proved by the compiler: a test in TypeScript that calls the matchers is built, and one that misspells an argument is not.
 */
const inVitest = (expected: Assertion<unknown>): void => {
  expected.toHaveAtMostQueries(2)
  expected.not.toHaveSpan({ name: /SELECT/, kind: 'client' }, { rows: 3 })
  // @ts-expect-error: a number is wanted
  expected.toHaveAtMostQueries('two')
}
const inJest = (expected: JestMatchers<void, unknown>): void => {
  expected.toHaveAtMostSpans(2, { tag: 'db.system.name' })
  expected.toHaveNoErrors()
  // @ts-expect-error: no such field in a filter
  expected.toHaveAtMostSpans(2, { tagged: 'db.system.name' })
}

test('the matchers have types in Vitest and Jest, and give both what they ask of a matcher', async () => {
  assert.equal(typeof inVitest, typeof inJest)
  const trace = await captureTrace(() => 7)
  const { pass, message } = spoorMatchers.toHaveOneRoot(trace)
  assert.equal(pass, false)
  assert.equal(message(), 'Expected one root; found none\n\n  (no spans)')
  assert.equal(trace.result satisfies number, 7)
})
