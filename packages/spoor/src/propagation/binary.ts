import { InvalidCarrier, SpanContextCorrupted } from '../api/errors.ts'
import { FLAG_DEFERRED, NO_BAGGAGE, TraceContext } from '../api/span-context.ts'
import { MAX_ITEMS } from './baggage.ts'
import { isSpanId, isTraceId } from './hex.ts'
import { isPrintable, MAX_LENGTH } from './text.ts'
import { readTraceState } from './tracestate.ts'

/*
 * The layout, all of it in network byte order:
 *
 *   offset  bytes
 *   0       3      marker, `spr` in ASCII: carriers may hold what somebody else wrote, which is not an error
 *   3       1      version, 1
 *   4       16     trace id, all zero if only baggage is known
 *   20      8      span id, likewise
 *   28      2      flags, the bits of `FLAG_*`
 *   30      2 + n  tracestate: length, ASCII
 *   …       1      number of baggage items
 *   …              for each item: 2 + n key, 2 + n value, UTF-8
 *
 * Nothing follows. There is no standard to conform to (W3C's binary format was never finished): only Spoor reads it.
 */
const MARKER = [0x73, 0x70, 0x72]
const VERSION = 1
const HEAD = 30
const MAX_BYTES = 65_536
const NO_TRACE_ID = '0'.repeat(32)
const NO_SPAN_ID = '0'.repeat(16)

/** Writes a context for `FORMAT_BINARY`. What exceeds the limits of the text formats is left out. */
export function encodeBinary(context: TraceContext): Uint8Array {
  const hasIds = isTraceId(context.traceId) && isSpanId(context.spanId)
  const texts = [textBytes(isPrintable(context.traceState) ? context.traceState : '')]
  let length = HEAD + 1
  for (const [key, value] of context.baggage) {
    if (texts.length > 2 * MAX_ITEMS || key.length + value.length > MAX_LENGTH) continue
    const item = [textBytes(key), textBytes(value)]
    const itemLength = 4 + byteLength(item)
    if (length + itemLength > MAX_LENGTH) continue
    length += itemLength
    texts.push(...item)
  }
  const bytes = new Uint8Array(HEAD + 1 + 2 * texts.length + byteLength(texts))
  const view = new DataView(bytes.buffer)
  bytes.set([...MARKER, VERSION])
  writeHex(bytes, 4, hasIds ? context.traceId : NO_TRACE_ID)
  writeHex(bytes, 20, hasIds ? context.spanId : NO_SPAN_ID)
  view.setUint16(28, context.traceFlags & 0xffff)
  let offset = HEAD
  texts.forEach((text, index) => {
    view.setUint16(offset, text.length)
    bytes.set(text, offset + 2)
    offset += 2 + text.length
    if (index === 0) bytes[offset++] = (texts.length - 1) / 2
  })
  return bytes
}

/**
 * Reads what {@link encodeBinary} has written.
 *
 * @returns null for no bytes at all, and for bytes that somebody else wrote
 * @throws {InvalidCarrier} for what is no `Uint8Array` (a `Buffer` is one)
 * @throws {SpanContextCorrupted} for bytes that were a context and are truncated or damaged
 */
export function decodeBinary(bytes: Uint8Array): TraceContext | null {
  if (!(bytes instanceof Uint8Array)) {
    throw new InvalidCarrier(
      'A binary carrier holds a Uint8Array. Pass the bytes themselves, not a text or an array.',
    )
  }
  if (MARKER.some((byte, offset) => bytes[offset] !== byte)) return null
  if (bytes[3] !== VERSION) throw corrupted(`it is of version ${bytes[3]}, not ${VERSION}`)
  if (bytes.length <= HEAD || bytes.length > MAX_BYTES) throw corrupted(`it has ${bytes.length} bytes`)
  const traceId = readHex(bytes, 4, 20)
  const spanId = readHex(bytes, 20, 28)
  const hasIds = traceId !== NO_TRACE_ID && spanId !== NO_SPAN_ID
  if (!hasIds && (traceId !== NO_TRACE_ID || spanId !== NO_SPAN_ID)) throw corrupted('one of its ids is zero')
  const reader = new Reader(bytes, HEAD)
  const traceState = readTraceState(reader.text(), 2)
  const baggage = readBaggage(reader)
  if (!reader.atEnd) throw corrupted('bytes follow its end')
  // Without ids there is no caller whose decision the flags could be.
  const flags = hasIds ? ((bytes[28] as number) << 8) | (bytes[29] as number) : FLAG_DEFERRED
  return new TraceContext(hasIds ? traceId : '', hasIds ? spanId : '', flags, traceState, baggage, true)
}

/** Reads texts one after the other and never beyond the end. */
class Reader {
  readonly #bytes: Uint8Array
  #offset: number

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes
    this.#offset = offset
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#offset++]
    if (byte === undefined) throw corrupted('it ends too early')
    return byte
  }

  text(): string {
    const length = (this.byte() << 8) | this.byte()
    const end = this.#offset + length
    if (end > this.#bytes.length) throw corrupted('it ends too early')
    const text = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    try {
      return utf8.decode(text)
    } catch {
      throw corrupted('a text in it is not UTF-8')
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readBaggage(reader: Reader): ReadonlyMap<string, string> {
  const count = reader.byte()
  if (count === 0) return NO_BAGGAGE
  const items = new Map<string, string>()
  for (let i = 0; i < count; i++) items.set(reader.text(), reader.text())
  return items
}

function corrupted(reason: string): SpanContextCorrupted {
  return new SpanContextCorrupted(
    `These bytes are a damaged span context: ${reason}. Extract only what was injected with FORMAT_BINARY.`,
  )
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text.length > MAX_LENGTH ? '' : text)
}

function byteLength(texts: readonly Uint8Array[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0)
}

function writeHex(bytes: Uint8Array, offset: number, hex: string): void {
  for (let i = 0; i < hex.length; i += 2) bytes[offset + i / 2] = Number.parseInt(hex.slice(i, i + 2), 16)
}

function readHex(bytes: Uint8Array, start: number, end: number): string {
  let hex = ''
  for (const byte of bytes.subarray(start, end)) hex += (byte < 16 ? '0' : '') + byte.toString(16)
  return hex
}
