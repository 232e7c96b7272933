/**
 * The four kinds of protobuf field that OTLP spans need, written into one buffer that is used again and again.
 * Lengths come before contents on the wire and are known after them, so room for the shortest length is left and the
 * content is moved by a byte or two in the rare case that it needed more.
 */

const TWO_32 = 2 ** 32
/** Milliseconds whose nanoseconds fit 64 bits. */
const MAX_TIME = 2 ** 64 / 1e6

export class ProtobufWriter {
  buffer: Uint8Array
  position = 0
  readonly #encoder = new TextEncoder()

  /** @param size bytes to begin with; the buffer doubles when it is full */
  constructor(size: number) {
    this.buffer = new Uint8Array(size)
  }

  /** Makes sure that `bytes` more bytes fit. The other methods do not check. */
  reserve(bytes: number): void {
    const needed = this.position + bytes
    if (needed <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2))
    larger.set(this.buffer.subarray(0, this.position))
    this.buffer = larger
  }

  byte(value: number): void {
    this.buffer[this.position++] = value
  }

  bytes(values: Uint8Array): void {
    const { buffer } = this
    let position = this.position
    for (let i = 0; i < values.length; i += 1) buffer[position++] = values[i]!
    this.position = position
  }

  /** @param value a whole number from 0 to 2^53 */
  varint(value: number): void {
    while (value > 0x7f) {
      this.buffer[this.position++] = (value % 128) | 0x80
      value = Math.floor(value / 128)
    }
    this.buffer[this.position++] = value
  }

  /** A two's complement 64-bit integer as a varint: negative numbers take ten bytes. */
  int64(value: number): void {
    if (value >= 0) this.varint(value)
    else this.bigVarint(BigInt.asUintN(64, BigInt(value)))
  }

  bigVarint(value: bigint): void {
    while (value > 0x7fn) {
      this.buffer[this.position++] = Number(value & 0x7fn) | 0x80
      value >>= 7n
    }
    this.buffer[this.position++] = Number(value)
  }

  fixed32(value: number): void {
    const { buffer, position } = this
    buffer[position] = value
    buffer[position + 1] = value >>> 8
    buffer[position + 2] = value >>> 16
    buffer[position + 3] = value >>> 24
    this.position = position + 4
  }

  double(value: number): void {
    DOUBLE[0] = value
    this.bytes(DOUBLE_BYTES)
  }

  /**
   * A time as fixed64 nanoseconds. They do not fit a double, so the two halves are computed apart:
   * seconds × 10⁹ = (upper × 2¹⁶ + lower) × 10⁹, each product below 2⁵³. Remainders are taken by multiplication,
   * because `%` of doubles is a call.
   *
   * @param milliseconds since the epoch, with fractions; what cannot be such a time is written as 0, "unknown"
   */
  nanoseconds(milliseconds: number): void {
    if (!(milliseconds > 0 && milliseconds < MAX_TIME)) {
      this.fixed32(0)
      this.fixed32(0)
      return
    }
    const seconds = Math.floor(milliseconds / 1000)
    const nanos = Math.round((milliseconds - seconds * 1000) * 1e6)
    const upper = Math.floor(seconds / 65536)
    const high = Math.floor((upper * 1e9) / 65536)
    const low = (upper * 1e9 - high * 65536) * 65536 + (seconds - upper * 65536) * 1e9 + nanos
    // `fixed32` takes the low 32 bits of what it is given, as every bit operator does.
    this.fixed32(low)
    this.fixed32(high + Math.floor(low / TWO_32))
  }

  /** The UTF-8 bytes of a string; three bytes for each of its characters must have been reserved. */
  text(value: string): void {
    const { length } = value
    if (length > SHORT) {
      this.#encode(value)
      return
    }
    const { buffer } = this
    let position = this.position
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) {
        this.#encode(value)
        return
      }
      buffer[position++] = code
    }
    this.position = position
  }

  /** A field that holds a string: tag, length, text. */
  stringField(tag: number, value: string): void {
    this.reserve(value.length * 3 + 8)
    this.byte(tag)
    const start = this.open()
    this.text(value)
    this.close(start)
  }

  /**
   * A field that holds an identifier: tag, length, bytes.
   *
   * @param digits hex digits; what is not one counts as 0: identifiers were checked where they came in
   */
  idField(tag: number, digits: string): void {
    const { buffer } = this
    const { length } = digits
    let position = this.position
    buffer[position] = tag
    buffer[position + 1] = length >> 1
    position += 2
    for (let i = 0; i < length; i += 2) {
      buffer[position++] = BYTES[((digits.charCodeAt(i) & 0x7f) << 7) | (digits.charCodeAt(i + 1) & 0x7f)]!
    }
    this.position = position
  }

  /**
   * A `KeyValue` whose value is a short ASCII string, as most are: every length is known beforehand.
   *
   * @param key `KeyValue.key` with its tag and length
   * @returns false, with nothing written, for any other string
   */
  shortAttribute(tag: number, key: Uint8Array, value: string): boolean {
    const { length } = value
    const content = key.length + length + 4
    if (content > 0x7f) return false
    const { buffer } = this
    let position = this.position
    buffer[position++] = tag
    buffer[position++] = content
    for (let i = 0; i < key.length; i += 1) buffer[position++] = key[i]!
    buffer[position++] = 0x12 // KeyValue.value
    buffer[position++] = length + 2
    buffer[position++] = 0x0a // AnyValue.string_value
    buffer[position++] = length
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return false
      buffer[position++] = code
    }
    this.position = position
    return true
  }

  /** Leaves room for the length of what follows. @returns where that content starts, for {@link close} */
  open(): number {
    this.position += 1
    return this.position
  }

  /** Writes the length of everything since `start`, moving it when the length needs more than one byte. */
  close(start: number): void {
    const length = this.position - start
    if (length < 0x80) {
      this.buffer[start - 1] = length
      return
    }
    const extra = varintSize(length) - 1
    this.reserve(extra)
    this.buffer.copyWithin(start + extra, start, this.position)
    const end = this.position + extra
    this.position = start - 1
    this.varint(length)
    this.position = end
  }

  #encode(value: string): void {
    // A lone surrogate becomes U+FFFD here, so the result is valid UTF-8 whatever the string was.
    this.position += this.#encoder.encodeInto(value, this.buffer.subarray(this.position)).written
  }
}

export function varintSize(value: number): number {
  let size = 1
  for (; value > 0x7f; value = Math.floor(value / 128)) size += 1
  return size
}

/** Up to here a loop is cheaper than a call into the engine's encoder. */
const SHORT = 128

const DOUBLE = new Float64Array(1)
const DOUBLE_BYTES = new Uint8Array(DOUBLE.buffer)

/** The byte that two hex digits stand for, by the two character codes: one look-up instead of two. */
const BYTES = new Uint8Array(128 * 128)
for (let byte = 0; byte < 256; byte += 1) {
  const digits = byte.toString(16).padStart(2, '0')
  for (const first of [digits.charCodeAt(0), digits.toUpperCase().charCodeAt(0)]) {
    for (const second of [digits.charCodeAt(1), digits.toUpperCase().charCodeAt(1)]) {
      BYTES[(first << 7) | second] = byte
    }
  }
}
