import { after, beforeEach } from 'node:test'
import { resetGlobalTracer, setGlobalTracer } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import type { SpanData } from '../../dist/esm/export/span-data.js'
import { spoorBed } from '../compliance/support.ts'

/** A tracer that is the global one during a file of tests, and what it has finished since the test began. */
export interface Traced {
  readonly finished: readonly SpanData[]
  /** The one span that was finished. */
  only(): SpanData
  named(name: string): SpanData
  activeName(): string | undefined
}

export function tracedBed(): Traced {
  const sink = new MemorySink()
  const { tracer } = spoorBed({ sink })
  beforeEach(() => {
    sink.reset()
    setGlobalTracer(tracer)
  })
  after(resetGlobalTracer)
  const named = (name: string): SpanData => {
    const found = sink.spans.filter((span) => span.name === name)
    if (found.length !== 1)
      throw new Error(`${found.length} spans named ${name}: ${sink.spans.map((span) => span.name)}`)
    return found[0] as SpanData
  }
  return {
    finished: sink.spans,
    only() {
      if (sink.spans.length !== 1) throw new Error(`${sink.spans.length} spans are finished`)
      return sink.spans[0] as SpanData
    },
    named,
    activeName: () => (tracer.activeSpan as { name?: string } | null)?.name,
  }
}
