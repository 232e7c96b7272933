import { isolatedCases, type Runner } from '../runner.ts'
import type { TestbedOptions } from './bed.ts'
import { describeHandlers } from './handlers.ts'
import { describeNesting } from './nesting.ts'
import { describeTasks } from './tasks.ts'

export type { Bed, TestbedOptions } from './bed.ts'

/**
 * The testbed of OpenTracing: eight patterns of concurrent code in which tracers were seen to lose or mix up spans,
 * TB-01 to TB-08, with the variants that only a manager which follows asynchronous flows can pass.
 *
 * @param runner the module of your test library: `node:test`, vitest, jest's or mocha's globals
 */
export function describeTestbed(runner: Runner, options: TestbedOptions): void {
  const it = isolatedCases(runner)
  runner.describe(options.title ?? 'The testbed', () => {
    describeTasks(it, options)
    describeHandlers(it, options)
    if (options.asynchronous ?? true) describeNesting(it, options)
  })
}
