import { ERROR, SPAN_KIND } from '../api/tags.ts'
import type { SpanEventData } from '../export/span-data.ts'
import { type SpanData, snapshot } from '../export/span-data.ts'
import type { FinishedSpan } from '../tracer/finished-span.ts'
import { tagsOf } from './assertions.ts'
import type { MockLog, MockSpan } from './mock-span.ts'

/** A span of a captured trace: the same shape, whichever tracer has made it. */
export interface CapturedSpan {
  readonly traceId: string
  readonly spanId: string
  /** `''` for a root. */
  readonly parentSpanId: string
  readonly name: string
  /** `internal`, `server`, `client`, `producer`, `consumer`. */
  readonly kind: string
  /** With `span.kind` and `error`, as OpenTracing has them; names of the rest are those of the dialect in force. */
  readonly tags: { readonly [name: string]: unknown }
  readonly logs: readonly CapturedLog[]
  readonly status: { readonly code: 'unset' | 'ok' | 'error'; readonly message: string }
  /** Milliseconds since the epoch, with fractions. */
  readonly startTime: number
  /** The same; 0 for a span that was not finished. */
  readonly endTime: number
  readonly finished: boolean
  /** The spans below this one, in the order of their start. */
  readonly children: readonly CapturedSpan[]
}

export interface CapturedLog {
  readonly event: string
  readonly fields: { readonly [name: string]: unknown }
  /** Milliseconds since the epoch, with fractions. */
  readonly time: number
}

/** A span of ours or of a mock tracer, as it is at this moment. */
export type LiveSpan = MockSpan | (FinishedSpan & { readonly finished: boolean })

export function captured(span: LiveSpan): CapturedSpan {
  return isMock(span) ? fromMock(span) : fromData(snapshot(span), span.finished)
}

/** By a field that only a mock span has: its class may be another copy's. */
export function isMock(span: LiveSpan): span is MockSpan {
  return 'operationName' in span
}

function fromData(span: SpanData, finished: boolean): CapturedSpan {
  const { traceId, spanId, parentSpanId, name, kind, status, startTime, endTime } = span
  const logs = span.events.map(logOf)
  return {
    ...{ traceId, spanId, parentSpanId, name, kind, tags: tagsOf(span), logs, status },
    ...{ startTime, endTime, finished, children: [] },
  }
}

function logOf({ name, time, attributes }: SpanEventData): CapturedLog {
  return { event: name, fields: attributes, time }
}

function fromMock(span: MockSpan): CapturedSpan {
  const { traceId, spanId, parentSpanId, operationName, startTime, finishTime, finished } = span
  const failed = span.tags[ERROR] === true || span.tags[ERROR] === 'true'
  return {
    ...{ traceId, spanId, parentSpanId, name: operationName },
    kind: String(span.tags[SPAN_KIND] ?? 'internal'),
    tags: { ...span.tags },
    logs: span.logs.map(mockLogOf),
    status: { code: failed ? 'error' : 'unset', message: failed ? messageOf(span.logs) : '' },
    ...{ startTime, endTime: finished ? finishTime : 0, finished, children: [] },
  }
}

function mockLogOf({ fields, timestamp }: MockLog): CapturedLog {
  const { event = 'log', ...rest } = fields
  return { event: String(event), fields: rest, time: timestamp }
}

function messageOf(logs: readonly MockLog[]): string {
  const fields = logs.find((log) => log.fields['event'] === 'error')?.fields
  const object = fields?.['error.object']
  return String(fields?.['message'] ?? (object instanceof Error ? object.message : (object ?? '')))
}
