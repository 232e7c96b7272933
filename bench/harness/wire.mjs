/**
 * Counts spans in what tracers send, without a library: just enough of protobuf and MessagePack to walk over
 * everything else. `servers` are the spans of kind SERVER, of which every request must leave exactly one.
 */

// opentelemetry-proto trace.proto: ExportTraceServiceRequest.resource_spans = 1, ResourceSpans.scope_spans = 2,
// ScopeSpans.spans = 2, Span.kind = 6 where SPAN_KIND_SERVER = 2.
const SPAN_KIND = 6
const SPAN_KIND_SERVER = 2

/** @param {Buffer} bytes an OTLP `ExportTraceServiceRequest`, protobuf */
export function countOtlpSpans(bytes) {
  let spans = 0
  let servers = 0
  eachField(bytes, 0, bytes.length, (field, start, end) => {
    if (field !== 1) return
    eachField(bytes, start, end, (field, start, end) => {
      if (field !== 2) return
      eachField(bytes, start, end, (field, start, end) => {
        if (field !== 2) return
        spans++
        eachField(bytes, start, end, (field, value) => {
          if (field === SPAN_KIND && value === SPAN_KIND_SERVER) servers++
        })
      })
    })
  })
  return { spans, servers }
}

/**
 * @param {Buffer} bytes a list of traces as the Datadog agent takes it
 * @param {'0.4' | '0.5'} version 0.4: every span is a map; 0.5: a table of strings, then spans as tuples of
 *   indices, of which the tenth (`meta`) is a map
 */
export function countDatadogSpans(bytes, version) {
  const decoded = decodeMessagePack(bytes)
  const strings = version === '0.5' ? decoded[0] : []
  const traces = version === '0.5' ? decoded[1] : decoded
  let spans = 0
  let servers = 0
  for (const trace of traces) {
    for (const span of trace) {
      const meta = version === '0.5' ? named(span[9], strings) : span.get('meta')
      spans++
      if (meta?.get('span.kind') === 'server') servers++
    }
  }
  return { spans, servers }
}

/** Calls `visit(field, start, end)` for a length-delimited field and `visit(field, value)` for a varint. */
function eachField(bytes, from, to, visit) {
  let at = from
  while (at < to) {
    const key = varint()
    const field = key >>> 3
    switch (key & 7) {
      case 0:
        visit(field, varint())
        break
      case 1:
        at += 8
        break
      case 2: {
        const length = varint()
        if (at + length > to) throw new RangeError(`field ${field} ends after its message`)
        visit(field, at, at + length)
        at += length
        break
      }
      case 5:
        at += 4
        break
      default:
        throw new TypeError(`wire type ${key & 7} at byte ${at}`)
    }
  }

  // Values beyond 2^53 (times, ids) lose digits here; nobody reads them.
  function varint() {
    let value = 0
    let scale = 1
    for (;;) {
      if (at >= to) throw new RangeError('a number ends after its message')
      const byte = bytes[at++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
  }
}

function named(pairs, strings) {
  return new Map([...pairs].map(([key, value]) => [strings[key], strings[value]]))
}

function decodeMessagePack(bytes) {
  let at = 0
  return value()

  function value() {
    const type = bytes[at++]
    if (type === undefined) throw new RangeError('the message ends early')
    if (type < 0x80) return type
    if (type < 0x90) return map(type & 0x0f)
    if (type < 0xa0) return list(type & 0x0f)
    if (type < 0xc0) return text(type & 0x1f)
    if (type >= 0xe0) return type - 0x100
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return skip(unsigned(1))
      case 0xc5:
        return skip(unsigned(2))
      case 0xc6:
        return skip(unsigned(4))
      case 0xca:
        return skip(4)
      case 0xcb:
        return skip(8)
      case 0xcc:
        return unsigned(1)
      case 0xcd:
        return unsigned(2)
      case 0xce:
        return unsigned(4)
      case 0xcf:
      case 0xd3:
        return skip(8)
      case 0xd0:
        return skip(1)
      case 0xd1:
        return skip(2)
      case 0xd2:
        return skip(4)
      case 0xd9:
        return text(unsigned(1))
      case 0xda:
        return text(unsigned(2))
      case 0xdb:
        return text(unsigned(4))
      case 0xdc:
        return list(unsigned(2))
      case 0xdd:
        return list(unsigned(4))
      case 0xde:
        return map(unsigned(2))
      case 0xdf:
        return map(unsigned(4))
      default:
        throw new TypeError(`MessagePack type 0x${type.toString(16)} at byte ${at - 1}`)
    }
  }

  function unsigned(width) {
    const number = bytes.readUIntBE(at, width)
    at += width
    return number
  }

  function skip(width) {
    at += width
    return undefined
  }

  function text(length) {
    if (at + length > bytes.length) throw new RangeError('a string ends after the message')
    const string = bytes.latin1Slice(at, at + length)
    at += length
    return string
  }

  function list(length) {
    return Array.from({ length }, value)
  }

  function map(length) {
    const entries = new Map()
    for (let i = 0; i < length; i++) {
      const key = value()
      entries.set(key, value())
    }
    return entries
  }
}
