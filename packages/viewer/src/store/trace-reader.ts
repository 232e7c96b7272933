/** One trace in its three forms: the skeleton for the waterfall, a span in full, all of it as OTLP JSON. */
import type { SpanDetail, TraceSkeleton } from '../api.ts'
import { type Json, toJson } from '../collector/codec.ts'
import { RESOURCE, SCOPE, SPAN } from '../collector/messages.ts'
import { ViewerError } from '../errors.ts'
import { attributesOf } from './attributes.ts'
import type { Blocks } from './blocks.ts'
import type { Contexts, Strings } from './dictionary.ts'
import type { Engine, Row, Statement } from './engine.ts'
import { parentsOf } from './forest.ts'
import { bytesOf, decimalNanos, hexOf } from './units.ts'

/** Spans of a trace that are sent at once: a page can draw so many, and others need not wait for the answer. */
export const MAX_SPANS = 100_000

export class TraceReader {
  readonly #trace: Statement
  readonly #spans: Statement
  readonly #span: Statement
  readonly #strings: Strings
  readonly #resources: Contexts
  readonly #scopes: Contexts
  readonly #blocks: Blocks

  constructor(
    engine: Engine,
    parts: { strings: Strings; resources: Contexts; scopes: Contexts; blocks: Blocks },
  ) {
    this.#strings = parts.strings
    this.#resources = parts.resources
    this.#scopes = parts.scopes
    this.#blocks = parts.blocks
    this.#trace = engine.prepare('SELECT * FROM trace WHERE trace_id = ?')
    this.#spans = engine.prepare(
      'SELECT * FROM span WHERE trace = ? ORDER BY start, duration DESC, id LIMIT ?',
    )
    this.#span = engine.prepare('SELECT * FROM span WHERE trace = ? AND id = ?')
  }

  skeleton(traceId: string): TraceSkeleton | undefined {
    const trace = this.#find(traceId)
    if (!trace) return undefined
    const rows = this.#spans.all(trace['id']!, MAX_SPANS)
    const omitted = Number(trace['spans']) - rows.length
    const first = Number(trace['start'])
    const strings = new LocalStrings(this.#strings)
    const ids = rows.map(({ id }) => hexOf(id))
    const sentParents = rows.map(({ parent }) => hexOf(parent))
    const parents = parentsOf(ids, sentParents)
    return {
      traceId: hexOf(trace['trace_id']),
      start: decimalNanos(Number(trace['base_micros']), Number(trace['base_nanos']) + first),
      duration: Number(trace['end']) - first,
      spanId: ids,
      parent: parents,
      parentSpanId: sentParents.map((id, i) => (parents[i] === -2 ? id : '')),
      name: rows.map(({ name }) => strings.index(Number(name))),
      service: rows.map(({ resource }) => strings.index(this.#resources.get(Number(resource)).service)),
      kind: rows.map(({ kind }) => Number(kind)),
      startOffset: rows.map(({ start }) => Number(start) - first),
      durations: rows.map(({ duration }) => Number(duration)),
      status: rows.map(({ status }) => Number(status)),
      events: rows.map(({ events }) => Number(events)),
      strings: strings.texts,
      ...(omitted > 0 && { omitted }),
    }
  }

  span(traceId: string, spanId: string): SpanDetail | undefined {
    const trace = this.#find(traceId)
    const id = bytesOf(spanId, 8)
    const row = trace && id && this.#span.get(trace['id']!, id)
    if (!row) return undefined
    const span = this.#fields(row) as SpanFields
    const resource = this.#resources.get(Number(row['resource']))
    const scope = toJson(SCOPE, this.#scopes.get(Number(row['scope'])).body)
    const start = absolute(trace, Number(row['start']))
    return {
      traceId: hexOf(trace['trace_id']),
      spanId: hexOf(row['id']),
      parentSpanId: hexOf(row['parent']),
      traceState: span.traceState ?? '',
      flags: span.flags ?? 0,
      name: this.#strings.text(Number(row['name'])),
      service: this.#strings.text(resource.service),
      kind: Number(row['kind']),
      start,
      duration: Number(row['duration']),
      status: { code: Number(row['status']), message: span.status?.message ?? '' },
      attributes: attributesOf(span.attributes),
      droppedAttributes: span.droppedAttributesCount ?? 0,
      events: (span.events ?? []).map((event) => ({
        name: event.name ?? '',
        offset: offsetOf(event.timeUnixNano, start),
        attributes: attributesOf(event.attributes),
        droppedAttributes: event.droppedAttributesCount ?? 0,
      })),
      droppedEvents: span.droppedEventsCount ?? 0,
      links: (span.links ?? []).map((link) => ({
        traceId: link.traceId ?? '',
        spanId: link.spanId ?? '',
        traceState: link.traceState ?? '',
        attributes: attributesOf(link.attributes),
      })),
      droppedLinks: span.droppedLinksCount ?? 0,
      resource: attributesOf(toJson(RESOURCE, resource.body)['attributes']),
      scope: { name: String(scope['name'] ?? ''), version: String(scope['version'] ?? '') },
    }
  }

  /** The trace as an ExportTraceServiceRequest in JSON: what a collector, this one too, takes in again. */
  otlp(traceId: string): Json | undefined {
    const trace = this.#find(traceId)
    if (!trace) return undefined
    if (Number(trace['spans']) > MAX_SPANS) {
      throw new ViewerError(
        'SPOOR_TRACE_TOO_LARGE',
        `traces of more than ${MAX_SPANS} spans cannot be downloaded`,
      )
    }
    const resourceSpans = new Map<
      unknown,
      { resource: Json; scopes: Map<unknown, { scope: Json; spans: Json[] }> }
    >()
    for (const row of this.#spans.all(trace['id']!, MAX_SPANS)) {
      const ofResource = entry(resourceSpans, row['resource'], () => ({
        resource: toJson(RESOURCE, this.#resources.get(Number(row['resource'])).body),
        scopes: new Map(),
      }))
      const ofScope = entry(ofResource.scopes, row['scope'], () => ({
        scope: toJson(SCOPE, this.#scopes.get(Number(row['scope'])).body),
        spans: [],
      }))
      ofScope.spans.push(this.#otlpSpan(trace, row))
    }
    return {
      resourceSpans: Array.from(resourceSpans.values(), ({ resource, scopes }) => ({
        resource,
        scopeSpans: [...scopes.values()],
      })),
    }
  }

  #otlpSpan(trace: Row, row: Row): Json {
    const start = Number(row['start'])
    return {
      traceId: hexOf(trace['trace_id']),
      spanId: hexOf(row['id']),
      ...(row['parent'] === null ? {} : { parentSpanId: hexOf(row['parent']) }),
      name: this.#strings.text(Number(row['name'])),
      kind: Number(row['kind']),
      startTimeUnixNano: absolute(trace, start),
      endTimeUnixNano: absolute(trace, start + Number(row['duration'])),
      ...this.#fields(row),
    }
  }

  #fields(row: Row): Json {
    return toJson(SPAN, this.#blocks.read(Number(row['block']), Number(row['position'])))
  }

  #find(traceId: string): Row | undefined {
    const id = bytesOf(traceId, 16)
    return id && this.#trace.get(id)
  }
}

/** What a block holds of a span, in OTLP's JSON form. */
interface SpanFields {
  traceState?: string
  flags?: number
  status?: { message?: string }
  attributes?: unknown
  droppedAttributesCount?: number
  events?: { name?: string; timeUnixNano?: string; attributes?: unknown; droppedAttributesCount?: number }[]
  droppedEventsCount?: number
  links?: { traceId?: string; spanId?: string; traceState?: string; attributes?: unknown }[]
  droppedLinksCount?: number
}

/** Numbers texts anew, from 0, for one answer. */
class LocalStrings {
  readonly texts: string[] = []
  readonly #strings: Strings
  readonly #indexes = new Map<number, number>()

  constructor(strings: Strings) {
    this.#strings = strings
  }

  index(id: number): number {
    let index = this.#indexes.get(id)
    if (index === undefined) {
      index = this.texts.push(this.#strings.text(id)) - 1
      this.#indexes.set(id, index)
    }
    return index
  }
}

function absolute(trace: Row, nanos: number): string {
  return decimalNanos(Number(trace['base_micros']), Number(trace['base_nanos']) + nanos)
}

/** Events without a time are put at the start of their span. */
function offsetOf(time: string | undefined, start: string): number {
  return time && time !== '0' ? Number(BigInt(time) - BigInt(start)) : 0
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}
