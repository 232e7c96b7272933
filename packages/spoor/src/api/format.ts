/**
 * The three carrier formats of OpenTracing (specification 1.1, "Inject and Extract"), with the string values of
 * `opentracing@0.14.7`, so that either package's constants may be given to either package's tracer.
 */

/** String-to-string carrier with no restriction on keys or values. */
export const FORMAT_TEXT_MAP = 'text_map'

/** String-to-string carrier whose keys survive changes of case and whose values are safe in an HTTP header. */
export const FORMAT_HTTP_HEADERS = 'http_headers'

/** An object whose `buffer` property holds the bytes; see {@link BinaryCarrier}. */
export const FORMAT_BINARY = 'binary'

/** The carrier of {@link FORMAT_BINARY}: `inject` sets `buffer`, `extract` reads it. */
export class BinaryCarrier {
  buffer: Uint8Array | null

  constructor(buffer: Uint8Array | null = null) {
    this.buffer = buffer
  }
}
