/**
 * Standard span tags and log fields of the OpenTracing semantic conventions.
 * Constant names are those of `opentracing@0.14.7`; the values are the same in every OpenTracing language.
 */

/** Kind of the span: one of the four `SPAN_KIND_*` values. Give it at start: it may steer sampling. */
export const SPAN_KIND = 'span.kind'
export const SPAN_KIND_RPC_CLIENT = 'client'
export const SPAN_KIND_RPC_SERVER = 'server'
export const SPAN_KIND_MESSAGING_PRODUCER = 'producer'
export const SPAN_KIND_MESSAGING_CONSUMER = 'consumer'

/** `true` if and only if the operation failed. */
export const ERROR = 'error'
/** The library or framework that made the span: `'express'`, `'pg'`. */
export const COMPONENT = 'component'
/** Integer: 0 asks the tracer to drop the trace, a greater value to keep it. */
export const SAMPLING_PRIORITY = 'sampling.priority'

export const PEER_SERVICE = 'peer.service'
export const PEER_HOSTNAME = 'peer.hostname'
export const PEER_ADDRESS = 'peer.address'
export const PEER_HOST_IPV4 = 'peer.ipv4'
export const PEER_HOST_IPV6 = 'peer.ipv6'
export const PEER_PORT = 'peer.port'

export const HTTP_URL = 'http.url'
export const HTTP_METHOD = 'http.method'
export const HTTP_STATUS_CODE = 'http.status_code'

export const DB_INSTANCE = 'db.instance'
export const DB_STATEMENT = 'db.statement'
export const DB_TYPE = 'db.type'
export const DB_USER = 'db.user'

export const MESSAGE_BUS_DESTINATION = 'message_bus.destination'

/** Log field: stable name of what happened. `'error'` for errors. */
export const LOG_EVENT = 'event'
/** Log field: the error object itself. */
export const LOG_ERROR_OBJECT = 'error.object'
/** Log field: the error's class. */
export const LOG_ERROR_KIND = 'error.kind'
export const LOG_MESSAGE = 'message'
export const LOG_STACK = 'stack'
