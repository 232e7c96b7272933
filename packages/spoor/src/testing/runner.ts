/**
 * How a kit registers its cases. `node:test`, vitest, jest and mocha all offer these two functions, so their module
 * is a runner as it stands.
 *
 * @example
 * import * as runner from 'node:test'
 * import { describeScopeManager } from 'spoor/testing'
 *
 * describeScopeManager(runner, { scopeManager: () => new MyScopeManager() })
 */
export interface Runner {
  describe(title: string, body: () => void): unknown
  it(title: string, body: () => Promise<void>): unknown
}

/** How one case of a kit ended. */
export interface CaseResult {
  /** Begins with the case's ID. */
  readonly title: string
  readonly passed: boolean
  /** What the case threw. */
  readonly error: unknown
}

/**
 * Runs a kit without a test library and says how each case ended: for programs that judge tracers, and for the tests
 * of the kits themselves, which must fail on a tracer that does nothing.
 *
 * @param register calls a kit with the runner that it is given
 * @returns one result per case, in the order of registration
 */
export async function runCases(register: (runner: Runner) => void): Promise<CaseResult[]> {
  const cases: { title: string; body: () => Promise<void> }[] = []
  register({
    describe: (_title, body) => body(),
    it: (title, body) => cases.push({ title, body }),
  })
  const results: CaseResult[] = []
  for (const { title, body } of cases) {
    const outcome = await body().then(
      () => ({ passed: true, error: undefined }),
      (error: unknown) => ({ passed: false, error }),
    )
    results.push({ title, ...outcome })
  }
  return results
}

/** Registers one case. */
export type Case = (title: string, body: () => void | Promise<void>) => void

/**
 * Registers cases of which each runs in an asynchronous flow of its own, so that a span which a failing case leaves
 * active is gone in the next one.
 */
export function isolatedCases(runner: Runner): Case {
  return (title, body) => {
    runner.it(title, () => Promise.resolve().then(body))
  }
}
