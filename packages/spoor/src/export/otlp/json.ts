import { W3C_FLAGS } from '../../api/span-context.ts'
import { SCHEMA_URL, SDK_NAME, SDK_VERSION } from '../sdk.ts'
import {
  KIND_NAMES,
  type PlainAttributes,
  type PlainValue,
  type SpanData,
  STATUS_NAMES,
} from '../span-data.ts'

/**
 * OTLP's JSON encoding (opentelemetry-proto, docs/specification.md "JSON Protobuf Encoding"): lowerCamelCase keys,
 * identifiers in hex, enums as integers, 64-bit integers as strings, other bytes in base64.
 */

/** One `ExportTraceServiceRequest`, in one line. */
export function encodeJson(spans: readonly SpanData[], resource: PlainAttributes): string {
  return joinJson(spans.map(encodeJsonSpan), resource)
}

/** The same, of spans that are encoded already. */
export function joinJson(spans: readonly string[], resource: PlainAttributes): string {
  return `${jsonHead(resource)}${spans.join(',')}${JSON_TAIL}`
}

/** What stands before the spans of a request. The spans follow, separated by commas, then {@link JSON_TAIL}. */
export function jsonHead(resource: PlainAttributes): string {
  const attributes = JSON.stringify(keyValues(resource))
  return `{"resourceSpans":[{"resource":{"attributes":${attributes}},"scopeSpans":[{${SCOPE},"spans":[`
}

const SCOPE = `"scope":{"name":"${SDK_NAME}","version":"${SDK_VERSION}"},"schemaUrl":"${SCHEMA_URL}"`

export const JSON_TAIL = ']}]}]}'

/** One span as JSON text. */
export function encodeJsonSpan(span: SpanData): string {
  return JSON.stringify({
    traceId: span.traceId,
    spanId: span.spanId,
    // Left out, not null, where there is none: that is proto3's notation for an empty field.
    traceState: span.traceState || undefined,
    parentSpanId: span.parentSpanId || undefined,
    flags: flags(span.traceFlags, span.parentIsRemote),
    name: wellFormed(span.name),
    kind: KIND_NAMES.lastIndexOf(span.kind),
    startTimeUnixNano: nanoseconds(span.startTime),
    endTimeUnixNano: nanoseconds(span.endTime),
    attributes: keyValues(span.attributes),
    droppedAttributesCount: span.droppedAttributes || undefined,
    events: orNothing(
      span.events.map((event) => ({
        timeUnixNano: nanoseconds(event.time),
        name: wellFormed(event.name),
        attributes: keyValues(event.attributes),
        droppedAttributesCount: event.droppedAttributes || undefined,
      })),
    ),
    droppedEventsCount: span.droppedEvents || undefined,
    links: orNothing(
      span.links.map((link) => ({
        traceId: link.traceId,
        spanId: link.spanId,
        traceState: link.traceState || undefined,
        attributes: keyValues(link.attributes),
        flags: flags(link.traceFlags, link.remote),
      })),
    ),
    droppedLinksCount: span.droppedLinks || undefined,
    status: span.status.code === 'unset' ? undefined : status(span.status),
  })
}

function status({ code, message }: SpanData['status']): unknown {
  // The specification allows a message only with an error.
  return {
    message: code === 'error' && message ? wellFormed(message) : undefined,
    code: STATUS_NAMES.indexOf(code),
  }
}

/** `SpanFlags` of trace.proto: whether the parent is known to be remote or not, and whether it is. */
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

function flags(traceFlags: number, remote: boolean): number {
  return (traceFlags & W3C_FLAGS) | HAS_IS_REMOTE | (remote ? IS_REMOTE : 0)
}

/** Milliseconds whose nanoseconds fit 64 bits: a receiver refuses the whole request for one more. */
const MAX_TIME = 2 ** 64 / 1e6

/**
 * Milliseconds with fractions to nanoseconds as a decimal string. They do not fit a double, so seconds and the rest
 * are written apart; the protobuf encoder rounds in the same way.
 */
export function nanoseconds(milliseconds: number): string {
  if (!(milliseconds > 0 && milliseconds < MAX_TIME)) return '0'
  const seconds = Math.floor(milliseconds / 1000)
  const nanos = Math.round((milliseconds - seconds * 1000) * 1e6)
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos))
}

function keyValues(attributes: PlainAttributes): unknown[] {
  return Object.entries(attributes)
    .filter(([, value]) => value !== null && value !== undefined) // they say nothing
    .map(([key, value]) => ({ key: wellFormed(key), value: anyValue(value) }))
}

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

function anyValue(value: PlainValue): unknown {
  switch (typeof value) {
    case 'string':
      return { stringValue: wellFormed(value) }
    case 'boolean':
      return { boolValue: value }
    case 'number':
      if (Number.isSafeInteger(value)) return { intValue: String(value) }
      return { doubleValue: Number.isFinite(value) ? value : String(value) }
    case 'bigint':
      return value >= INT64_MIN && value <= INT64_MAX
        ? { intValue: String(value) }
        : { stringValue: String(value) }
  }
  if (value === null) return {}
  if (value instanceof Uint8Array) return { bytesValue: base64(value) }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: keyValues(value) } }
}

function orNothing<Item>(items: Item[]): Item[] | undefined {
  return items.length === 0 ? undefined : items
}

/** Half a surrogate pair has no UTF-8 form; receivers reject the whole request for one. */
function wellFormed(text: string): string {
  return LONE_SURROGATE.test(text) ? text.replace(LONE_SURROGATES, '\ufffd') : text
}

const LONE_SURROGATE = /\p{Surrogate}/u
const LONE_SURROGATES = /\p{Surrogate}/gu

// `btoa` and not `Buffer`: this file runs in browsers too.
function base64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
