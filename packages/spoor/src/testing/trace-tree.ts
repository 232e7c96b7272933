import { nameOf, type TestedSpan, tagsOf } from './assertions.ts'

export interface TraceTreeOptions {
  /** Names of tags to show behind each span that has them, in this order. */
  readonly tags?: readonly string[]
  /** Hides what else differs from run to run; called with every text after identifiers, times and ports are hidden. */
  readonly mask?: (text: string) => string
  /** Draws a `>` before these spans. */
  readonly mark?: (span: TestedSpan) => boolean
}

/**
 * Spans as text: one line per span, with its name, its kind unless that is internal, its HTTP status, its error.
 *
 * ```
 * GET /orders/:id  server  200
 * ├─ SELECT orders  client
 * └─ GET  client  error: timeout
 * ```
 *
 * The same work gives the same text: identifiers, times and ports are hidden, siblings stand in the order of their start.
 *
 * @param trace a captured trace, or spans of any tracer of ours: of a `MockTracer`, of a `MemorySink`
 */
export function traceTree(trace: Spans, options: TraceTreeOptions = {}): string {
  const spans = spansOf(trace)
  const children = new Map<TestedSpan | null, TestedSpan[]>()
  for (const span of byStart(spans)) {
    const parent = spans.find((other) => other !== span && isChild(span, other)) ?? null
    children.set(parent, [...(children.get(parent) ?? []), span])
  }
  const lines: string[] = []
  const draw = (span: TestedSpan, lead: string, below: string): void => {
    const margin = options.mark === undefined ? '' : options.mark(span) ? '> ' : '  '
    lines.push(`${margin}${lead}${describeSpan(span, options)}`)
    const own = children.get(span) ?? []
    for (const [index, child] of own.entries()) {
      const last = index === own.length - 1
      draw(child, `${below}${last ? '└─ ' : '├─ '}`, `${below}${last ? '   ' : '│  '}`)
    }
  }
  for (const root of children.get(null) ?? []) draw(root, '', '')
  return lines.join('\n')
}

/** A captured trace, or the spans of one. */
export type Spans = readonly TestedSpan[] | { readonly spans: readonly TestedSpan[] }

export function spansOf(trace: Spans): readonly TestedSpan[] {
  return 'spans' in trace ? trace.spans : trace
}

export function isChild(span: TestedSpan, parent: TestedSpan): boolean {
  return span.parentSpanId !== '' && span.parentSpanId === parent.spanId && span.traceId === parent.traceId
}

export function isFailed(span: TestedSpan): boolean {
  const { error } = tagsOf(span)
  return error === true || error === 'true'
}

/** What a failed span says of its failure; `''` for nothing. */
export function errorOf(span: TestedSpan): string {
  if (span.status?.message !== undefined) return span.status.message
  for (const log of span.logs ?? []) {
    const { fields = {} } = log as { fields?: { [name: string]: unknown } }
    const object = fields['error.object'] as { message?: unknown } | undefined
    if (fields['event'] === 'error') return String(fields['message'] ?? object?.message ?? '')
  }
  return ''
}

function byStart(spans: readonly TestedSpan[]): TestedSpan[] {
  return spans.toSorted((one, other) => (one.startTime ?? 0) - (other.startTime ?? 0))
}

function describeSpan(
  span: TestedSpan,
  { tags: shown = [], mask = (text) => text }: TraceTreeOptions,
): string {
  const tags = tagsOf(span)
  const kind = String(tags['span.kind'] ?? 'internal')
  const status = tags['http.response.status_code'] ?? tags['http.status_code']
  const error = errorOf(span)
  const parts = [
    nameOf(span),
    ...(kind === 'internal' ? [] : [kind]),
    ...(status === undefined ? [] : [String(status)]),
    ...(isFailed(span) ? [error === '' ? 'error' : `error: ${error}`] : []),
    ...(span.finished === false ? ['unfinished'] : []),
    ...shown.filter((tag) => tags[tag] !== undefined).map((tag) => `${tag}=${shownTag(tag, tags[tag])}`),
  ]
  return parts.map((part) => mask(steady(part))).join('  ')
}

function shownTag(tag: string, value: unknown): string {
  if (/\bport$/.test(tag)) return '<port>'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** On one line, without what is different each time. */
function steady(text: string): string {
  return (
    text
      .replace(/\s*\n\s*/g, ' ')
      // Before identifiers: the digits of a fraction would pass for one.
      .replace(/\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s|seconds)\b/g, '<time>')
      .replace(/\b[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\b/gi, '<id>')
      .replace(/\b(?=[a-f]*\d)[\da-f]{16,}\b/gi, '<id>')
      .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>')
      .replace(/\b\d{13}\b/g, '<time>')
      .replace(/(\blocalhost|\b\d{1,3}(?:\.\d{1,3}){3}|\])(:\d{2,5})\b/g, '$1:<port>')
      .replace(/(\b[\w-]+(?:\.[\w-]+)+):\d{2,5}\b/g, '$1:<port>')
  )
}
