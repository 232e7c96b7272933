import type { FinishedSpan, FlatAttributes } from '../tracer/finished-span.ts'

export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type SpanStatusName = 'unset' | 'ok' | 'error'

/** Strings, numbers, booleans, bigints, bytes, null, and arrays and plain objects of these. */
export type PlainValue =
  | string
  | number
  | boolean
  | bigint
  | null
  | Uint8Array
  | PlainValue[]
  | { [key: string]: PlainValue }

export type PlainAttributes = { [key: string]: PlainValue }

/** A finished span as plain data, independent of the tracer: it may be kept, compared and cloned. */
export interface SpanData {
  traceId: string
  spanId: string
  /** `''` for a root. */
  parentSpanId: string
  /** True when the parent is in another process. */
  parentIsRemote: boolean
  traceFlags: number
  traceState: string
  name: string
  kind: SpanKindName
  /** Milliseconds since the epoch, with fractions. */
  startTime: number
  endTime: number
  attributes: PlainAttributes
  droppedAttributes: number
  events: SpanEventData[]
  droppedEvents: number
  links: SpanLinkData[]
  droppedLinks: number
  status: { code: SpanStatusName; message: string }
}

export interface SpanEventData {
  name: string
  time: number
  attributes: PlainAttributes
  droppedAttributes: number
}

export interface SpanLinkData {
  traceId: string
  spanId: string
  traceFlags: number
  traceState: string
  /** True when the context came over the wire. */
  remote: boolean
  attributes: PlainAttributes
}

/** Names in the order of their OTLP numbers; 0 is unspecified, which we never send. */
export const KIND_NAMES: readonly SpanKindName[] = [
  'internal',
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
]
export const STATUS_NAMES: readonly SpanStatusName[] = ['unset', 'ok', 'error']

/** Copies a span. Never throws, whatever the application has put into its tags. */
export function snapshot(span: FinishedSpan): SpanData {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    parentIsRemote: span.parentIsRemote,
    traceFlags: span.traceFlags,
    traceState: span.traceState,
    name: span.name,
    kind: KIND_NAMES[span.kind] ?? 'internal',
    startTime: span.startTime,
    endTime: span.endTime,
    attributes: record(span.attributes),
    droppedAttributes: span.droppedAttributes,
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      time: event.time,
      attributes: record(event.attributes),
      droppedAttributes: event.droppedAttributes,
    })),
    droppedEvents: span.droppedEvents,
    links: (span.links ?? []).map((link) => ({
      traceId: link.context.traceId,
      spanId: link.context.spanId,
      traceFlags: link.context.traceFlags,
      traceState: link.context.traceState,
      remote: link.context.remote,
      attributes: record(link.attributes),
    })),
    droppedLinks: span.droppedLinks,
    status: { code: STATUS_NAMES[span.statusCode] ?? 'unset', message: span.statusMessage },
  }
}

/** Bounds for values that nobody has bounded before: nested ones, which limits on strings do not reach. */
const MAX_DEPTH = 6
const MAX_ITEMS = 128

/** Turns any value into plain data: bounded in depth and breadth, free of cycles, and it never throws. */
export function plain(value: unknown, depth = 0): PlainValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return value
    case 'undefined':
      return null
    case 'symbol':
      return value.toString()
    case 'function':
      return '[function]'
  }
  if (value === null) return null
  try {
    return plainObject(value as object, depth)
  } catch {
    return '[unreadable]' // a getter, a proxy or a toString() that throws
  }
}

function plainObject(value: object, depth: number): PlainValue {
  if (value instanceof Uint8Array) return new Uint8Array(value) // a copy, which Buffer's slice() is not
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Error) return String(value.message)
  if (value instanceof URL || value instanceof RegExp) return String(value)
  if (depth >= MAX_DEPTH) return '[nested too deep]'
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => plain(item, depth + 1))
  if (value instanceof Set) return [...value].slice(0, MAX_ITEMS).map((item) => plain(item, depth + 1))
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  const copy: PlainAttributes = {}
  for (const [key, item] of entries.slice(0, MAX_ITEMS)) put(copy, String(key), plain(item, depth + 1))
  return copy
}

function record(flat: FlatAttributes): PlainAttributes {
  const attributes: PlainAttributes = {}
  for (let index = 0; index + 1 < flat.length; index += 2) {
    put(attributes, String(flat[index]), plain(flat[index + 1]))
  }
  return attributes
}

function put(target: PlainAttributes, key: string, value: PlainValue): void {
  // An assignment to `__proto__` would change the prototype instead of adding a key.
  if (key !== '__proto__') target[key] = value
  else Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}
