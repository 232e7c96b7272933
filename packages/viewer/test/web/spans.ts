/** Spans as the tests think of them, and the forms they take: OTLP on the way in, the viewer's API on the way out. */
import type { Attributes, AttributeValue, SpanDetail, TraceSkeleton, TraceSummary } from '../../dist/api.js'

export interface PlainSpan {
  readonly traceId: string
  readonly spanId: string
  /** '' for a root. */
  readonly parentSpanId: string
  readonly name: string
  readonly service: string
  readonly kind: number
  /** Nanoseconds since the epoch. */
  readonly start: bigint
  /** Nanoseconds. */
  readonly duration: number
  readonly status: { readonly code: number; readonly message: string }
  readonly attributes: Attributes
  readonly events: readonly {
    readonly name: string
    readonly offset: number
    readonly attributes: Attributes
  }[]
  readonly links: readonly {
    readonly traceId: string
    readonly spanId: string
    readonly attributes: Attributes
  }[]
}

/** An OTLP/JSON export request, one resource per service. */
export function toOtlp(spans: readonly PlainSpan[]): unknown {
  return {
    resourceSpans: [...groupBy(spans, (span) => span.service)].map(([service, ours]) => ({
      resource: { attributes: keyValues(resourceOf(service)) },
      scopeSpans: [{ scope: { name: 'spoor', version: '0.1.0' }, spans: ours.map(otlpSpan) }],
    })),
  }
}

/** @param spans those of one trace, in any order. */
export function toSummary(spans: readonly PlainSpan[]): TraceSummary {
  const sorted = byStart(spans)
  const root = sorted.find((span) => span.parentSpanId === '')
  const named = root ?? sorted[0]!
  return {
    traceId: named.traceId,
    name: named.name,
    service: named.service,
    start: String(sorted[0]!.start),
    duration: endOf(sorted),
    spans: spans.length,
    errors: spans.filter((span) => span.status.code === 2).length,
    services: [...new Set(sorted.map((span) => span.service))],
    rooted: root !== undefined,
  }
}

export function toSkeleton(spans: readonly PlainSpan[]): TraceSkeleton {
  const sorted = byStart(spans)
  const indexes = new Map(sorted.map((span, index) => [span.spanId, index]))
  const strings: string[] = []
  const known = new Map<string, number>()
  const intern = (text: string) => {
    const index = known.get(text) ?? strings.push(text) - 1
    known.set(text, index)
    return index
  }
  const parent = sorted.map((span) =>
    span.parentSpanId === '' ? -1 : (indexes.get(span.parentSpanId) ?? -2),
  )
  return {
    traceId: sorted[0]!.traceId,
    start: String(sorted[0]!.start),
    duration: endOf(sorted),
    strings,
    spanId: sorted.map((span) => span.spanId),
    parent,
    parentSpanId: sorted.map((span, index) => (parent[index] === -2 ? span.parentSpanId : '')),
    name: sorted.map((span) => intern(span.name)),
    service: sorted.map((span) => intern(span.service)),
    kind: sorted.map((span) => span.kind),
    startOffset: sorted.map((span) => Number(span.start - sorted[0]!.start)),
    durations: sorted.map((span) => span.duration),
    status: sorted.map((span) => span.status.code),
    events: sorted.map((span) => span.events.length),
  }
}

export function toDetail(span: PlainSpan): SpanDetail {
  const { traceId, spanId, parentSpanId, name, service, kind, duration, status, attributes } = span
  return {
    traceId,
    spanId,
    parentSpanId,
    traceState: '',
    flags: 1,
    name,
    service,
    kind,
    start: String(span.start),
    duration,
    status,
    attributes,
    droppedAttributes: 0,
    events: span.events.map((event) => ({ ...event, droppedAttributes: 0 })),
    droppedEvents: 0,
    links: span.links.map((link) => ({ ...link, traceState: '' })),
    droppedLinks: 0,
    resource: resourceOf(service),
    scope: { name: 'spoor', version: '0.1.0' },
  }
}

export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}

function otlpSpan(span: PlainSpan): unknown {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: span.kind,
    flags: 1,
    startTimeUnixNano: String(span.start),
    endTimeUnixNano: String(span.start + BigInt(span.duration)),
    attributes: keyValues(span.attributes),
    events: span.events.map((event) => ({
      name: event.name,
      timeUnixNano: String(span.start + BigInt(event.offset)),
      attributes: keyValues(event.attributes),
    })),
    links: span.links.map((link) => ({ ...link, attributes: keyValues(link.attributes) })),
    status: span.status,
  }
}

function resourceOf(service: string): Attributes {
  return {
    'service.name': service,
    'service.version': '1.4.0',
    'process.pid': 4711,
    'process.runtime.name': 'nodejs',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'spoor',
  }
}

function keyValues(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: AttributeValue): unknown {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  if (value === null) return {}
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: keyValues(value) } }
}

function byStart(spans: readonly PlainSpan[]): PlainSpan[] {
  return [...spans].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
}

/** Nanoseconds from the first start to the last end. */
function endOf(sorted: readonly PlainSpan[]): number {
  return sorted.reduce(
    (most, span) => Math.max(most, Number(span.start - sorted[0]!.start) + span.duration),
    0,
  )
}
