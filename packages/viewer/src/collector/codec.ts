/**
 * Three functions over the tables of messages.ts: check, to JSON, from JSON.
 *
 * Source: opentelemetry-proto 1.11, docs/specification.md, section "JSON Protobuf Encoding".
 */
import type { Field, Message, Scalar } from './messages.ts'
import { BYTES, FIXED32, FIXED64, Malformed, Reader, VARINT, Writer } from './wire.ts'

/** A message in OTLP's JSON form. */
export type Json = { [name: string]: unknown }

/** Deeper than any telemetry, and protobuf's own default. It bounds the recursion of everything below. */
const MAX_DEPTH = 100

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
