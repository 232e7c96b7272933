import { W3C_FLAGS } from '../../api/span-context.ts'
import type { FinishedSpan, FlatAttributes, SpanEvent, SpanLink } from '../../tracer/finished-span.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/**
 * Spans as OTLP protobuf (opentelemetry-proto 1.11, trace.proto and common.proto). A span is encoded when it is
 * finished, into a buffer that it shares with the others of its batch: the batch is a piece of that buffer.
 *
 * Tags are written as constants, `field number << 3 | wire type`; their names stand beside them.
 */

/** `Span.flags`: the two bits that say whether the parent is known to be remote, and is (trace.proto, `SpanFlags`). */
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

/** Writes one span as an element of `ScopeSpans.spans`. */
export function encodeSpan(writer: ProtobufWriter, span: FinishedSpan): void {
  writer.reserve(256 + span.name.length * 3)
  writer.byte(0x12) // ScopeSpans.spans
  const start = writer.open()
  writer.idField(0x0a, span.traceId) // trace_id
  writer.idField(0x12, span.spanId) // span_id
  if (span.traceState !== '') writer.stringField(0x1a, span.traceState) // trace_state
  writer.reserve(128)
  if (span.parentSpanId !== '') writer.idField(0x22, span.parentSpanId) // parent_span_id
  writer.stringField(0x2a, span.name) // name
  writer.reserve(64)
  writer.byte(0x30) // kind
  writer.byte(span.kind)
  writer.byte(0x39) // start_time_unix_nano
  writer.nanoseconds(span.startTime)
  writer.byte(0x41) // end_time_unix_nano
  writer.nanoseconds(span.endTime)
  encodeAttributes(writer, 0x4a, span.attributes) // attributes
  encodeDropped(writer, 0x50, span.droppedAttributes) // dropped_attributes_count
  if (span.events !== null) for (const event of span.events) encodeEvent(writer, event)
  encodeDropped(writer, 0x60, span.droppedEvents) // dropped_events_count
  if (span.links !== null) for (const link of span.links) encodeLink(writer, link)
  encodeDropped(writer, 0x70, span.droppedLinks) // dropped_links_count
  if (span.statusCode !== 0) encodeStatus(writer, span)
  writer.reserve(16)
  writer.byte(0x85) // flags, field 16: the tag takes two bytes
  writer.byte(0x01)
  writer.fixed32((span.traceFlags & W3C_FLAGS) | HAS_IS_REMOTE | (span.parentIsRemote ? IS_REMOTE : 0))
  writer.close(start)
}

function encodeEvent(writer: ProtobufWriter, event: SpanEvent): void {
  writer.reserve(32)
  writer.byte(0x5a) // events
  const start = writer.open()
  writer.byte(0x09) // time_unix_nano
  writer.nanoseconds(event.time)
  writer.stringField(0x12, event.name) // name
  encodeAttributes(writer, 0x1a, event.attributes) // attributes
  encodeDropped(writer, 0x20, event.droppedAttributes) // dropped_attributes_count
  writer.close(start)
}

function encodeLink(writer: ProtobufWriter, link: SpanLink): void {
  const { context } = link
  writer.reserve(64)
  writer.byte(0x6a) // links
  const start = writer.open()
  writer.idField(0x0a, context.traceId) // trace_id
  writer.idField(0x12, context.spanId) // span_id
  if (context.traceState !== '') writer.stringField(0x1a, context.traceState) // trace_state
  encodeAttributes(writer, 0x22, link.attributes) // attributes
  writer.reserve(8)
  writer.byte(0x35) // flags
  writer.fixed32((context.traceFlags & W3C_FLAGS) | HAS_IS_REMOTE | (context.remote ? IS_REMOTE : 0))
  writer.close(start)
}

function encodeStatus(writer: ProtobufWriter, span: FinishedSpan): void {
  writer.reserve(8)
  writer.byte(0x7a) // status
  const start = writer.open()
  // The specification allows a message only with an error.
  if (span.statusCode === 2 && span.statusMessage !== '') writer.stringField(0x12, span.statusMessage) // message
  writer.byte(0x18) // code
  writer.byte(span.statusCode)
  writer.close(start)
}

function encodeDropped(writer: ProtobufWriter, tag: number, count: number): void {
  if (count === 0) return
  writer.reserve(8)
  writer.byte(tag)
  writer.varint(count)
}

/** Attributes as repeated `KeyValue` fields with the given tag; values that say nothing are left out. */
export function encodeAttributes(writer: ProtobufWriter, tag: number, attributes: FlatAttributes): void {
  for (let i = 0; i < attributes.length; i += 2) {
    const value = attributes[i + 1]
    if (value === undefined || value === null) continue
    const key = encodedKey(attributes[i] as string)
    writer.reserve(key.length + 32 + (typeof value === 'string' ? value.length * 3 : 0))
    if (typeof value === 'string' && writer.shortAttribute(tag, key, value)) continue
    writer.byte(tag)
    const start = writer.open()
    writer.bytes(key) // KeyValue.key
    writer.byte(0x12) // KeyValue.value
    const valueStart = writer.open()
    encodeValue(writer, value)
    writer.close(valueStart)
    writer.close(start)
  }
}

/** The one field of an `AnyValue`. Room for it has been reserved, except for arrays. */
function encodeValue(writer: ProtobufWriter, value: unknown): void {
  switch (typeof value) {
    case 'string': {
      writer.byte(0x0a) // string_value
      const start = writer.open()
      writer.text(value)
      writer.close(start)
      return
    }
    case 'boolean':
      writer.byte(0x10) // bool_value
      writer.byte(value ? 1 : 0)
      return
    case 'number':
      if (Number.isSafeInteger(value)) {
        writer.byte(0x18) // int_value
        writer.int64(value)
      } else {
        writer.byte(0x21) // double_value
        writer.double(value)
      }
      return
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) {
        writer.byte(0x18) // int_value
        writer.bigVarint(BigInt.asUintN(64, value))
      } else {
        const digits = value.toString()
        writer.reserve(digits.length + 8)
        encodeValue(writer, digits)
      }
      return
    default:
      if (Array.isArray(value)) encodeArray(writer, value)
  }
}

function encodeArray(writer: ProtobufWriter, values: readonly unknown[]): void {
  writer.byte(0x2a) // array_value
  const start = writer.open()
  for (const value of values) {
    writer.reserve(32 + (typeof value === 'string' ? value.length * 3 : 0))
    writer.byte(0x0a) // ArrayValue.values
    const valueStart = writer.open()
    encodeValue(writer, value)
    writer.close(valueStart)
  }
  writer.close(start)
}

/** Keys repeat for ever and are few: each is turned once into its bytes, tag and length included. */
const KEYS = new Map<string, Uint8Array>()
const MAX_KEYS = 4096
const MAX_KEY_BYTES = 128

function encodedKey(key: string): Uint8Array {
  const known = KEYS.get(key)
  if (known !== undefined) return known
  const writer = new ProtobufWriter(key.length * 3 + 8)
  writer.stringField(0x0a, key) // KeyValue.key
  const encoded = writer.buffer.slice(0, writer.position)
  // Keys made from data would fill the memory; past the bound they are encoded each time.
  if (KEYS.size < MAX_KEYS && encoded.length <= MAX_KEY_BYTES) KEYS.set(key, encoded)
  return encoded
}
