import { nameOf, type TestedSpan, tagsOf } from './assertions.ts'

/** Which spans are meant. Everything that is given must fit. */
export interface SpanFilter {
  readonly name?: string | RegExp
  /** `server`, `client`, `producer`, `consumer`, `internal`. */
  readonly kind?: string
  /** A tag that must be there, whatever its value. */
  readonly tag?: string
  /** Tags with their values; a value may be a pattern. */
  readonly tags?: { readonly [name: string]: unknown }
}

/** A name alone is short for a filter. */
export type SpanWanted = string | RegExp | SpanFilter

export function filterOf(wanted: SpanWanted): SpanFilter {
  return typeof wanted === 'string' || wanted instanceof RegExp ? { name: wanted } : wanted
}

export function fits(span: TestedSpan, { name, kind, tag, tags = {} }: SpanFilter): boolean {
  const own = tagsOf(span)
  return (
    (name === undefined || fitsValue(nameOf(span), name)) &&
    (kind === undefined || String(own['span.kind'] ?? 'internal') === kind) &&
    (tag === undefined || own[tag] !== undefined) &&
    Object.entries(tags).every(([key, value]) => fitsValue(own[key], value))
  )
}

/** A call of a database, in the words of either dialect. */
export function isQuery(span: TestedSpan): boolean {
  return ['db.system.name', 'db.system', 'db.type'].some((tag) => fits(span, { kind: 'client', tag }))
}

/** The filter in words: `client spans with db.system.name`. */
export function describeFilter({ name, kind, tag, tags = {} }: SpanFilter): string {
  const withTags = [
    ...(tag === undefined ? [] : [tag]),
    ...Object.entries(tags).map(([key, value]) => `${key}=${String(value)}`),
  ]
  return [
    ...(kind === undefined ? [] : [kind]),
    'spans',
    ...(name === undefined
      ? []
      : [name instanceof RegExp ? `like ${name}` : `named ${JSON.stringify(name)}`]),
    ...(withTags.length === 0 ? [] : [`with ${withTags.join(', ')}`]),
  ].join(' ')
}

function fitsValue(value: unknown, wanted: unknown): boolean {
  if (!(wanted instanceof RegExp)) return Object.is(value, wanted)
  // Without the memory of a pattern that is `global` or `sticky`.
  return typeof value === 'string' && value.search(wanted) !== -1
}
