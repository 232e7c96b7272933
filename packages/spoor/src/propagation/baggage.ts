import type { Propagator } from '../api/propagator.ts'
import type { TraceContext } from '../api/span-context.ts'
import {
  BAGGAGE_OCTET,
  isPrintable,
  isToken,
  MAX_LENGTH,
  percentDecode,
  percentEncode,
  TOKEN,
} from './text.ts'

/** Items of baggage at most. W3C Baggage asks for 64 at least; 180 was its former limit and still is that of others. */
export const MAX_ITEMS = 180

const BAGGAGE = 'baggage'

/**
 * W3C Baggage (https://www.w3.org/TR/baggage/). Keys and values are percent-encoded where the grammar asks for it;
 * malformed members are skipped one by one; of a longer header, the members within its first 8,192 characters are
 * read. Properties (`key=value;property`) are sent on as they came, as long as nobody changes the baggage. Of a key
 * that comes twice the last one counts.
 */
export const baggage: Propagator = {
  name: 'baggage',
  fields: [BAGGAGE],

  inject(context, carrier, access) {
    if (context.baggage.size === 0) return
    const list = writeMembers(context.baggage)
    if (list !== '') access.set(carrier, BAGGAGE, list)
  },

  extract(context, carrier, access) {
    const header = access.get(carrier, BAGGAGE)
    return header !== undefined && addBaggage(context, readMembers(header))
  },
}

/** The raw properties of members, by the baggage that they came with. Few senders use them, so few pay for them. */
const properties = new WeakMap<ReadonlyMap<string, string>, Map<string, string>>()

/**
 * Adds items to a context that is being extracted. What an earlier propagator has found under the same key stays.
 *
 * @param items becomes the context's own
 * @returns whether there were any
 */
export function addBaggage(context: TraceContext, items: Map<string, string>): boolean {
  if (items.size === 0) return false
  if (context.baggage.size === 0) {
    context.baggage = items
    return true
  }
  const merged = new Map(context.baggage)
  for (const [key, value] of items) {
    if (merged.size < MAX_ITEMS && !merged.has(key)) merged.set(key, value)
  }
  const known = [...(properties.get(items) ?? []), ...(properties.get(context.baggage) ?? [])]
  if (known.length > 0) properties.set(merged, new Map(known))
  context.baggage = merged
  return true
}

/** Reads `key = value ; property , …`; the Jaeger header of that form comes through here too. */
export function readMembers(header: string): Map<string, string> {
  const items = new Map<string, string>()
  const end = Math.min(header.length, MAX_LENGTH)
  let next = 0
  for (let start = 0; start < end && items.size < MAX_ITEMS; start = next + 1) {
    next = header.indexOf(',', start)
    if (next === -1) next = header.length
    if (next > end) break
    readMember(items, header.slice(start, next))
  }
  return items
}

function readMember(items: Map<string, string>, member: string): void {
  const semicolon = member.indexOf(';')
  const pair = semicolon === -1 ? member : member.slice(0, semicolon)
  const equals = pair.indexOf('=')
  if (equals === -1) return
  const key = trim(pair.slice(0, equals))
  const value = trim(pair.slice(equals + 1))
  const extras = semicolon === -1 ? '' : trim(member.slice(semicolon)).replaceAll('\t', ' ')
  if (!isToken(key) || !isPrintable(value) || !isPrintable(extras)) return
  const name = percentDecode(key)
  items.set(name, percentDecode(value))
  if (extras === '') properties.get(items)?.delete(name)
  else keepProperties(items, name, extras)
}

function keepProperties(items: Map<string, string>, key: string, text: string): void {
  const known = properties.get(items) ?? new Map<string, string>()
  properties.set(items, known.set(key, text))
}

function writeMembers(items: ReadonlyMap<string, string>): string {
  const extras = properties.get(items)
  let list = ''
  let count = 0
  for (const [key, value] of items) {
    if (key === '' || key.length + value.length > MAX_LENGTH) continue
    const pair = `${percentEncode(key, TOKEN)}=${percentEncode(value, BAGGAGE_OCTET)}`
    const member = pair + (extras?.get(key) ?? '')
    const next = list === '' ? member : `${list},${member}`
    // One that is too long does not keep out the shorter ones after it.
    if (next.length > MAX_LENGTH) continue
    list = next
    if (++count === MAX_ITEMS) break
  }
  return list
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}
