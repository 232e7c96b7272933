import { mock } from 'node:test'
import type { ScopeManager, Span } from 'spoor/api'
import { carrierAccess, composite, decodeBinary, encodeBinary, propagatorsFromNames } from 'spoor/propagation'
import { type Bed, MockTracer } from 'spoor/testing'
import { MemorySink } from '../../dist/esm/export/memory.js'
import type { SpanData } from '../../dist/esm/export/span-data.js'
import { AsyncLocalStorageScopeManager, StackScopeManager } from '../../dist/esm/scope/index.js'
import { SpoorTracer, type SpoorTracerOptions } from '../../dist/esm/tracer/tracer.js'

/** Spoor's own tracer, recording into memory. */
export interface SpoorBed extends Bed {
  readonly tracer: SpoorTracer
  finished(): readonly SpanData[]
}

export function spoorBed(options: Partial<SpoorTracerOptions> = {}): SpoorBed {
  const sink = new MemorySink()
  const tracer = new SpoorTracer({
    scopeManager: new AsyncLocalStorageScopeManager(),
    sink,
    propagator: composite(propagatorsFromNames('tracecontext,baggage')),
    carrier: carrierAccess,
    binary: { encode: encodeBinary, decode: decodeBinary },
    ...options,
  })
  return { tracer, finished: () => sink.spans }
}

export function mockBed(scopeManager?: ScopeManager): Omit<Bed, 'tracer'> & { tracer: MockTracer } {
  const tracer = new MockTracer(scopeManager === undefined ? {} : { scopeManager })
  return { tracer, finished: () => tracer.finishedSpans() }
}

export const scopeManagers = [
  { name: 'asynchronous storage', asynchronous: true, make: () => new AsyncLocalStorageScopeManager() },
  { name: 'a stack', asynchronous: false, make: () => new StackScopeManager() },
] as const

/** Parentage as both of our tracers tell it. */
export function isParent(parent: Span | null, child: Span): boolean {
  const { parentSpanId } = child as Span & { parentSpanId: string }
  if (parent === null) return parentSpanId === ''
  return (
    parentSpanId === parent.context().toSpanId() &&
    child.context().toTraceId() === parent.context().toTraceId()
  )
}

/** Counts the calls of a span's method, which goes on working. */
export function countCalls(span: Span, method: 'finish' | 'log' | 'setTag'): () => number {
  const tracker = mock.method(span, method)
  return () => tracker.mock.callCount()
}
