import assert from 'node:assert/strict'
import { activeSpan, tracer } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { finished } from './web.ts'

/** Runs a body in a span of its own and finishes it when the body has settled. */
export function inSpan<Result>(name: string, body: () => Promise<Result>): Promise<Result> {
  return tracer.startActiveSpan(name, body)
}

/** The name of the active span: what a callback has to find. */
export function activeName(): string | null {
  return (activeSpan() as { name?: string } | null)?.name ?? null
}

/** Waits for this many spans and writes them as `parent > child`, a root alone, sorted. */
export async function relations(sink: MemorySink, count: number): Promise<string[]> {
  const spans = await finished(sink, count)
  return spans
    .map((span) => {
      const parent = spans.find(({ spanId }) => spanId === span.parentSpanId)
      assert.ok(parent !== undefined || span.parentSpanId === '', `the parent of ${span.name} is recorded`)
      return parent === undefined ? span.name : `${parent.name} > ${span.name}`
    })
    .sort()
}

/** The spans of a name. */
export function spansNamed(spans: readonly SpanData[], name: string): SpanData[] {
  return spans.filter((span) => span.name === name)
}
