/** What a collector's answer says: opentelemetry-proto docs/specification.md, "OTLP/HTTP Response". */

export interface PartialSuccess {
  /** Spans that the collector did not keep. They must not be sent again. */
  rejected: number
  message: string
}

/** Reads an `ExportTraceServiceResponse`. Total: whatever cannot be read counts as full success. */
export function readPartialSuccess(body: Uint8Array, contentType: string): PartialSuccess {
  if (body.length === 0) return { rejected: 0, message: '' }
  if (isJson(contentType)) {
    const partial = parseObject(body)['partialSuccess']
    if (partial === null || typeof partial !== 'object') return { rejected: 0, message: '' }
    const { rejectedSpans, errorMessage } = partial as Record<string, unknown>
    return {
      rejected: count(rejectedSpans),
      message: typeof errorMessage === 'string' ? oneLine(errorMessage) : '',
    }
  }
  const partial = field(body, 1)
  if (!(partial instanceof Uint8Array)) return { rejected: 0, message: '' }
  return { rejected: count(field(partial, 1)), message: oneLine(text(field(partial, 2))) }
}

/** The message of a `google.rpc.Status`, or the beginning of whatever else came, as one line. */
export function readErrorMessage(body: Uint8Array, contentType: string): string {
  return oneLine(errorMessage(body, contentType))
}

function errorMessage(body: Uint8Array, contentType: string): string {
  if (contentType.includes('protobuf')) return text(field(body, 2))
  if (!isJson(contentType)) return decode(body)
  const { message, error } = parseObject(body)
  if (typeof message === 'string') return message
  return typeof error === 'string' ? error : decode(body)
}

const MAX_MESSAGE = 300

/** What strangers wrote must not forge lines in the application's log, nor fill it. */
export function oneLine(message: string): string {
  const line = message
    .slice(0, MAX_MESSAGE * 4)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line
}

function isJson(contentType: string): boolean {
  return contentType.includes('json')
}

function parseObject(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(decode(body))
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 64 * 1024))
}

function text(value: number | Uint8Array | undefined): string {
  return value instanceof Uint8Array ? decode(value) : ''
}

function count(value: unknown): number {
  const number = Number(value)
  return Number.isSafeInteger(number) && number > 0 ? number : 0
}

/** The last varint or length-delimited field of that number in a protobuf message; undefined if there is none. */
function field(message: Uint8Array, wanted: number): number | Uint8Array | undefined {
  let found: number | Uint8Array | undefined
  let position = 0
  while (position < message.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    let value: number | Uint8Array | undefined
    switch (tag % 8) {
      case 0:
        value = varint()
        break
      case 1:
        position += 8
        break
      case 2: {
        const length = varint()
        value = message.subarray(position, position + length)
        position += length
        break
      }
      case 5:
        position += 4
        break
      default:
        return found // no protobuf
    }
    if (number === wanted && position <= message.length) found = value
  }
  return found

  function varint(): number {
    let value = 0
    let scale = 1
    for (let length = 0; length < 10; length++) {
      const byte = message[position++]
      if (byte === undefined) return value // cut off; the loop above ends
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    return value
  }
}
