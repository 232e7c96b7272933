/** Makes OTLP requests for tests, in JSON, with everything that is not said made up. */
import { randomBytes } from 'node:crypto'
import { fromJson, type Json } from '../../dist/collector/codec.js'
import { REQUEST } from '../../dist/collector/messages.js'

export interface TestSpan {
  traceId?: string
  spanId?: string
  parentSpanId?: string | null
  name?: string
  kind?: number
  /** Milliseconds after {@link T0}. */
  start?: number
  /** Milliseconds. */
  duration?: number
  attributes?: Json
  more?: Json
}

/** 2026-11-20T12:00:00Z in nanoseconds. */
export const T0 = 1_795_176_000_000_000_000n

export const traceId = (): string => randomBytes(16).toString('hex')
export const spanId = (): string => randomBytes(8).toString('hex')

/** @returns an ExportTraceServiceRequest with one resource and one scope */
export function request(spans: TestSpan[], service = 'shop'): Json {
  return {
    resourceSpans: [
      {
        resource: { attributes: keyValues({ 'service.name': service }) },
        scopeSpans: [{ scope: { name: 'test', version: '1' }, spans: spans.map(spanJson) }],
      },
    ],
  }
}

export function spanJson(span: TestSpan): Json {
  const start = T0 + BigInt(Math.round((span.start ?? 0) * 1e6))
  return {
    traceId: span.traceId ?? traceId(),
    spanId: span.spanId ?? spanId(),
    ...(span.parentSpanId ? { parentSpanId: span.parentSpanId } : {}),
    name: span.name ?? 'work',
    kind: span.kind ?? 1,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(Math.round((span.duration ?? 1) * 1e6))),
    ...(span.attributes ? { attributes: keyValues(span.attributes) } : {}),
    ...span.more,
  }
}

export function protobuf(json: Json): Buffer {
  return Buffer.from(fromJson(REQUEST, json).written())
}

export function keyValues(values: Json): Json[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: unknown): Json {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  }
  return { arrayValue: { values: (value as unknown[]).map(anyValue) } }
}

/** mulberry32: random, and the same in every run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
