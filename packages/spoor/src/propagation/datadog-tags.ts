import { isPrintable } from './text.ts'
import { traceStateMember } from './tracestate.ts'

/** What Datadog's tracers hand on besides ids. */
export interface DatadogState {
  /** As received: -1 to 2. */
  readonly priority: number | undefined
  /** Where the trace began, such as `rum` or `synthetics`; `''` for unknown. */
  readonly origin: string
  /** Tags whose names begin with `_dd.p.`. */
  readonly tags: Map<string, string>
}

/** dd-trace's own limit on `x-datadog-tags` (`DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH`). */
const MAX_TAGS_LENGTH = 512
/** A value of `tracestate` (W3C Trace Context, 3.3.1.3.2). */
const MAX_STATE_LENGTH = 256
const PREFIX = '_dd.p.'

/** Reads `_dd.p.dm=-1,_dd.p.tid=640cfd8d00000000`. As in dd-trace, one malformed pair discards the list. */
export function readTags(header: string | undefined): Map<string, string> {
  const tags = new Map<string, string>()
  if (header === undefined || header.length > MAX_TAGS_LENGTH || !isPrintable(header)) return tags
  for (const pair of header.split(',')) {
    const equals = pair.indexOf('=')
    if (equals <= 0) return new Map()
    const name = pair.slice(0, equals)
    if (name.startsWith(PREFIX) && name.length > PREFIX.length) tags.set(name, pair.slice(equals + 1))
  }
  return tags
}

export function writeTags(tags: ReadonlyMap<string, string>): string {
  let list = ''
  for (const [name, value] of tags) {
    const pair = list === '' ? `${name}=${value}` : `,${name}=${value}`
    if (list.length + pair.length <= MAX_TAGS_LENGTH) list += pair
  }
  return list
}

/** @returns `dd=s:1;o:rum;t.dm:-4`, or `''` if there is nothing to hand on */
export function writeState(state: DatadogState): string {
  const fields: string[] = []
  if (state.priority !== undefined) fields.push(`s:${state.priority}`)
  if (state.origin !== '' && state.origin.length < MAX_STATE_LENGTH)
    fields.push(`o:${escapeValue(state.origin)}`)
  for (const [name, value] of state.tags) {
    if (value !== '') fields.push(`t.${escapeName(name.slice(PREFIX.length))}:${escapeValue(value)}`)
  }
  let list = ''
  for (const field of fields) {
    const next = list === '' ? field : `${list};${field}`
    if (next.length <= MAX_STATE_LENGTH) list = next
  }
  // A value of `tracestate` may not end in a space.
  return list === '' ? '' : `dd=${list.replace(/ +$/, '')}`
}

/** Undoes {@link writeState}, on a `tracestate` that may have other members and may come from dd-trace. */
export function readState(traceState: string): DatadogState {
  const tags = new Map<string, string>()
  let priority: number | undefined
  let origin = ''
  const member =
    traceState.includes('dd=') && isPrintable(traceState) ? traceStateMember(traceState, 'dd') : undefined
  for (const field of member?.split(';') ?? []) {
    const colon = field.indexOf(':')
    const name = field.slice(0, Math.max(colon, 0))
    const value = field.slice(colon + 1)
    if (name === 's' && /^-?\d{1,3}$/.test(value)) priority = Number(value)
    else if (name === 'o') origin = value.replaceAll('~', '=')
    else if (name.startsWith('t.') && name !== 't.tid')
      tags.set(PREFIX + name.slice(2), value.replaceAll('~', '='))
  }
  return { priority, origin, tags }
}

/** As dd-trace does it: what would end the field becomes `_`, and `=`, which would end the member, `~`. */
function escapeValue(text: string): string {
  return text.replace(/[^\x20-\x2b\x2d-\x3a\x3c-\x7d]/g, '_').replaceAll('=', '~')
}

function escapeName(text: string): string {
  return text.replace(/[^\x21-\x2b\x2d-\x39\x3c\x3e-\x7e]/g, '_')
}
