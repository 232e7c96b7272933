/** What the receiver answers, in the encoding of the request: OTLP responses, and google.rpc.Status for errors. */
import type { ServerResponse } from 'node:http'
import type { ContentType } from './encoding.ts'
import { BYTES, VARINT, Writer } from './wire.ts'

export interface Status {
  /** Of HTTP. */
  http: number
  /** Of gRPC: google/rpc/code.proto. */
  code: number
  message: string
  headers?: Record<string, string | number>
}

export const INVALID_ARGUMENT = 3
export const NOT_FOUND = 5
export const PERMISSION_DENIED = 7
export const RESOURCE_EXHAUSTED = 8
export const UNIMPLEMENTED = 12
export const INTERNAL = 13
export const UNAVAILABLE = 14

/** What was not taken in of a request that was. */
export interface PartialSuccess {
  rejected: number
  /** Why some were rejected; with none rejected, a warning. */
  message: string
  /** What the signal calls the count in JSON. */
  rejectedName: string
}

/**
 * Answers an export request that was taken in: `ExportTraceServiceResponse` and its siblings for logs and metrics,
 * which have the same shape.
 */
export function sendSuccess(
  response: ServerResponse,
  type: ContentType,
  { rejected = 0, message = '', rejectedName = 'rejectedSpans' }: Partial<PartialSuccess> = {},
): void {
  const isPartial = rejected > 0 || message !== ''
  if (type === 'json') {
    const partialSuccess = { [rejectedName]: String(rejected), errorMessage: message }
    send(response, 200, type, JSON.stringify(isPartial ? { partialSuccess } : {}))
    return
  }
  const writer = new Writer(64)
  if (isPartial) {
    writer.tag(1, BYTES).nested(() => {
      if (rejected > 0) writer.tag(1, VARINT).varint(rejected)
      writer.tag(2, BYTES).string(message)
    })
  }
  send(response, 200, type, writer.written())
}

export function sendStatus(response: ServerResponse, type: ContentType, status: Status): void {
  const { http, code, message, headers } = status
  if (type === 'json') send(response, http, type, JSON.stringify({ code, message }), headers)
  else {
    const writer = new Writer(256).tag(1, VARINT).varint(code).tag(2, BYTES).string(message)
    send(response, http, type, writer.written(), headers)
  }
}

function send(
  response: ServerResponse,
  status: number,
  type: ContentType,
  body: string | Buffer,
  headers: Record<string, string | number> = {},
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, {
    'content-type': type === 'json' ? 'application/json' : 'application/x-protobuf',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}
