/**
 * Walks an ExportTraceServiceRequest span by span, in place. What the store keeps in columns is read here; the rest
 * of a span stays the bytes it came as, and is decoded when somebody looks at it.
 */
import { check } from './codec.ts'
import { RESOURCE, SCOPE, SPAN } from './messages.ts'
import { BYTES, FIXED64, Reader, VARINT } from './wire.ts'

/** One span of a request. The object is reused: what it says holds until the next span is asked for. */
export interface IncomingSpan {
  /** The request. Offsets below point into it. */
  readonly body: Buffer
  /** Encoded Resource. The same object for all spans that share it, so it can be compared by identity. */
  resource: Buffer
  /** Encoded InstrumentationScope, likewise. */
  scope: Buffer
  /** Offset of the sixteen bytes. */
  traceId: number
  /** Offset of the eight bytes. */
  spanId: number
  /** Offset of the eight bytes, or -1 for a root. */
  parentSpanId: number
  nameStart: number
  nameEnd: number
  /** 0 to 5; what is not a kind counts as unspecified. */
  kind: number
  /** Microseconds since the epoch, and the nanoseconds beyond them; both 0 where the span does not say. */
  startMicros: number
  startNanos: number
  endMicros: number
  endNanos: number
  /** 0 unset, 1 ok, 2 error. */
  status: number
  events: number
  /** Start and end offsets of everything that has no column, pair by pair. */
  readonly rest: number[]
  /** Why the span cannot be kept, or undefined. */
  refusal: string | undefined
}

/** What a request holds, found without keeping any of it. */
export interface Census {
  spans: number
  refused: number
  /** Why the first of the refused spans was refused. */
  refusal: string | undefined
}

/** Checks a request to its last byte. @throws Malformed */
export function inspect(body: Buffer): Census {
  const census: Census = { spans: 0, refused: 0, refusal: undefined }
  for (const span of walk(body, true)) {
    if (span.refusal === undefined) census.spans++
    else {
      census.refused++
      census.refusal ??= span.refusal
    }
  }
  return census
}

/** Yields the spans of a request that {@link inspect} has found to be sound. */
export function spansOf(body: Buffer): Generator<IncomingSpan, void, undefined> {
  return walk(body, false)
}

const NOTHING: Buffer = Buffer.alloc(0)

/** Fields, as they stand on the wire: number and type. */
const CHILD_1 = (1 << 3) | BYTES
const CHILD_2 = (2 << 3) | BYTES
const TRACE_ID = (1 << 3) | BYTES
const SPAN_ID = (2 << 3) | BYTES
const PARENT_SPAN_ID = (4 << 3) | BYTES
const NAME = (5 << 3) | BYTES
const KIND = (6 << 3) | VARINT
const START = (7 << 3) | FIXED64
const END = (8 << 3) | FIXED64
const EVENT = (11 << 3) | BYTES
const STATUS = (15 << 3) | BYTES
const STATUS_CODE = (3 << 3) | VARINT

function* walk(body: Buffer, checked: boolean): Generator<IncomingSpan, void, undefined> {
  const reader = new Reader(body)
  const span = emptySpan(body)
  for (const resourceSpans of children(reader, CHILD_1, body.length)) {
    // The resource may come after the spans it is the resource of, so it is looked for first.
    span.resource = lastChild(reader, CHILD_1, resourceSpans)
    if (checked) checkAll(RESOURCE, span.resource)
    for (const scopeSpans of children(reader, CHILD_2, resourceSpans.end, resourceSpans.start)) {
      span.scope = lastChild(reader, CHILD_1, scopeSpans)
      if (checked) checkAll(SCOPE, span.scope)
      for (const { start, end } of children(reader, CHILD_2, scopeSpans.end, scopeSpans.start)) {
        if (checked) {
          reader.at = start
          check(SPAN, reader, end)
        }
        readSpan(reader, start, end, span)
        yield span
      }
    }
  }
}

interface Range {
  start: number
  end: number
}

/** Yields one reused range for every nested message with this tag. */
function* children(reader: Reader, wanted: number, end: number, start = 0): Generator<Range> {
  const range = { start: 0, end: 0 }
  let at = start
  while (at < end) {
    reader.at = at
    const tag = reader.tag(end)
    if (tag === wanted) {
      range.end = at = reader.stop(end)
      range.start = reader.at
      yield range
    } else {
      reader.skip(tag, end)
      at = reader.at
    }
  }
}

function lastChild(reader: Reader, wanted: number, { start, end }: Range): Buffer {
  let found = NOTHING
  for (const child of children(reader, wanted, end, start))
    found = reader.bytes.subarray(child.start, child.end)
  return found
}

function checkAll(message: typeof RESOURCE, bytes: Buffer): void {
  check(message, new Reader(bytes), bytes.length)
}

function emptySpan(body: Buffer): IncomingSpan {
  return {
    body,
    resource: NOTHING,
    scope: NOTHING,
    traceId: -1,
    spanId: -1,
    parentSpanId: -1,
    nameStart: 0,
    nameEnd: 0,
    kind: 0,
    startMicros: 0,
    startNanos: 0,
    endMicros: 0,
    endNanos: 0,
    status: 0,
    events: 0,
    rest: [],
    refusal: undefined,
  }
}

function readSpan(reader: Reader, start: number, end: number, span: IncomingSpan): void {
  let traceIdEnd = -1
  let spanIdEnd = -1
  let parentEnd = -1
  span.traceId = span.spanId = span.parentSpanId = -1
  span.nameStart = span.nameEnd = start
  span.kind = span.status = span.events = 0
  span.startMicros = span.startNanos = span.endMicros = span.endNanos = 0
  span.rest.length = 0
  span.refusal = undefined

  reader.at = start
  while (reader.at < end) {
    const fieldStart = reader.at
    const tag = reader.tag(end)
    switch (tag) {
      case TRACE_ID:
        traceIdEnd = reader.stop(end)
        span.traceId = reader.at
        reader.at = traceIdEnd
        break
      case SPAN_ID:
        spanIdEnd = reader.stop(end)
        span.spanId = reader.at
        reader.at = spanIdEnd
        break
      case PARENT_SPAN_ID:
        parentEnd = reader.stop(end)
        span.parentSpanId = reader.at
        reader.at = parentEnd
        break
      case NAME:
        span.nameEnd = reader.stop(end)
        span.nameStart = reader.at
        reader.at = span.nameEnd
        break
      case KIND: {
        const kind = reader.varint(end)
        span.kind = kind <= 5 ? kind : 0
        break
      }
      case START:
        reader.fixed64(end)
        span.startMicros = microsOf(reader)
        span.startNanos = nanosOf(reader)
        break
      case END:
        reader.fixed64(end)
        span.endMicros = microsOf(reader)
        span.endNanos = nanosOf(reader)
        break
      case STATUS:
        readStatus(reader, reader.stop(end), span)
        keep(span.rest, fieldStart, reader.at)
        break
      default:
        if (tag === EVENT) span.events++
        reader.skip(tag, end)
        keep(span.rest, fieldStart, reader.at)
    }
  }

  const { body } = span
  if (!isId(body, span.traceId, traceIdEnd, 16)) span.refusal = 'a trace id must be 16 bytes, not all zero'
  else if (!isId(body, span.spanId, spanIdEnd, 8)) span.refusal = 'a span id must be 8 bytes, not all zero'
  else if (isEmptyId(body, span.parentSpanId, parentEnd)) span.parentSpanId = -1
  else if (parentEnd - span.parentSpanId !== 8) span.refusal = 'a parent span id must be 8 bytes, or absent'
}

function readStatus(reader: Reader, end: number, span: IncomingSpan): void {
  while (reader.at < end) {
    const tag = reader.tag(end)
    if (tag === STATUS_CODE) {
      const code = reader.varint(end)
      span.status = code <= 2 ? code : 0
    } else reader.skip(tag, end)
  }
}

/** Neighbouring fields become one range: as a rule a span has one or two. */
function keep(rest: number[], start: number, end: number): void {
  if (rest.length > 0 && rest[rest.length - 1] === start) rest[rest.length - 1] = end
  else rest.push(start, end)
}

function isId(body: Buffer, start: number, end: number, length: number): boolean {
  return end - start === length && !isEmptyId(body, start, end)
}

/** Absent, of no length, or all zero. */
function isEmptyId(body: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (body[i] !== 0) return false
  return true
}

/**
 * Nanoseconds since the epoch do not fit a number, microseconds do. 2^32 is 4294967 * 1000 + 296, hence the sums.
 * Times beyond the year 2116 are taken as not set: no clock is that wrong by accident.
 */
function microsOf({ high, low }: Reader): number {
  return high >= 0x4000_0000 ? 0 : high * 4_294_967 + Math.floor((high * 296 + low) / 1000)
}

function nanosOf({ high, low }: Reader): number {
  return high >= 0x4000_0000 ? 0 : (high * 296 + low) % 1000
}
