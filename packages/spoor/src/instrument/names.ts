import { shared } from '../api/global.ts'
import type { HttpNames } from '../semantics/http.ts'
import type { EngineSpan } from './row.ts'

/** Names that the engine gives. They give way to those of the application: whoever names a span knows better. */

/** The last name that a foreign span got of us, to see whether it has been renamed since. */
const given: WeakMap<EngineSpan, string> = shared('names.1', () => new WeakMap())

/** The last framework that a span was said to be of. */
const frameworks: WeakMap<EngineSpan, string> = shared('frameworks.1', () => new WeakMap())

/** Where the tracers that we know keep the name: our mock, jaeger-client, LightStep. */
interface Named {
  readonly operationName?: unknown
  readonly _operationName?: unknown
}

/** Notes the name that a foreign span was started with. */
export function noteName(span: EngineSpan, name: string): void {
  if (span.suggestName === undefined) given.set(span, name)
}

/** Names a span, unless the application has named it. A tracer that does not show its names is believed to have ours. */
export function rename(span: EngineSpan, name: string): void {
  if (span.suggestName !== undefined) {
    span.suggestName(name)
    return
  }
  const { operationName, _operationName } = span as Named
  const current = operationName ?? _operationName
  const last = given.get(span)
  if (last !== undefined && typeof current === 'string' && current !== last) return
  given.set(span, name)
  if (current !== name) span.setOperationName(name)
}

/** Says of which framework a span is, unless the application has said so itself. */
export function tellFramework(span: EngineSpan, http: HttpNames, framework: string): void {
  for (const key of http.component) {
    const current = shownTag(span, key)
    // Every server span begins as one of `http`.
    if (current !== undefined && current !== (frameworks.get(span) ?? 'http')) continue
    frameworks.set(span, framework)
    if (current !== framework) span.setTag(key, framework)
  }
}

/** Where tags are kept: our mock; jaeger-client and LightStep; our own spans, as keys and values in turn. */
interface Tagged {
  readonly tags?: { readonly [key: string]: unknown }
  readonly _tags?:
    | { readonly [key: string]: unknown }
    | readonly { readonly key: string; readonly value: unknown }[]
  readonly attributes?: readonly unknown[]
}

/** A tag of a span; undefined where there is none, or where the tracer does not show it. */
function shownTag(span: object, tag: string): unknown {
  const { tags, _tags, attributes } = span as Tagged
  if (Array.isArray(attributes)) return attributes[attributes.lastIndexOf(tag) + 1 || -1]
  if (Array.isArray(_tags)) return _tags.findLast(({ key }) => key === tag)?.value
  return (tags ?? (_tags as Tagged['tags']))?.[tag]
}
