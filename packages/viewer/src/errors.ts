/**
 * What can go wrong, as one class with a code. Messages say what happened and what to do about it, because they are
 * printed as they are.
 */

export type ViewerErrorCode =
  | 'SPOOR_BAD_OPTION'
  | 'SPOOR_PORT_IN_USE'
  | 'SPOOR_CANNOT_LISTEN'
  | 'SPOOR_NO_ENGINE'
  | 'SPOOR_STORE_IN_USE'
  | 'SPOOR_STORE_FOREIGN'
  | 'SPOOR_STORE_VERSION'
  | 'SPOOR_STORE_UNUSABLE'
  | 'SPOOR_STORE_CODEC'
  | 'SPOOR_STORE_UNWRITABLE'
  | 'SPOOR_STORE_FAILED'
  | 'SPOOR_STORE_UNAVAILABLE'
  | 'SPOOR_REQUEST_MALFORMED'
  | 'SPOOR_REQUEST_TOO_LARGE'
  | 'SPOOR_TRACE_TOO_LARGE'
  | 'SPOOR_NO_LIBRARY'
  | 'SPOOR_NO_COMMAND'

export class ViewerError extends Error {
  readonly code: ViewerErrorCode

  constructor(code: ViewerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ViewerError'
    this.code = code
  }
}

/** The sentence inside whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
