/**
 * Turns whatever a user gives as a tag into something that can be sent: strings, finite numbers, booleans, bigints
 * and flat arrays of those stay what they are; everything else becomes text. Total: a getter, `toString` or `toJSON`
 * that throws costs the value, never the call.
 */

const MAX_ARRAY = 128
const MAX_DEPTH = 4
const MAX_KEYS = 32

/**
 * @param limit characters that a string may have
 * @returns undefined for a value that says nothing (null, undefined)
 */
export function sendable(value: unknown, limit: number): unknown {
  switch (typeof value) {
    case 'string':
      return value.length > limit ? cut(value, limit) : value
    case 'number':
    case 'boolean':
    case 'bigint':
      return value
    case 'undefined':
      return undefined
    default:
      return value === null ? undefined : describe(value, limit)
  }
}

/** The first characters of a string, never half a surrogate pair. */
export function cut(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit)
}

function describe(value: unknown, limit: number): unknown {
  try {
    if (Array.isArray(value) && value.every(isPrimitive)) {
      return value.slice(0, MAX_ARRAY).map((item) => sendable(item, limit) ?? '')
    }
    if (value instanceof Error) return cut(`${value.name}: ${value.message}`, limit)
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
    if (typeof value === 'symbol') return value.toString()
    if (typeof value === 'function') return `[function ${value.name}]`
    return cut(JSON.stringify(plain(value, 0, limit)) ?? String(value), limit)
  } catch {
    return '[value that cannot be read]'
  }
}

function isPrimitive(value: unknown): boolean {
  return (
    value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  )
}

/** A bounded plain copy, so that a cyclic, deep or huge object costs little. */
function plain(value: unknown, depth: number, limit: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string') return value.length > limit ? cut(value, limit) : value
  if (typeof value === 'function' || typeof value === 'symbol') return String(value)
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Date || value instanceof Error) return describe(value, limit)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth === MAX_DEPTH) return Array.isArray(value) ? '[…]' : '{…}'
  if (Array.isArray(value)) return value.slice(0, MAX_KEYS).map((item) => plain(item, depth + 1, limit))
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return Object.fromEntries(
    entries.slice(0, MAX_KEYS).map(([key, item]) => [String(key), plain(item, depth + 1, limit)]),
  )
}
