import type { Propagator } from '../api/propagator.ts'
import { FLAG_DEFERRED, FLAG_SAMPLED, type TraceContext } from '../api/span-context.ts'
import { hasIds, padId } from './hex.ts'

const TRACE = 'x-amzn-trace-id'
/** `1-`, 8 digits of time, a dash, 24 digits. */
const ROOT_LENGTH = 35
/** The fields that AWS's services write, lineage and an application's own included, stay far below. */
const MAX_LENGTH = 1024

/**
 * AWS X-Ray (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader):
 * `Root=1-<8>-<24>;Parent=<16>;Sampled=0|1|?`, in any order; other fields (`Self`, `Lineage`) are ignored. `?` or no
 * `Sampled` means that the decision is ours (`FLAG_DEFERRED`). A header without `Parent`, as a load balancer
 * writes it for requests from outside, names no span to continue, so nothing is found in it.
 */
export const xray: Propagator = {
  name: 'xray',
  fields: [TRACE],

  inject(context, carrier, access) {
    if (!hasIds(context)) return
    const { traceId, spanId, traceFlags } = context
    const root = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`
    access.set(carrier, TRACE, `Root=${root};Parent=${spanId};Sampled=${sampledOf(traceFlags)}`)
  },

  extract(context, carrier, access) {
    if (context.traceId !== '') return false
    const header = access.get(carrier, TRACE)
    return header !== undefined && header.length <= MAX_LENGTH && readFields(context, header)
  },
}

function readFields(context: TraceContext, header: string): boolean {
  let traceId = ''
  let spanId = ''
  let flags = FLAG_DEFERRED
  for (const field of header.split(';')) {
    const equals = field.indexOf('=')
    const value = field.slice(equals + 1).trim()
    switch (field.slice(0, Math.max(equals, 0)).trim()) {
      case 'Root':
        traceId = readRoot(value)
        break
      case 'Parent':
        spanId = value.length === 16 ? padId(value, 16) : ''
        break
      case 'Sampled':
        if (value === '1') flags = FLAG_SAMPLED
        else if (value === '0') flags = 0
    }
  }
  if (traceId === '' || spanId === '') return false
  context.traceId = traceId
  context.spanId = spanId
  context.traceFlags = flags
  return true
}

function readRoot(value: string): string {
  if (value.length !== ROOT_LENGTH || !value.startsWith('1-') || value[10] !== '-') return ''
  return padId(value.slice(2, 10) + value.slice(11), 32)
}

function sampledOf(flags: number): string {
  if ((flags & FLAG_DEFERRED) !== 0) return '?'
  return (flags & FLAG_SAMPLED) !== 0 ? '1' : '0'
}
