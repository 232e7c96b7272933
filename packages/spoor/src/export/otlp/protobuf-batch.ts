import type { FinishedSpan } from '../../tracer/finished-span.ts'
import type { BatchEncoder } from '../batch.ts'
import type { EncodedBatch } from '../batch-types.ts'
import { encodeAttributes, encodeSpan } from './protobuf.ts'
import { ProtobufWriter, varintSize } from './protobuf-writer.ts'

/** What every request says beside its spans: who sends them. */
export interface Envelope {
  /** Keys and values in turn. */
  readonly resource: readonly unknown[]
  readonly scopeName: string
  readonly scopeVersion: string
  readonly schemaUrl: string
}

const FIRST_SIZE = 64 * 1024
/** How many buffers of sent batches are kept for the next ones. */
const SPARE_BUFFERS = 2
/** A buffer that one extraordinary batch has blown up is not kept. */
const MAX_SPARE_BYTES = 2 * 1024 * 1024
/** A batch that fills less of its buffer than this share is copied out: it may have to wait, and is counted as it is. */
const LEAST_FILLED = 1 / 4

/** Collects spans as OTLP protobuf in one buffer; a batch is a piece of it behind a prefix of a few bytes. */
export class ProtobufBatchEncoder implements BatchEncoder {
  readonly #head: () => Head
  readonly #spares: Uint8Array[] = []
  #writer = new ProtobufWriter(FIRST_SIZE)
  spans = 0

  /** @param envelope asked for when the first batch is taken: detecting the resource costs start-up time otherwise */
  constructor(envelope: () => Envelope) {
    let head: Head | null = null
    this.#head = () => (head ??= encodeHead(envelope()))
  }

  get bytes(): number {
    return this.#writer.position
  }

  add(span: FinishedSpan): void {
    const start = this.#writer.position
    try {
      encodeSpan(this.#writer, span)
    } catch (error) {
      // Half a span would make the whole batch unreadable.
      this.#writer.position = start
      throw error
    }
    this.spans += 1
  }

  take(): EncodedBatch {
    const { spans } = this
    const { buffer, position } = this.#writer
    const isSmall = position < buffer.length * LEAST_FILLED
    const body = isSmall ? buffer.slice(0, position) : buffer.subarray(0, position)
    this.#writer = new ProtobufWriter(0)
    this.#writer.buffer = isSmall && buffer.length <= MAX_SPARE_BYTES ? buffer : this.#spare()
    this.spans = 0
    return toBatch(this.#head(), body, spans)
  }

  release(batch: EncodedBatch): void {
    const buffer = batch.chunks[1]?.buffer
    if (!(buffer instanceof ArrayBuffer) || this.#spares.length >= SPARE_BUFFERS) return
    if (buffer.byteLength >= FIRST_SIZE && buffer.byteLength <= MAX_SPARE_BYTES)
      this.#spares.push(new Uint8Array(buffer))
  }

  #spare(): Uint8Array {
    return this.#spares.pop() ?? new Uint8Array(FIRST_SIZE)
  }
}

/** The constant part of every request: `Resource` with its tag and length, and `InstrumentationScope` likewise. */
interface Head {
  readonly resource: Uint8Array
  readonly scope: Uint8Array
}

function encodeHead(envelope: Envelope): Head {
  const resource = message(0x0a, (writer) => encodeAttributes(writer, 0x0a, [...envelope.resource])) // ResourceSpans.resource
  const scope = message(0x0a, (writer) => {
    writer.stringField(0x0a, envelope.scopeName) // ScopeSpans.scope: name
    writer.stringField(0x12, envelope.scopeVersion) // version
  })
  const schema = new ProtobufWriter(256)
  schema.stringField(0x1a, envelope.schemaUrl) // ScopeSpans.schema_url
  return { resource, scope: concat(scope, schema.buffer.subarray(0, schema.position)) }
}

function message(tag: number, write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter(1024)
  writer.byte(tag)
  const start = writer.open()
  write(writer)
  writer.close(start)
  return writer.buffer.slice(0, writer.position)
}

/** Puts the lengths of the enclosing messages before spans that are already encoded. */
function toBatch(head: Head, body: Uint8Array, spans: number): EncodedBatch {
  const scopeSpans = head.scope.length + body.length
  const resourceSpans = head.resource.length + 1 + varintSize(scopeSpans) + scopeSpans
  const writer = new ProtobufWriter(head.resource.length + head.scope.length + 24)
  writer.byte(0x0a) // ExportTraceServiceRequest.resource_spans
  writer.varint(resourceSpans)
  writer.bytes(head.resource)
  writer.byte(0x12) // ResourceSpans.scope_spans
  writer.varint(scopeSpans)
  writer.bytes(head.scope)
  const prefix = writer.buffer.subarray(0, writer.position)
  return {
    chunks: [prefix, body],
    bytes: prefix.length + body.length,
    spans,
    split: () => halve(head, body, spans),
  }
}

/** Divides a batch between two spans near its middle. */
function halve(head: Head, body: Uint8Array, spans: number): [EncodedBatch, EncodedBatch] | null {
  if (spans < 2) return null
  const first = spans >> 1
  let position = 0
  for (let i = 0; i < first; i += 1) position = afterField(body, position)
  return [
    toBatch(head, body.subarray(0, position), first),
    toBatch(head, body.subarray(position), spans - first),
  ]
}

/** Where the length-delimited field at `position`, whose tag is one byte, ends. */
function afterField(body: Uint8Array, position: number): number {
  let length = 0
  let scale = 1
  for (let i = position + 1; ; i += 1) {
    const byte = body[i]!
    length += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) return i + 1 + length
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
