/**
 * `spoor/testing`: a mock tracer, assertions on spans, and contract kits for tracers, scope managers, propagators and
 * sinks, yours included. The kits run under any test library that has `describe` and `it`.
 *
 * @example
 * import { assertChildOf, assertNamesEqual, MockTracer } from 'spoor/testing'
 *
 * const tracer = new MockTracer()
 * await tracer.startActiveSpan('request', async () => {
 *   await null
 *   tracer.startSpan('query').finish()
 * })
 * const [query, request] = tracer.finishedSpans()
 * assertNamesEqual([query, request], ['query', 'request'])
 * assertChildOf(query, request)
 */
export { AsyncLocalStorageScopeManager, StackScopeManager } from '../scope/index.ts'
export {
  assertChildOf,
  assertEmptySpan,
  assertNamesEqual,
  assertNoParent,
  assertNotSameTrace,
  assertSameTrace,
  findOneByName,
  findOneByTag,
  nameOf,
  type TestedSpan,
  tagsOf,
  waitUntilFinished,
} from './assertions.ts'
export { type CapturedTrace, type CaptureOptions, captureTrace, traceOf } from './capture.ts'
export type { CapturedLog, CapturedSpan } from './captured-span.ts'
export { CheckFailed } from './check.ts'
export type { KitTable, Tracing } from './instrumentation-bed.ts'
export { describeInstrumentation, type InstrumentationKitOptions } from './instrumentation-kit.ts'
export {
  type MatcherResult,
  type SpoorMatcherFunctions,
  type SpoorMatchers,
  spoorMatchers,
} from './matchers.ts'
export type { MockPropagator } from './mock-propagators.ts'
export { MockContext, type MockLog, type MockReference, MockSpan } from './mock-span.ts'
export { MockTracer, type MockTracerOptions } from './mock-tracer.ts'
export { describeOpenTracingCompatibility, type OpenTracingKitOptions } from './opentracing-kit.ts'
export {
  describePropagator,
  type PropagatorKitOptions,
  type PropagatorSample,
} from './propagator-kit.ts'
export { type CaseResult, type Runner, runCases } from './runner.ts'
export { describeScopeManager, type ScopeManagerKitOptions } from './scope-manager-kit.ts'
export { serverKit } from './server-kit.ts'
export type { ServerRunning, ServerSetup, ServerUnderTest, ServerWork, Way } from './server-setup.ts'
export { type ArrivedSpan, describeSink, type SinkKitOptions, type SinkUnderTest } from './sink-kit.ts'
export type { SpanFilter, SpanWanted } from './span-filter.ts'
export { type Bed, describeTestbed, type TestbedOptions } from './testbed/index.ts'
export {
  assertAtMost,
  assertAtMostQueries,
  assertHasSpan,
  assertNoErrors,
  assertOneRoot,
  assertOneTrace,
  assertParentOf,
} from './trace-assertions.ts'
export { type Spans, type TraceTreeOptions, traceTree } from './trace-tree.ts'
export { describeTracer, type TracerKitOptions } from './tracer-kit.ts'
