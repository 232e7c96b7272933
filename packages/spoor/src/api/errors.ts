/**
 * Errors that carry a code, and the three that OpenTracing's `inject` and `extract` may raise.
 * They are recognised by `code`, not by `instanceof`: two copies of this package may be loaded in one process.
 */

/** An error with a stable code, what happened, and what to do about it. */
export class SpoorError extends Error {
  override readonly name: string = 'SpoorError'
  /** Stable, upper-case, begins with `SPOOR_`. */
  readonly code: string

  /**
   * @param code stable identifier of the condition
   * @param message one sentence that names the cause, and one that names the remedy
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The carrier is not of the kind that the format asks for. */
export class InvalidCarrier extends SpoorError {
  override readonly name = 'InvalidCarrier'

  constructor(message: string) {
    super('SPOOR_INVALID_CARRIER', message)
  }
}

/** The carrier holds a span context, and it cannot be read. */
export class SpanContextCorrupted extends SpoorError {
  override readonly name = 'SpanContextCorrupted'

  constructor(message: string) {
    super('SPOOR_SPAN_CONTEXT_CORRUPTED', message)
  }
}

/** The tracer has no codec for this format. */
export class UnsupportedFormat extends SpoorError {
  override readonly name = 'UnsupportedFormat'

  constructor(format: unknown) {
    super(
      'SPOOR_UNSUPPORTED_FORMAT',
      `This tracer does not know the format ${JSON.stringify(format)}. ` +
        'Use FORMAT_TEXT_MAP, FORMAT_HTTP_HEADERS or FORMAT_BINARY.',
    )
  }
}
