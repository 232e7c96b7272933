/**
 * The protobuf wire format, as far as OTLP needs it: a reader that walks bytes in place and a writer that grows.
 * https://protobuf.dev/programming-guides/encoding/
 */
import { ViewerError } from '../errors.ts'

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

const START_GROUP = 3
const END_GROUP = 4
const TWO_TO_32 = 4_294_967_296

/** The bytes, or the JSON, are not what they claim to be. Caught where a request is decoded; never leaves the viewer. */
export class Malformed extends ViewerError {
  constructor(message: string) {
    super('SPOOR_REQUEST_MALFORMED', message)
    this.name = 'Malformed'
  }
}

/** Walks a message in place. Every method keeps below `end`, and throws {@link Malformed} rather than pass it. */
export class Reader {
  readonly bytes: Buffer
  at: number
  /** The halves of the last varint or fixed64, because together they do not fit a number. */
  low = 0
  high = 0

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** @returns the value; exact up to 2^53, beyond that `low` and `high` are */
  varint(end: number): number {
    const { bytes } = this
    let at = this.at
    let byte = at < end ? bytes[at++]! : this.#truncated()
    // Nearly every varint of OTLP is a tag or a short length.
    if (byte < 0x80) {
      this.at = at
      this.high = 0
      this.low = byte
      return byte
    }
    let low = byte & 0x7f
    let high = 0
    for (let shift = 7; ; shift += 7) {
      if (shift > 63) throw new Malformed(`a number of more than ten bytes at byte ${this.at}`)
      byte = at < end ? bytes[at++]! : this.#truncated()
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) break
    }
    this.at = at
    this.low = low >>> 0
    this.high = high >>> 0
    return this.high * TWO_TO_32 + this.low
  }

  /** @returns field number and wire type, as they stand on the wire: `number << 3 | type` */
  tag(end: number): number {
    const start = this.at
    const tag = this.varint(end)
    if (tag < 8 || tag >= TWO_TO_32) throw new Malformed(`no field begins at byte ${start}`)
    return tag
  }

  /** Reads the length of a nested message, string or byte string. @returns where it ends */
  stop(end: number): number {
    const start = this.at
    const length = this.varint(end)
    if (length > end - this.at) {
      throw new Malformed(`the field at byte ${start} claims ${length} bytes, ${end - this.at} are left`)
    }
    return this.at + length
  }

  fixed32(end: number): number {
    if (end - this.at < 4) this.#truncated()
    const value = this.bytes.readUInt32LE(this.at)
    this.at += 4
    return value
  }

  /** Leaves the value in `low` and `high`. */
  fixed64(end: number): void {
    if (end - this.at < 8) this.#truncated()
    this.low = this.bytes.readUInt32LE(this.at)
    this.high = this.bytes.readUInt32LE(this.at + 4)
    this.at += 8
  }

  double(end: number): number {
    if (end - this.at < 8) this.#truncated()
    const value = this.bytes.readDoubleLE(this.at)
    this.at += 8
    return value
  }

  /** Passes over a field that nobody asked for. Groups are counted, not recursed into. */
  skip(tag: number, end: number): void {
    let open = 0
    for (;;) {
      switch (tag & 7) {
        case VARINT:
          this.varint(end)
          break
        case FIXED64:
          this.#advance(8, end)
          break
        case BYTES:
          this.at = this.stop(end)
          break
        case START_GROUP:
          open++
          break
        case END_GROUP:
          if (open === 0) throw new Malformed(`a group ends at byte ${this.at} that never began`)
          open--
          break
        case FIXED32:
          this.#advance(4, end)
          break
        default:
          throw new Malformed(`wire type ${tag & 7} before byte ${this.at} does not exist`)
      }
      if (open === 0) return
      tag = this.tag(end)
    }
  }

  #advance(bytes: number, end: number): void {
    if (end - this.at < bytes) this.#truncated()
    this.at += bytes
  }

  #truncated(): never {
    throw new Malformed(`the message is cut off after byte ${this.at}`)
  }
}

/** Writes a message into a buffer that doubles. */
export class Writer {
  #bytes: Buffer
  #at = 0

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  get length(): number {
    return this.#at
  }

  /** What was written, without a copy: valid until the next write. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  clear(): void {
    this.#at = 0
  }

  tag(field: number, wireType: number): this {
    return this.varint(field * 8 + wireType)
  }

  /** @param value a whole number from 0 to 2^53 - 1 */
  varint(value: number): this {
    this.#reserve(10)
    while (value >= 0x80) {
      this.#bytes[this.#at++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    this.#bytes[this.#at++] = value
    return this
  }

  /** Negative numbers take ten bytes, as protobuf's int64 demands. */
  varint64(value: bigint): this {
    let rest = BigInt.asUintN(64, value)
    this.#reserve(10)
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#at++] = Number(rest)
    return this
  }

  fixed32(value: number): this {
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at)
    return this
  }

  fixed64(value: bigint): this {
    this.#reserve(8)
    this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at)
    return this
  }

  double(value: number): this {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
    return this
  }

  string(text: string): this {
    const length = Buffer.byteLength(text)
    this.varint(length).#reserve(length)
    this.#at += this.#bytes.write(text, this.#at, length, 'utf8')
    return this
  }

  bytes(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes)
  }

  /** Copies bytes that are already encoded. */
  raw(bytes: Uint8Array, start = 0, end: number = bytes.length): this {
    const length = end - start
    this.#reserve(length)
    if (start === 0 && length === bytes.length) this.#bytes.set(bytes, this.#at)
    else this.#bytes.set(bytes.subarray(start, end), this.#at)
    this.#at += length
    return this
  }

  /** Writes a nested message. Its length is known only afterwards, so a long one is moved to make room for it. */
  nested(write: () => void): this {
    this.#reserve(1)
    const start = ++this.#at
    write()
    const length = this.#at - start
    if (length < 0x80) {
      this.#bytes[start - 1] = length
      return this
    }
    let more = 0
    for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) more++
    this.#reserve(more)
    this.#bytes.copyWithin(start + more, start, this.#at)
    this.#at = start - 1
    this.varint(length)
    this.#at += length
    return this
  }

  #reserve(bytes: number): void {
    if (this.#bytes.length - this.#at >= bytes) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + bytes))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}
