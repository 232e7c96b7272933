import type { Propagator } from '../api/propagator.ts'
import { FLAG_RANDOM, FLAG_SAMPLED, type TraceContext, W3C_FLAGS } from '../api/span-context.ts'
import { hasIds, isHexByte, isId } from './hex.ts'
import { isPrintable, MAX_LENGTH } from './text.ts'
import { type KeyGrammar, readTraceState } from './tracestate.ts'

const TRACEPARENT = 'traceparent'
const TRACESTATE = 'tracestate'
/** `00-` 32 digits `-` 16 digits `-` 2 digits. */
const LENGTH = 55
const DASH = 0x2d
const ZERO = 0x30

/** By the two bits that travel: `sampled` is 1, `random` is 2. */
const ENDINGS: readonly string[] = ['-00', '-01', '-02', '-03']

/**
 * W3C Trace Context, Level 2 (https://www.w3.org/TR/trace-context-2/): `traceparent` and `tracestate`.
 *
 * What the letter of it means here: a `traceparent` of version 00 is exactly 55 lower-case characters; of a later
 * version the first 55 are read, and what follows must begin with a dash; `ff` is no version. Of the flags, `sampled`
 * and `random` are read from version 00, and `sampled` alone from later ones. A `tracestate` that breaks the rules is
 * discarded, and the `traceparent` is used nevertheless.
 */
export const traceContext: Propagator = propagator(2)

/**
 * The same, with the keys of `tracestate` judged by Level 1 (https://www.w3.org/TR/trace-context-1/), for partners
 * that discard the whole list over a key such as `a@b@c`, which Level 2 allows.
 */
export const traceContextLevel1: Propagator = propagator(1)

function propagator(grammar: KeyGrammar): Propagator {
  return {
    name: 'tracecontext',
    fields: [TRACEPARENT, TRACESTATE],

    inject(context, carrier, access) {
      if (!hasIds(context)) return
      const ending = ENDINGS[context.traceFlags & W3C_FLAGS]
      access.set(carrier, TRACEPARENT, `00-${context.traceId}-${context.spanId}${ending}`)
      if (context.traceState !== '' && isPrintable(context.traceState)) {
        access.set(carrier, TRACESTATE, context.traceState)
      }
    },

    extract(context, carrier, access) {
      if (context.traceId !== '') return false
      const header = access.get(carrier, TRACEPARENT)
      if (header === undefined || !readTraceParent(context, header)) return false
      const state = access.get(carrier, TRACESTATE)
      if (state !== undefined) context.traceState = readTraceState(state, grammar)
      return true
    },
  }
}

function readTraceParent(context: TraceContext, header: string): boolean {
  // A value that came over HTTP is trimmed already; one from a message broker may not be.
  if (header.length !== LENGTH) {
    if (header.length < LENGTH || header.length > MAX_LENGTH) return false
    header = header.replace(/^[ \t]+|[ \t]+$/g, '')
    if (header.length < LENGTH) return false
  }
  const first = header.charCodeAt(0)
  const isVersion00 = first === ZERO && header.charCodeAt(1) === ZERO
  if (!isVersion00 && (!isHexByte(header, 0) || header.startsWith('ff'))) return false
  if (header.length > LENGTH && (isVersion00 || header.charCodeAt(LENGTH) !== DASH)) return false
  if (
    header.charCodeAt(2) !== DASH ||
    header.charCodeAt(35) !== DASH ||
    header.charCodeAt(52) !== DASH ||
    !isHexByte(header, 53) ||
    !isId(header, 3, 35) ||
    !isId(header, 36, 52)
  ) {
    return false
  }
  context.traceId = header.slice(3, 35)
  context.spanId = header.slice(36, 52)
  // The flags in question are in the last digit, whose low bits `a` to `f` have in another place than `0` to `9`.
  const code = header.charCodeAt(54)
  const digit = code <= 0x39 ? code - ZERO : code - 0x57
  context.traceFlags = digit & (isVersion00 ? FLAG_SAMPLED | FLAG_RANDOM : FLAG_SAMPLED)
  return true
}
