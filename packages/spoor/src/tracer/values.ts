/**
 * Turns whatever a user gives as a tag into something that can be sent: strings, finite numbers, booleans, bigints
 * and flat arrays of those stay what they are; everything else becomes text. Total: a getter, `toString` or `toJSON`
 * that throws costs the value, never the call.
 */

const MAX_ARRAY = 128
const MAX_DEPTH = 4
const MAX_KEYS = 32
/** Bits of an integer that is still written out: converting one of a million bits takes seconds. */
const MAX_BITS = 1024
/** Characters of operation names, keys and event names. Values have a limit that can be set. */
const MAX_NAME = 1024
/** A piece of a text that is longer than this is copied out of it, for a mere slice keeps all of it in memory. */
const MAX_SLICED = 65_536

const UNREADABLE = '[value that cannot be read]'

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
      return value
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? value : cut(digits(value), limit)
    case 'undefined':
      return undefined
    default:
      return value === null ? undefined : describe(value, limit)
  }
}

/** A name or key as text, whatever was given. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string') return value.length > MAX_NAME ? cut(value, MAX_NAME) : value
  return cut(String(sendable(value, MAX_NAME)), MAX_NAME)
}

/** The first characters of a string, never half a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  const last = text.charCodeAt(limit - 1)
  const piece = text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit)
  return text.length > MAX_SLICED ? (JSON.parse(JSON.stringify(piece)) as string) : piece
}

/** One property of what a user gave; a getter that throws costs the value. */
export function read(given: object, key: string): unknown {
  try {
    return (given as { [key: string]: unknown })[key]
  } catch {
    return UNREADABLE
  }
}

/** The names of what a user gave as fields or tags: none of a list or of bytes, none where even that throws. */
export function keysOf(given: unknown): string[] {
  const keys: string[] = []
  if (!isRecord(given)) return keys
  try {
    for (const key in given as object) keys.push(key)
  } catch {
    // A proxy: what it has told so far is all that we learn.
  }
  return keys
}

/** Whether something has tags or fields to read: a string, a list and bytes have characters and items. */
export function isRecord(given: unknown): boolean {
  try {
    return typeof given === 'object' && given !== null && !Array.isArray(given) && !ArrayBuffer.isView(given)
  } catch {
    return false // a proxy that has been revoked
  }
}

/** `instanceof`, of whatever was given. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

function digits(value: bigint): string {
  return BigInt.asIntN(MAX_BITS, value) === value
    ? value.toString()
    : `[integer of more than ${MAX_BITS} bits]`
}

function describe(value: unknown, limit: number): unknown {
  try {
    if (Array.isArray(value)) {
      const items = value.slice(0, MAX_ARRAY)
      if (items.every(isPrimitive)) return items.map((item) => sendable(item, limit) ?? '')
    }
    const text = plain(value, 0, { left: limit })
    return typeof text === 'string' ? cut(text, limit) : cut(JSON.stringify(text) ?? String(value), limit)
  } catch {
    return UNREADABLE
  }
}

function isPrimitive(value: unknown): boolean {
  return (
    value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  )
}

/** Characters that a description may still have: it ends when they are used up, however much there is to tell. */
interface Budget {
  left: number
}

/** A bounded plain copy, so that a cyclic, deep or huge object costs little. */
function plain(value: unknown, depth: number, budget: Budget): unknown {
  budget.left -= 2
  if (budget.left < 0) return '…'
  switch (typeof value) {
    case 'string': {
      const text = cut(value, budget.left)
      budget.left -= text.length
      return text
    }
    case 'bigint':
      return digits(value)
    case 'function':
      return `[function ${value.name}]`
    case 'symbol':
      return value.toString()
    case 'object':
      return value === null ? null : plainObject(value, depth, budget)
    default:
      return value
  }
}

function plainObject(value: object, depth: number, budget: Budget): unknown {
  if (value instanceof Error) return plain(`${value.name}: ${value.message}`, depth, budget)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth === MAX_DEPTH) return Array.isArray(value) ? '[…]' : '{…}'
  if (Array.isArray(value) || value instanceof Set) {
    return first(value, MAX_KEYS).map((item) => plain(item, depth + 1, budget))
  }
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return plain(toJSON.call(value, ''), depth + 1, budget)
  const copy: [string, unknown][] = []
  for (const [key, item] of value instanceof Map ? first(value, MAX_KEYS) : properties(value)) {
    if (budget.left < 0) break
    const name = String(plain(key, MAX_DEPTH, budget))
    copy.push([name, plain(item, depth + 1, budget)])
  }
  if (copy.length > 0 || value instanceof Map) return Object.fromEntries(copy)
  // Nothing to list: a URL's parameters, a regular expression and the like say best themselves what they are.
  const text = String(value)
  return text === '[object Object]' ? {} : plain(text, depth, budget)
}

/** The first of many, without touching the others. */
function first<Item>(items: Iterable<Item>, count: number): Item[] {
  if (Array.isArray(items)) return items.slice(0, count)
  const found: Item[] = []
  for (const item of items) {
    if (found.push(item) === count) break
  }
  return found
}

function properties(value: object): [string, unknown][] {
  const found: [string, unknown][] = []
  for (const key in value) {
    if (
      Object.hasOwn(value, key) &&
      found.push([key, (value as { [key: string]: unknown })[key]]) === MAX_KEYS
    )
      break
  }
  return found
}
