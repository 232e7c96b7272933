/** Attributes as the page shows them: plain JSON instead of OTLP's tagged values. */
import type { Attributes, AttributeValue } from '../api.ts'

/** @param keyValues in OTLP's JSON form; of keys that occur twice the last one counts */
export function attributesOf(keyValues: unknown): Attributes {
  // Without a prototype, because keys are the application's: one may well be `__proto__`.
  const attributes: Attributes = Object.create(null)
  for (const { key, value } of (keyValues ?? []) as KeyValue[]) attributes[key ?? ''] = plain(value)
  return attributes
}

interface KeyValue {
  key?: string
  value?: AnyValue
}

interface AnyValue {
  stringValue?: string
  boolValue?: boolean
  intValue?: string
  doubleValue?: number | string
  arrayValue?: { values?: AnyValue[] }
  kvlistValue?: { values?: KeyValue[] }
  bytesValue?: string
}

/** Integers that a number cannot hold stay decimal strings, NaN and the infinities their names, bytes base64. */
function plain(value: AnyValue | undefined): AttributeValue {
  if (value === undefined) return null
  if (value.stringValue !== undefined) return value.stringValue
  if (value.boolValue !== undefined) return value.boolValue
  if (value.intValue !== undefined) {
    const number = Number(value.intValue)
    return Number.isSafeInteger(number) ? number : value.intValue
  }
  if (value.doubleValue !== undefined) return value.doubleValue
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plain)
  if (value.kvlistValue) return attributesOf(value.kvlistValue.values)
  return value.bytesValue ?? null
}
