import { shared } from '../api/global.ts'
import type { EngineSpan } from './row.ts'

/** Names that the engine gives. They give way to those of the application: whoever names a span knows better. */

/** The last name that a foreign span got of us, to see whether it has been renamed since. */
const given: WeakMap<EngineSpan, string> = shared('names.1', () => new WeakMap())

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
