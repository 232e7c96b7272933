/** From what the tables hold to what the API speaks: hex for ids, decimal strings for absolute times. */
import type { Value } from './engine.ts'

export function hexOf(blob: Value | undefined): string {
  if (!(blob instanceof Uint8Array)) return ''
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('hex')
}

/** @returns the bytes of an id, or undefined if it is not of that length in hex */
export function bytesOf(hex: string, length: number): Buffer | undefined {
  return hex.length === length * 2 && /^[0-9a-f]*$/i.test(hex) ? Buffer.from(hex, 'hex') : undefined
}

/** @param micros since the epoch @param nanos beyond them, of any size and sign */
export function decimalNanos(micros: number, nanos: number): string {
  return (BigInt(micros) * 1000n + BigInt(nanos)).toString()
}
