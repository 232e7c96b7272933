import { InvalidCarrier, SpanContextCorrupted } from '../api/errors.ts'
import { FORMAT_BINARY, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from '../api/format.ts'
import { MockContext } from './mock-span.ts'

/** The codec of one format of a `MockTracer`. */
export interface MockPropagator {
  inject(context: MockContext, carrier: unknown): void
  /** @returns null when the carrier holds no context and the tracer is not strict about it */
  extract(carrier: unknown): MockContext | null
}

const TRACE_ID = 'ot-tracer-traceid'
const SPAN_ID = 'ot-tracer-spanid'
const BAGGAGE = 'ot-baggage-'

/** @param strict whether a carrier without a context makes `extract` throw */
export function mockPropagators(strict: boolean): Map<string, MockPropagator> {
  const nothing = (message: string): null => {
    if (strict) throw new SpanContextCorrupted(message)
    return null
  }
  return new Map([
    [
      FORMAT_TEXT_MAP,
      textPropagator(
        (text) => text,
        (text) => text,
        nothing,
      ),
    ],
    [FORMAT_HTTP_HEADERS, textPropagator(encodeURIComponent, decodePercent, nothing)],
    [FORMAT_BINARY, binaryPropagator(nothing)],
  ])
}

type Rewrite = (text: string) => string
type Nothing = (message: string) => null

/** Keys are matched in any case, as HTTP headers must be; so baggage keys come back in lower case. */
function textPropagator(encode: Rewrite, decode: Rewrite, nothing: Nothing): MockPropagator {
  return {
    inject(context, carrier) {
      const set = writer(carrier)
      set(TRACE_ID, context.toTraceId())
      set(SPAN_ID, context.toSpanId())
      for (const [key, value] of context.baggage) set(BAGGAGE + encode(key), encode(value))
    },
    extract(carrier) {
      let traceId: number | null = null
      let spanId: number | null = null
      const baggage = new Map<string, string>()
      for (const [anyCase, value] of entries(carrier)) {
        const key = anyCase.toLowerCase()
        if (key === TRACE_ID) traceId = readHex(value)
        else if (key === SPAN_ID) spanId = readHex(value)
        else if (key.startsWith(BAGGAGE)) baggage.set(decode(key.slice(BAGGAGE.length)), decode(value))
      }
      if (traceId === null || spanId === null) {
        return nothing(`The carrier has no readable ${TRACE_ID} and ${SPAN_ID}.`)
      }
      return new MockContext(traceId, spanId, baggage)
    },
  }
}

/** Bytes are UTF-8 JSON: `[traceId, spanId, baggage]`. */
function binaryPropagator(nothing: Nothing): MockPropagator {
  return {
    inject(context, carrier) {
      const fields = [context.traceId, context.spanId, [...context.baggage]]
      binaryCarrier(carrier).buffer = new TextEncoder().encode(JSON.stringify(fields))
    },
    extract(carrier) {
      const { buffer } = binaryCarrier(carrier)
      if (
        buffer !== undefined &&
        buffer !== null &&
        typeof (buffer as ArrayLike<number>).length !== 'number'
      ) {
        throw new InvalidCarrier('The buffer of a binary carrier is a Uint8Array.')
      }
      const bytes = Uint8Array.from((buffer as ArrayLike<number> | null | undefined) ?? [])
      return readFields(bytes) ?? nothing('The binary carrier does not hold a span context of this tracer.')
    },
  }
}

function readFields(bytes: Uint8Array): MockContext | null {
  try {
    const [traceId, spanId, baggage] = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof traceId !== 'number' || typeof spanId !== 'number') return null
    return new MockContext(traceId, spanId, new Map(baggage))
  } catch {
    return null
  }
}

function binaryCarrier(carrier: unknown): { buffer?: unknown } {
  if (carrier === null || typeof carrier !== 'object' || ArrayBuffer.isView(carrier)) {
    throw new InvalidCarrier(
      'A binary carrier is an object with a `buffer`. Pass `new BinaryCarrier(bytes)`.',
    )
  }
  return carrier
}

type MapLike = { set(key: string, value: string): unknown; entries(): Iterable<[string, unknown]> }

function isMapLike(carrier: object): carrier is MapLike {
  const { set, entries } = carrier as Partial<MapLike>
  return typeof set === 'function' && typeof entries === 'function'
}

function writer(carrier: unknown): (key: string, value: string) => void {
  const target = textCarrier(carrier)
  if (isMapLike(target)) return (key, value) => target.set(key, value)
  return (key, value) => {
    ;(target as Record<string, string>)[key] = value
  }
}

function* entries(carrier: unknown): Iterable<[string, string]> {
  const source = textCarrier(carrier)
  for (const [key, value] of isMapLike(source) ? source.entries() : Object.entries(source)) {
    // Node.js hands over repeated headers as an array; the first one counts.
    const first: unknown = Array.isArray(value) ? value[0] : value
    if (typeof first === 'string') yield [key, first]
  }
}

function textCarrier(carrier: unknown): object {
  if (carrier === null || typeof carrier !== 'object') {
    throw new InvalidCarrier(
      'A text carrier is an object, a Map or a Headers. Pass `{}` and read it afterwards.',
    )
  }
  return carrier
}

function readHex(text: string): number | null {
  return /^[0-9a-f]{1,13}$/i.test(text) ? Number.parseInt(text, 16) : null
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
