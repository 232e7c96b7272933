/** What may stand in a header, and how everything else is made to: percent-encoding of UTF-8 (RFC 3986, 2.1). */

/**
 * Values longer than this are ignored, not scanned: 8 KiB is what W3C Baggage asks for at least, what most servers
 * allow for one header, and far more than any of these formats needs.
 */
export const MAX_LENGTH = 8192

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

// The percent sign is in none of the sets, so that decoding gives back exactly what was encoded.

/** A header name (RFC 7230, 3.2.6 "token"). */
export const TOKEN: Uint8Array = characters(`${ALPHANUMERIC}!#$&'*+-.^_\`|~`)
/** A value of W3C Baggage ("baggage-octet"): printable, but no space, quote, comma, semicolon or backslash. */
export const BAGGAGE_OCTET: Uint8Array = characters(`${ALPHANUMERIC}!#$&'()*+-./:<=>?@[]^_\`{|}~`)
/** A value that has a header to itself: printable ASCII. */
export const PRINTABLE: Uint8Array = characters(`${ALPHANUMERIC} !"#$&'()*+,-./:;<=>?@[\\]^_\`{|}~`)

/** Percent-encodes the UTF-8 bytes of every character outside of `safe`; lone surrogates become U+FFFD. */
export function percentEncode(text: string, safe: Uint8Array): string {
  if (allIn(text, safe)) return text
  let encoded = ''
  for (const byte of new TextEncoder().encode(text)) {
    if (safe[byte] === 1) encoded += String.fromCharCode(byte)
    else encoded += (byte < 16 ? '%0' : '%') + byte.toString(16).toUpperCase()
  }
  return encoded
}

/** Undoes {@link percentEncode}. Bytes that are no UTF-8 become U+FFFD, a stray percent sign stays as it is. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return decodeLeniently(text)
  }
}

/** Whether a text may be sent, or is worth reading, as the value of a header: printable ASCII, and not too long. */
export function isPrintable(text: string): boolean {
  if (text.length > MAX_LENGTH) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e) return false
  }
  return true
}

/** Whether a text is a {@link TOKEN}, perhaps percent-encoded. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127 || (TOKEN[code] !== 1 && code !== PERCENT)) return false
  }
  return text.length > 0
}

const PERCENT = 0x25
const HEX_BYTE = /%([0-9a-f]{2})/gi

function characters(members: string): Uint8Array {
  const set = new Uint8Array(256)
  for (const member of members) set[member.charCodeAt(0)] = 1
  return set
}

function allIn(text: string, set: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127 || set[code] !== 1) return false
  }
  return true
}

function decodeLeniently(text: string): string {
  const stray = text.replace(/%(?![0-9a-f]{2})/gi, '%25')
  const bytes: number[] = []
  let end = 0
  for (const match of stray.matchAll(HEX_BYTE)) {
    bytes.push(
      ...new TextEncoder().encode(stray.slice(end, match.index)),
      Number.parseInt(match[1] ?? '', 16),
    )
    end = match.index + match[0].length
  }
  bytes.push(...new TextEncoder().encode(stray.slice(end)))
  return new TextDecoder().decode(Uint8Array.from(bytes))
}
