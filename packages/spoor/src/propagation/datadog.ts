import type { CarrierAccess, Propagator } from '../api/propagator.ts'
import { FLAG_DEBUG, FLAG_DEFERRED, FLAG_SAMPLED, type TraceContext } from '../api/span-context.ts'
import { readState, readTags, writeState, writeTags } from './datadog-tags.ts'
import { hasIds, padId } from './hex.ts'

const TRACE_ID = 'x-datadog-trace-id'
const PARENT_ID = 'x-datadog-parent-id'
const PRIORITY = 'x-datadog-sampling-priority'
const ORIGIN = 'x-datadog-origin'
const TAGS = 'x-datadog-tags'

/** The upper half of a trace id of 128 bits, of which `x-datadog-trace-id` has room for the lower one. */
const UPPER_HALF = '_dd.p.tid'
const NO_UPPER_HALF = '0'.repeat(16)

/** Somebody asked for this trace to be kept, so no sampler may drop it. */
const USER_KEEP = 2

/**
 * Datadog's own headers (dd-trace 5.132, `packages/dd-trace/src/opentracing/propagation/text_map.js`): ids in decimal,
 * 64 bits each; sampling priority -1 and 0 (drop), 1 and 2 (keep), none if the decision is ours (`FLAG_DEFERRED`).
 *
 * Origin, priority and the `_dd.p.*` tags travel on as the `dd` member of the context's `tracestate`, where
 * dd-trace itself writes them when it speaks W3C: so they survive a change of format on the way.
 */
export const datadog: Propagator = {
  name: 'datadog',
  fields: [TRACE_ID, PARENT_ID, PRIORITY, ORIGIN, TAGS],

  inject(context, carrier, access) {
    if (!hasIds(context)) return
    access.set(carrier, TRACE_ID, decimalOf(context.traceId.slice(16)))
    access.set(carrier, PARENT_ID, decimalOf(context.spanId))
    const state = readState(context.traceState)
    const priority = priorityOf(context.traceFlags, state.priority)
    if (priority !== undefined) access.set(carrier, PRIORITY, String(priority))
    if (state.origin !== '') access.set(carrier, ORIGIN, state.origin)
    const upperHalf = context.traceId.slice(0, 16)
    if (upperHalf !== NO_UPPER_HALF) state.tags.set(UPPER_HALF, upperHalf)
    const tags = writeTags(state.tags)
    if (tags !== '') access.set(carrier, TAGS, tags)
  },

  extract(context, carrier, access) {
    if (context.traceId !== '') return false
    const trace = access.get(carrier, TRACE_ID)
    const parent = trace === undefined ? undefined : access.get(carrier, PARENT_ID)
    if (trace === undefined || parent === undefined) return false
    const lowerHalf = hexOf(trace)
    const spanId = hexOf(parent)
    // A parent of 0 names no span to continue.
    if (lowerHalf === '' || spanId === '') return false
    const tags = readTags(access.get(carrier, TAGS))
    const upperHalf = tags.get(UPPER_HALF) ?? ''
    tags.delete(UPPER_HALF)
    context.traceId =
      (upperHalf.length === 16 ? padId(upperHalf, 16) || NO_UPPER_HALF : NO_UPPER_HALF) + lowerHalf
    context.spanId = spanId
    readDecision(context, tags, carrier, access)
    return true
  },
}

function readDecision(
  context: TraceContext,
  tags: Map<string, string>,
  carrier: unknown,
  access: CarrierAccess,
): void {
  const priority = readPriority(access.get(carrier, PRIORITY))
  context.traceFlags = flagsOf(priority)
  context.traceState = writeState({ priority, origin: access.get(carrier, ORIGIN) ?? '', tags })
}

function readPriority(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,3}$/.test(text) ? Number(text) : undefined
}

function flagsOf(priority: number | undefined): number {
  if (priority === undefined) return FLAG_DEFERRED
  if (priority <= 0) return 0
  return priority >= USER_KEEP ? FLAG_SAMPLED | FLAG_DEBUG : FLAG_SAMPLED
}

/** @param received the priority that came in; it is sent on unless the decision has changed since */
function priorityOf(flags: number, received: number | undefined): number | undefined {
  if ((flags & FLAG_DEFERRED) !== 0) return undefined
  const sampled = (flags & FLAG_SAMPLED) !== 0
  if (received !== undefined && received > 0 === sampled) return received
  if (sampled) return (flags & FLAG_DEBUG) !== 0 ? USER_KEEP : 1
  return 0
}

const MAX_64_BITS = 0xffff_ffff_ffff_ffffn

/** @returns 16 hex digits, `''` for zero and for what is no decimal number of 64 bits */
function hexOf(decimal: string): string {
  if (!/^\d{1,20}$/.test(decimal)) return ''
  const id = BigInt(decimal)
  return id === 0n || id > MAX_64_BITS ? '' : id.toString(16).padStart(16, '0')
}

function decimalOf(hex: string): string {
  return BigInt(`0x${hex}`).toString()
}
