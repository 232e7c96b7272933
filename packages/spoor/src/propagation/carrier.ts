import type { CarrierAccess } from '../api/propagator.ts'
import { MAX_LENGTH } from './text.ts'

/** Keys of one carrier that are looked at. Node.js itself accepts no more than 2,000 headers. */
const MAX_KEYS = 2000

/**
 * Reads and writes every carrier that is in use: plain objects (`req.headers`, a message's properties), `Map`, Fetch
 * `Headers`, arrays of `[key, value]`. Total: getters and proxies that throw, frozen objects and primitives are
 * carriers in which there is nothing and to which nothing can be written.
 */
export const carrierAccess: CarrierAccess = {
  get(carrier, key) {
    if (typeof carrier !== 'object' || carrier === null) return undefined
    try {
      // Node.js lower-cases what comes in, so for servers this is the whole way.
      const exact = (carrier as Record<string, unknown>)[key]
      return typeof exact === 'string' ? exact : lookUp(carrier, key, exact)
    } catch {
      return undefined
    }
  },

  keys(carrier) {
    const keys: string[] = []
    if (typeof carrier !== 'object' || carrier === null) return keys
    try {
      collectKeys(carrier, keys)
    } catch {
      // What was found before it threw counts.
    }
    return keys
  },

  set(carrier, key, value) {
    if (typeof carrier !== 'object' || carrier === null) return
    try {
      if (Array.isArray(carrier)) setPair(carrier, key, value)
      else if (typeof (carrier as MapLike).set === 'function') (carrier as MapLike).set(key, value)
      else (carrier as Record<string, string>)[key] = value
    } catch {
      // Frozen, or a proxy that refuses: the context cannot travel, and the application must not suffer for it.
    }
  },
}

/** `Map` and Fetch `Headers`, of any realm. */
type MapLike = {
  get(key: string): unknown
  set(key: string, value: string): unknown
  entries(): Iterable<[unknown, unknown]>
}

function lookUp(carrier: object, key: string, exact: unknown): string | undefined {
  if (exact !== undefined) return textOf(exact)
  if (Array.isArray(carrier)) return findPair(carrier, key)
  if (typeof (carrier as MapLike).get === 'function') {
    const value = (carrier as MapLike).get(key)
    // Headers know no case and answer null; a Map answers undefined and may hold the key in another case.
    return value === undefined ? findPair((carrier as MapLike).entries(), key) : textOf(value)
  }
  for (const name in carrier) {
    if (sameKey(name, key)) return textOf((carrier as Record<string, unknown>)[name])
  }
  return undefined
}

function collectKeys(carrier: object, keys: string[]): void {
  if (Array.isArray(carrier) || typeof (carrier as MapLike).entries === 'function') {
    for (const pair of Array.isArray(carrier) ? carrier : (carrier as MapLike).entries()) {
      if (keys.length >= MAX_KEYS) return
      if (Array.isArray(pair) && typeof pair[0] === 'string') keys.push(pair[0].toLowerCase())
    }
    return
  }
  for (const name in carrier) {
    if (keys.length >= MAX_KEYS) return
    keys.push(name.toLowerCase())
  }
}

/** Repeated keys are one list, as repeated headers are (RFC 7230, 3.2.2). */
function findPair(pairs: Iterable<unknown>, key: string): string | undefined {
  let found: string | undefined
  let count = 0
  for (const pair of pairs) {
    if (++count > MAX_KEYS) break
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || !sameKey(pair[0], key)) continue
    const value = textOf(pair[1])
    if (value !== undefined) found = found === undefined ? value : `${found},${value}`
  }
  return found
}

function setPair(pairs: unknown[], key: string, value: string): void {
  for (const pair of pairs) {
    if (Array.isArray(pair) && typeof pair[0] === 'string' && sameKey(pair[0], key)) {
      pair[1] = value
      return
    }
  }
  pairs.push([key, value])
}

/** Whether a name is the lower-case `key` in whatever case. The lengths differ nearly always. */
function sameKey(name: string, key: string): boolean {
  return name.length === key.length && (name === key || name.toLowerCase() === key)
}

/** A value as text: a list of texts is joined as repeated headers are, everything else is not ours. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return undefined
  let text: string | undefined
  for (let i = 0; i < value.length && (text === undefined || text.length <= MAX_LENGTH); i++) {
    const item: unknown = value[i]
    if (typeof item === 'string') text = text === undefined ? item : `${text},${item}`
  }
  return text
}
