/**
 * The few checks that the contract kits need, without a test library: the kits run under any of them, and in
 * browsers. Every runner prints `expected` and `actual` of an error that has them.
 */

/** What a failed check throws. */
export class CheckFailed extends Error {
  override readonly name = 'AssertionError'
  readonly actual: unknown
  readonly expected: unknown

  constructor(message: string, actual: unknown, expected: unknown) {
    super(message)
    this.actual = actual
    this.expected = expected
  }
}

/** @param claim what should have been true, as a sentence */
export function check(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new CheckFailed(`This does not hold: ${claim}`, condition, true)
}

/** Compares by identity, as `Object.is` does. */
export function checkSame(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected)) return
  throw new CheckFailed(`${what}: expected ${show(expected)}, got ${show(actual)}`, actual, expected)
}

/** Compares two lists item by item, each by identity. */
export function checkList(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  const same = actual.length === expected.length && actual.every((item, i) => Object.is(item, expected[i]))
  if (same) return
  throw new CheckFailed(`${what}: expected ${show(expected)}, got ${show(actual)}`, actual, expected)
}

/** @returns what was thrown */
export function checkThrows(fn: () => unknown, what: string): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new CheckFailed(`${what}: expected an error, and nothing was thrown`, undefined, 'an error')
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value !== 'object') return String(value)
  return `a ${value.constructor?.name ?? 'object'}`
}
