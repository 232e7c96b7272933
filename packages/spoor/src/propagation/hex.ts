/** Identifiers in hexadecimal notation: checked without regular expressions, because every request comes through here. */

const ZERO = 1
const OTHER_DIGIT = 2

/** By character code: 0 for anything but a lower-case hex digit. */
const LOWER_HEX: Uint8Array = new Uint8Array(128)
for (const digit of '123456789abcdef') LOWER_HEX[digit.charCodeAt(0)] = OTHER_DIGIT
LOWER_HEX['0'.charCodeAt(0)] = ZERO

/** Whether two characters are lower-case hex digits. */
export function isHexByte(text: string, start: number): boolean {
  return digitAt(text, start) !== 0 && digitAt(text, start + 1) !== 0
}

/**
 * Whether the characters from `start` up to `end` are lower-case hex digits and not all zero: all-zero identifiers
 * mean "none" in every format.
 */
export function isId(text: string, start: number, end: number): boolean {
  let digits = 0
  for (let i = start; i < end; i++) {
    const digit = digitAt(text, i)
    if (digit === 0) return false
    digits |= digit
  }
  return digits >= OTHER_DIGIT
}

export function isTraceId(text: string): boolean {
  return text.length === 32 && isId(text, 0, 32)
}

export function isSpanId(text: string): boolean {
  return text.length === 16 && isId(text, 0, 16)
}

/** Whether a context may be written to a carrier. One made by hand could hold anything, line breaks included. */
export function hasIds(context: { readonly traceId: string; readonly spanId: string }): boolean {
  return isTraceId(context.traceId) && isSpanId(context.spanId)
}

/**
 * An identifier of a format that is less strict than W3C's: any case, leading zeros left out.
 *
 * @param digits 32 for a trace id, 16 for a span id
 * @returns lower case and padded to that length, `''` for what is no identifier
 */
export function padId(text: string, digits: number): string {
  if (text.length === 0 || text.length > digits) return ''
  const id = text.toLowerCase().padStart(digits, '0')
  return isId(id, 0, digits) ? id : ''
}

function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 128 ? (LOWER_HEX[code] as number) : 0
}
