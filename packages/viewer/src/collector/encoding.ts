/**
 * From the body of an HTTP request to the protobuf message it means: inflated, and translated if it is JSON.
 * Runs in the store's thread, one body after the other, so that only one is ever inflated at a time.
 */
import * as zlib from 'node:zlib'
import { messageOf, ViewerError } from '../errors.ts'
import { fromJson } from './codec.ts'
import { REQUEST } from './messages.ts'
import { Malformed } from './wire.ts'

export type ContentType = 'protobuf' | 'json'

/** Value of `Content-Encoding`. */
export type ContentEncoding = 'identity' | 'gzip' | 'deflate' | 'zstd'

/** zstd came to node:zlib with Node 22.15 and 23.8. */
export function isSupported(encoding: string): encoding is ContentEncoding {
  if (encoding === 'zstd') return typeof zlib.zstdDecompressSync === 'function'
  return encoding === 'identity' || encoding === 'gzip' || encoding === 'deflate'
}

/**
 * @param limit most bytes after decompression; inflating stops there, however much more there would be
 * @throws Malformed, or `SPOOR_REQUEST_TOO_LARGE`
 */
export function decodeBody(
  body: Buffer,
  encoding: ContentEncoding,
  type: ContentType,
  limit: number,
): Buffer {
  const plain = inflate(body, encoding, limit)
  return type === 'protobuf' ? plain : translate(plain)
}

function inflate(body: Buffer, encoding: ContentEncoding, limit: number): Buffer {
  const options = { maxOutputLength: limit }
  try {
    switch (encoding) {
      case 'identity':
        return body
      case 'gzip':
        return zlib.gunzipSync(body, options)
      case 'deflate':
        // HTTP's deflate has zlib's header; some clients send it bare (RFC 9110, 8.4.1.2).
        return ((body[0] ?? 0) & 0x0f) === 8
          ? zlib.inflateSync(body, options)
          : zlib.inflateRawSync(body, options)
      case 'zstd':
        return zlib.zstdDecompressSync(body, options)
    }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit)
    throw new Malformed(`the body is not ${encoding}: ${messageOf(error)}`)
  }
}

export function tooLarge(limit: number): ViewerError {
  return new ViewerError(
    'SPOOR_REQUEST_TOO_LARGE',
    `the request is larger than ${limit} bytes after decompression: send smaller batches, or raise --max-body`,
  )
}

/**
 * Objects and arrays in one JSON request. OTLP has one in eighteen bytes or more, so that no sound request of 64 MiB
 * comes near; `[[],[],[]…` would become gigabytes.
 */
const MAX_NODES = 4_000_000

function translate(body: Buffer): Buffer {
  if (body.length > MAX_NODES && countNodes(body) > MAX_NODES) {
    throw new ViewerError(
      'SPOOR_REQUEST_TOO_LARGE',
      `the request has more than ${MAX_NODES} objects and arrays: send smaller batches`,
    )
  }
  const text = body.toString('utf8')
  // An empty request is legal, and so is its shortest form.
  if (text.trim() === '') return Buffer.alloc(0)
  let json: unknown
  try {
    json = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (error) {
    throw new Malformed(`the body is not JSON: ${messageOf(error)}`)
  }
  return fromJson(REQUEST, json).written()
}

function countNodes(json: Buffer): number {
  let nodes = 0
  for (let i = 0; i < json.length; i++) if (json[i] === OBJECT || json[i] === ARRAY) nodes++
  return nodes
}

const OBJECT = 0x7b
const ARRAY = 0x5b
