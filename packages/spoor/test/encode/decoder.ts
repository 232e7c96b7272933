import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import type { EncodedBatch } from '../../dist/esm/export/batch-types.js'

/** Reads OTLP with somebody else's decoder, and a schema written from the specification. */

const schema = readFileSync(
  fileURLToPath(new URL('../../test/encode/fixtures/trace.proto', import.meta.url)),
  'utf8',
)
const request = protobuf.parse(schema).root.lookupType('otlp.ExportTraceServiceRequest')

export interface WireValue {
  stringValue?: string
  boolValue?: boolean
  /** Decimal digits: they may not fit a number. */
  intValue?: string
  doubleValue?: number
  arrayValue?: { values?: WireValue[] }
  kvlistValue?: { values?: WireAttribute[] }
}

export interface WireAttribute {
  key?: string
  value: WireValue
}

export interface WireSpan {
  /** Hex digits. */
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  name?: string
  kind?: number
  startTimeUnixNano?: string
  endTimeUnixNano?: string
  attributes?: WireAttribute[]
  droppedAttributesCount?: number
  events?: {
    timeUnixNano?: string
    name?: string
    attributes?: WireAttribute[]
    droppedAttributesCount?: number
  }[]
  droppedEventsCount?: number
  links?: {
    traceId: string
    spanId: string
    traceState?: string
    attributes?: WireAttribute[]
    flags?: number
  }[]
  droppedLinksCount?: number
  status?: { message?: string; code?: number }
  flags?: number
}

export interface WireRequest {
  resourceSpans: {
    resource: { attributes?: WireAttribute[] }
    scopeSpans: { scope?: { name: string; version?: string }; spans: WireSpan[]; schemaUrl?: string }[]
    schemaUrl?: string
  }[]
}

export function bytesOf(batch: EncodedBatch): Uint8Array {
  return Buffer.concat(batch.chunks)
}

/** @throws for bytes that are not one complete request */
export function decode(bytes: Uint8Array): WireRequest {
  const message = request.decode(bytes)
  const plain = request.toObject(message, { longs: String, bytes: Array, enums: Number })
  return hexIds(plain) as WireRequest
}

export function spansOf(batch: EncodedBatch): WireSpan[] {
  return decode(bytesOf(batch)).resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans ?? []),
  )
}

/** The bytes that an encoder with canonical varints would have written: what the decoder's own writer makes of it. */
export function reencode(bytes: Uint8Array): Uint8Array {
  return request.encode(request.decode(bytes)).finish()
}

function hexIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hexIds)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      /^(?:traceId|spanId|parentSpanId)$/.test(key)
        ? Buffer.from(item as number[]).toString('hex')
        : hexIds(item),
    ]),
  )
}
