/**
 * The viewer's JSON API: what the server answers and the page reads. Both sides import these types, nothing else
 * is shared between them.
 *
 * Identifiers are lower-case hex strings. Absolute times are decimal strings of nanoseconds since the Unix epoch
 * (they do not fit a JavaScript number); everything relative is a number of nanoseconds, which does.
 */

/** One row of the list of traces: all of it comes from the rollup, no span is read. */
export interface TraceSummary {
  traceId: string
  /** Name of the root span, or of the earliest span while the root has not arrived. */
  name: string
  /** Service of that span. */
  service: string
  /** Nanoseconds since the epoch, as a decimal string. */
  start: string
  /** Nanoseconds from the earliest start to the latest end seen so far. */
  duration: number
  spans: number
  errors: number
  /** Every service seen in the trace, in order of first appearance. */
  services: string[]
  /** False while no root span has arrived: the trace is shown, and marked as incomplete. */
  rooted: boolean
}

/** `GET /api/traces?limit=50&cursor=…&service=…&error=true&search=…`: newest first. */
export interface TraceList {
  traces: TraceSummary[]
  /** Pass it back as `cursor` for the next page; null at the end. */
  cursor: string | null
}

/**
 * `GET /api/traces/{traceId}`: the skeleton of a trace, by columns. Index `i` of every column is one span; spans
 * come in order of their start. Strings are interned in `strings`.
 */
export interface TraceSkeleton {
  traceId: string
  /** Earliest start, nanoseconds since the epoch, decimal string. All `start` values are relative to it. */
  start: string
  duration: number
  strings: string[]
  spanId: string[]
  /** Index of the parent in these columns; -1 for a root; -2 when the parent is named but not (yet) here. */
  parent: number[]
  /** Parent id as it was sent, for spans whose parent is missing; otherwise ''. */
  parentSpanId: string[]
  /** Index into `strings`. */
  name: number[]
  /** Index into `strings`. */
  service: number[]
  /** OTLP span kind: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number[]
  startOffset: number[]
  durations: number[]
  /** OTLP status code: 0 unset, 1 ok, 2 error. */
  status: number[]
  /** How many events (logs) the span has. */
  events: number[]
  /** How many spans are not among the columns, because there are more than 100,000: the latest ones. Absent for none. */
  omitted?: number
}

export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | AttributeValue[]
  | { [key: string]: AttributeValue }

export type Attributes = { [key: string]: AttributeValue }

/** `GET /api/traces/{traceId}/spans/{spanId}`: everything known of one span. */
export interface SpanDetail {
  traceId: string
  spanId: string
  parentSpanId: string
  traceState: string
  flags: number
  name: string
  service: string
  kind: number
  start: string
  duration: number
  status: { code: number; message: string }
  attributes: Attributes
  droppedAttributes: number
  events: { name: string; offset: number; attributes: Attributes; droppedAttributes: number }[]
  droppedEvents: number
  links: { traceId: string; spanId: string; traceState: string; attributes: Attributes }[]
  droppedLinks: number
  resource: Attributes
  scope: { name: string; version: string }
}

/** `GET /api/status`. */
export interface Status {
  version: string
  /** Where the store lives; `':memory:'` when it is not kept. */
  store: string
  /** Which engine keeps it, with its version: `node:sqlite 3.53.4`. */
  engine: string
  traces: number
  spans: number
  services: string[]
  /** Where applications send their spans, for the page's first words to a newcomer: `http://localhost:4318`. */
  otlpUrl?: string
  bytes: number
  /** Why nothing can be stored at the moment (a full disk, for one); absent while all is well. */
  trouble?: string
  received: { requests: number; spans: number; rejected: number; bytes: number }
}

/**
 * `GET /api/events`: Server-Sent Events. Event `traces` with a {@link TracesChanged} after every commit that
 * changed something (at most four a second); the page then asks again for what it shows.
 */
export interface TracesChanged {
  /** Ids of the traces that changed, at most 100; empty means "many". */
  traceIds: string[]
  spans: number
}

/** Every error body of the API. */
export interface ApiError {
  error: { code: string; message: string }
}
