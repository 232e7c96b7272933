/**
 * The messages of OTLP's trace signal as tables, and three functions over them: check, to JSON, from JSON. What a
 * table does not name is skipped, as protobuf demands of readers.
 *
 * Source: opentelemetry-proto 1.11, trace/v1/trace.proto, common/v1/common.proto, resource/v1/resource.proto; for JSON
 * the section "JSON Protobuf Encoding" of its docs/specification.md.
 */
import { BYTES, FIXED32, FIXED64, Malformed, Reader, VARINT, Writer } from './wire.ts'

/** Deeper than any telemetry, and protobuf's own default. It bounds the recursion of everything below. */
const MAX_DEPTH = 100

type Scalar =
  | 'id' // bytes; hex in JSON
  | 'bytes' // bytes; base64 in JSON
  | 'string'
  | 'bool'
  | 'uint32'
  | 'enum'
  | 'int64' // varint; a decimal string in JSON
  | 'time' // fixed64; a decimal string in JSON
  | 'fixed32'
  | 'double'

interface Field {
  readonly number: number
  readonly name: string
  readonly type: Scalar | (() => Message)
  readonly repeated: boolean
}

/** One message: its fields by number, and by the name that JSON gives them. */
export interface Message {
  readonly fields: readonly (Field | undefined)[]
  readonly named: ReadonlyMap<string, Field>
}

/** A message in OTLP's JSON form. */
export type Json = { [name: string]: unknown }

const KEY_VALUE: Message = message([
  [1, 'key', 'string'],
  [2, 'value', () => ANY_VALUE],
])

const ANY_VALUE: Message = message([
  [1, 'stringValue', 'string'],
  [2, 'boolValue', 'bool'],
  [3, 'intValue', 'int64'],
  [4, 'doubleValue', 'double'],
  [5, 'arrayValue', () => ARRAY_VALUE],
  [6, 'kvlistValue', () => KEY_VALUE_LIST],
  [7, 'bytesValue', 'bytes'],
])

const ARRAY_VALUE: Message = message([[1, 'values', [() => ANY_VALUE]]])

const KEY_VALUE_LIST: Message = message([[1, 'values', [() => KEY_VALUE]]])

const EVENT: Message = message([
  [1, 'timeUnixNano', 'time'],
  [2, 'name', 'string'],
  [3, 'attributes', [() => KEY_VALUE]],
  [4, 'droppedAttributesCount', 'uint32'],
])

const LINK: Message = message([
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'attributes', [() => KEY_VALUE]],
  [5, 'droppedAttributesCount', 'uint32'],
  [6, 'flags', 'fixed32'],
])

const STATUS: Message = message([
  [2, 'message', 'string'],
  [3, 'code', 'enum'],
])

export const SPAN: Message = message([
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'parentSpanId', 'id'],
  [5, 'name', 'string'],
  [6, 'kind', 'enum'],
  [7, 'startTimeUnixNano', 'time'],
  [8, 'endTimeUnixNano', 'time'],
  [9, 'attributes', [() => KEY_VALUE]],
  [10, 'droppedAttributesCount', 'uint32'],
  [11, 'events', [() => EVENT]],
  [12, 'droppedEventsCount', 'uint32'],
  [13, 'links', [() => LINK]],
  [14, 'droppedLinksCount', 'uint32'],
  [15, 'status', () => STATUS],
  [16, 'flags', 'fixed32'],
])

export const SCOPE: Message = message([
  [1, 'name', 'string'],
  [2, 'version', 'string'],
  [3, 'attributes', [() => KEY_VALUE]],
  [4, 'droppedAttributesCount', 'uint32'],
])

export const RESOURCE: Message = message([
  [1, 'attributes', [() => KEY_VALUE]],
  [2, 'droppedAttributesCount', 'uint32'],
])

const SCOPE_SPANS: Message = message([
  [1, 'scope', () => SCOPE],
  [2, 'spans', [() => SPAN]],
  [3, 'schemaUrl', 'string'],
])

const RESOURCE_SPANS: Message = message([
  [1, 'resource', () => RESOURCE],
  [2, 'scopeSpans', [() => SCOPE_SPANS]],
  [3, 'schemaUrl', 'string'],
])

/** ExportTraceServiceRequest. */
export const REQUEST: Message = message([[1, 'resourceSpans', [() => RESOURCE_SPANS]]])

/** Walks a message to its end without making anything of it. @throws Malformed */
export function check(message: Message, reader: Reader, end: number, depth = 0): void {
  if (depth > MAX_DEPTH) throw new Malformed(`messages are nested deeper than ${MAX_DEPTH}`)
  while (reader.at < end) {
    const tag = reader.tag(end)
    const type = message.fields[tag >>> 3]?.type
    if (typeof type === 'function' && (tag & 7) === BYTES) check(type(), reader, reader.stop(end), depth + 1)
    else reader.skip(tag, end)
  }
}

/** @returns the message in OTLP's JSON form, with 64-bit numbers as strings. @throws Malformed */
export function toJson(message: Message, bytes: Uint8Array): Json {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return readMessage(message, new Reader(buffer), buffer.length, 0)
}

/** Encodes JSON, already parsed, as protobuf. Unknown names are ignored, `null` is absence. @throws Malformed */
export function fromJson(message: Message, json: unknown, writer: Writer = new Writer()): Writer {
  writeMessage(message, json, writer, 'the request', 0)
  return writer
}

type FieldRow = [number: number, name: string, type: Field['type'] | [Field['type']]]

function message(rows: FieldRow[]): Message {
  const fields: (Field | undefined)[] = []
  const named = new Map<string, Field>()
  for (const [number, name, type] of rows) {
    const repeated = Array.isArray(type)
    const field: Field = { number, name, type: repeated ? type[0] : type, repeated }
    fields[number] = field
    named.set(name, field)
  }
  return { fields: Array.from(fields), named }
}

const WIRE_TYPES: Record<Scalar, number> = {
  id: BYTES,
  bytes: BYTES,
  string: BYTES,
  bool: VARINT,
  uint32: VARINT,
  enum: VARINT,
  int64: VARINT,
  time: FIXED64,
  fixed32: FIXED32,
  double: FIXED64,
}

function readMessage(message: Message, reader: Reader, end: number, depth: number): Json {
  if (depth > MAX_DEPTH) throw new Malformed(`messages are nested deeper than ${MAX_DEPTH}`)
  const json: Json = {}
  while (reader.at < end) {
    const tag = reader.tag(end)
    const field = message.fields[tag >>> 3]
    // A field of an unexpected wire type is an unknown field.
    if (!field || (tag & 7) !== wireTypeOf(field)) {
      reader.skip(tag, end)
      continue
    }
    const { name, type } = field
    const value =
      typeof type === 'function'
        ? readMessage(type(), reader, reader.stop(end), depth + 1)
        : readScalar(type, reader, end)
    if (!field.repeated) json[name] = value
    else if (json[name] === undefined) json[name] = [value]
    else (json[name] as unknown[]).push(value)
  }
  return json
}

function wireTypeOf({ type }: Field): number {
  return typeof type === 'function' ? BYTES : WIRE_TYPES[type]
}

function readScalar(type: Scalar, reader: Reader, end: number): unknown {
  switch (type) {
    case 'id':
      return readBytes(reader, end).toString('hex')
    case 'bytes':
      return readBytes(reader, end).toString('base64')
    case 'string':
      return readBytes(reader, end).toString('utf8')
    case 'bool':
      return reader.varint(end) !== 0
    case 'uint32':
      reader.varint(end)
      return reader.low
    case 'enum':
      reader.varint(end)
      return reader.low | 0
    case 'int64':
      reader.varint(end)
      return BigInt.asIntN(64, wide(reader)).toString()
    case 'time':
      reader.fixed64(end)
      return wide(reader).toString()
    case 'fixed32':
      return reader.fixed32(end)
    case 'double': {
      const value = reader.double(end)
      return Number.isFinite(value) ? value : String(value)
    }
  }
}

function wide({ high, low }: Reader): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

function readBytes(reader: Reader, end: number): Buffer {
  const stop = reader.stop(end)
  const bytes = reader.bytes.subarray(reader.at, stop)
  reader.at = stop
  return bytes
}

function writeMessage(message: Message, json: unknown, writer: Writer, where: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new Malformed(`messages are nested deeper than ${MAX_DEPTH}`)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Malformed(`${where} must be an object`)
  }
  for (const name of Object.keys(json)) {
    const field = message.named.get(name)
    const value = (json as Json)[name]
    if (!field || value === null || value === undefined) continue
    if (!field.repeated) writeField(field, value, writer, depth)
    else if (Array.isArray(value)) for (const item of value) writeField(field, item, writer, depth)
    else throw new Malformed(`${name} must be an array`)
  }
}

function writeField(field: Field, value: unknown, writer: Writer, depth: number): void {
  const { number, name, type } = field
  writer.tag(number, wireTypeOf(field))
  if (typeof type !== 'function') writeScalar(type, name, value, writer)
  else writer.nested(() => writeMessage(type(), value, writer, name, depth + 1))
}

function writeScalar(type: Scalar, name: string, value: unknown, writer: Writer): void {
  switch (type) {
    case 'id':
      // What is not hex becomes an empty id, and costs this one span rather than the whole request.
      writer.bytes(isHex(value) ? Buffer.from(value, 'hex') : Buffer.alloc(0))
      break
    case 'bytes':
      writer.bytes(Buffer.from(text(name, value), 'base64'))
      break
    case 'string':
      writer.string(text(name, value))
      break
    case 'bool':
      if (typeof value !== 'boolean') throw new Malformed(`${name} must be true or false`)
      writer.varint(value ? 1 : 0)
      break
    case 'uint32':
    case 'fixed32': {
      const whole = Number(integer(name, value, 0n, 0xffff_ffffn))
      if (type === 'uint32') writer.varint(whole)
      else writer.fixed32(whole)
      break
    }
    case 'enum':
      writer.varint64(enumeration(name, value))
      break
    case 'int64':
      writer.varint64(integer(name, value, -(2n ** 63n), 2n ** 63n - 1n))
      break
    case 'time':
      writer.fixed64(integer(name, value, 0n, 2n ** 64n - 1n))
      break
    case 'double':
      writer.double(double(name, value))
  }
}

function isHex(value: unknown): value is string {
  return typeof value === 'string' && value.length % 2 === 0 && /^[0-9a-f]*$/i.test(value)
}

function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new Malformed(`${name} must be a string`)
  return value
}

/** 64-bit integers come as strings, and as numbers too. */
function integer(name: string, value: unknown, least: bigint, most: bigint): bigint {
  const isWhole = typeof value === 'string' ? /^-?\d{1,20}$/.test(value) : Number.isInteger(value)
  if (isWhole) {
    const whole = BigInt(value as string | number)
    if (whole >= least && whole <= most) return whole
  }
  throw new Malformed(`${name} must be a whole number between ${least} and ${most}`)
}

/** The specification allows integers only, generic protobuf encoders write the names: those are understood too. */
function enumeration(name: string, value: unknown): bigint {
  return ENUMERATIONS.get(value) ?? integer(name, value, -(2n ** 31n), 2n ** 31n - 1n)
}

const ENUMERATIONS = new Map<unknown, bigint>([
  ['SPAN_KIND_UNSPECIFIED', 0n],
  ['SPAN_KIND_INTERNAL', 1n],
  ['SPAN_KIND_SERVER', 2n],
  ['SPAN_KIND_CLIENT', 3n],
  ['SPAN_KIND_PRODUCER', 4n],
  ['SPAN_KIND_CONSUMER', 5n],
  ['STATUS_CODE_UNSET', 0n],
  ['STATUS_CODE_OK', 1n],
  ['STATUS_CODE_ERROR', 2n],
])

function double(name: string, value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && value !== '' && (value === 'NaN' || !Number.isNaN(Number(value)))) {
    return Number(value)
  }
  throw new Malformed(`${name} must be a number`)
}
