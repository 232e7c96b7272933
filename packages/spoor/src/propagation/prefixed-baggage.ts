import type { CarrierAccess } from '../api/propagator.ts'
import type { TraceContext } from '../api/span-context.ts'
import { addBaggage, MAX_ITEMS } from './baggage.ts'
import {
  BAGGAGE_OCTET,
  isPrintable,
  MAX_LENGTH,
  PRINTABLE,
  percentDecode,
  percentEncode,
  TOKEN,
} from './text.ts'

/**
 * Baggage of which each item has a header to itself, `<prefix><key>: <value>`. Header names know no case, so keys
 * come back in lower case, whatever they were.
 */
export function readPrefixedBaggage(
  context: TraceContext,
  carrier: unknown,
  access: CarrierAccess,
  prefix: string,
): boolean {
  let items: Map<string, string> | undefined
  let length = 0
  for (const name of access.keys(carrier)) {
    if (!name.startsWith(prefix) || name.length === prefix.length || name.length > MAX_LENGTH) continue
    const value = access.get(carrier, name)
    if (value === undefined || !isPrintable(value)) continue
    length += name.length + value.length
    if (length > MAX_LENGTH) break
    items ??= new Map()
    items.set(percentDecode(name.slice(prefix.length)), percentDecode(value))
    if (items.size === MAX_ITEMS) break
  }
  return items !== undefined && addBaggage(context, items)
}

/** @param encodeAll whether the format's other implementations decode values, so that only safe octets need be sent raw */
export function writePrefixedBaggage(
  context: TraceContext,
  carrier: unknown,
  access: CarrierAccess,
  prefix: string,
  encodeAll: boolean,
): void {
  let length = 0
  let count = 0
  for (const [key, value] of context.baggage) {
    if (key === '' || key.length + value.length > MAX_LENGTH) continue
    const name = prefix + percentEncode(key, TOKEN)
    const raw = !encodeAll && !value.startsWith(' ') && !value.endsWith(' ')
    const text = percentEncode(value, raw ? PRINTABLE : BAGGAGE_OCTET)
    if (length + name.length + text.length > MAX_LENGTH) continue
    length += name.length + text.length
    access.set(carrier, name, text)
    if (++count === MAX_ITEMS) return
  }
}
