import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import {
  type BaggageEntry,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api'
import { W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { AWSXRayPropagator } from '@opentelemetry/propagator-aws-xray'
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3'
import { JaegerPropagator } from '@opentelemetry/propagator-jaeger'
import { OTTracePropagator } from '@opentelemetry/propagator-ot-trace'
import { FLAG_DEBUG, FLAG_SAMPLED, TraceContext } from 'spoor/api'
import {
  b3,
  b3Multi,
  baggage,
  carrierAccess,
  jaeger,
  ottrace,
  type Propagator,
  traceContext,
  xray,
} from 'spoor/propagation'

/*
 * What others write we read, and what we write they read, for many random contexts each.
 */

const ROUNDS = 200

interface Peer {
  readonly name: string
  readonly ours: Propagator
  readonly theirs: TextMapPropagator
  /** Bits of the trace id that the format carries. */
  readonly bits?: 64 | 128
  readonly ids?: boolean
  /** Characters of baggage values that both sides can carry; none: the format has no baggage. */
  readonly values?: string
}

const UNICODE = 'abcXYZ019 ,;="\\%/Zoëß日本😀'

const peers: Peer[] = [
  { name: '@opentelemetry/core, trace context', ours: traceContext, theirs: new W3CTraceContextPropagator() },
  {
    name: '@opentelemetry/core, baggage',
    ours: baggage,
    theirs: new W3CBaggagePropagator(),
    ids: false,
    values: UNICODE,
  },
  {
    name: '@opentelemetry/propagator-b3, single header',
    ours: b3,
    theirs: new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }),
  },
  {
    name: '@opentelemetry/propagator-b3, several headers',
    ours: b3Multi,
    theirs: new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
  },
  {
    name: '@opentelemetry/propagator-jaeger',
    ours: jaeger,
    theirs: new JaegerPropagator(),
    values: UNICODE,
  },
  { name: '@opentelemetry/propagator-aws-xray', ours: xray, theirs: new AWSXRayPropagator() },
  {
    // It writes and reads values as they are.
    name: '@opentelemetry/propagator-ot-trace',
    ours: ottrace,
    theirs: new OTTracePropagator(),
    bits: 64,
    values: 'abcXYZ019,;="\\/',
  },
]

for (const peer of peers) {
  describe(peer.name, () => {
    it('reads what we write', () => {
      for (let round = 0; round < ROUNDS; round++) {
        const context = randomContext(peer)
        const carrier = {}
        peer.ours.inject(context, carrier, carrierAccess)
        assert.deepEqual(theirReading(peer, carrier), comparable(context), JSON.stringify(carrier))
      }
    })

    it('writes what we read', () => {
      for (let round = 0; round < ROUNDS; round++) {
        const context = randomContext(peer)
        const carrier = theirWriting(peer, context)
        const read = new TraceContext('', '', 0)
        assert.equal(peer.ours.extract(read, carrier, carrierAccess), true, JSON.stringify(carrier))
        assert.deepEqual(comparable(read), comparable(context), JSON.stringify(carrier))
      }
    })
  })
}

// Only its untyped inner modules hold the codec.
const require = createRequire(import.meta.url)
const JaegerCodec = require('jaeger-client/dist/src/propagators/text_map_codec.js').default
const JaegerContext = require('jaeger-client/dist/src/span_context.js').default

describe('jaeger-client', () => {
  const codec = new JaegerCodec({ urlEncoding: true })

  it('reads what we write', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const context = randomContext({ values: UNICODE })
      if (round % 3 === 0) context.traceFlags |= FLAG_SAMPLED | FLAG_DEBUG
      const carrier = {}
      jaeger.inject(context, carrier, carrierAccess)
      const theirs = codec.extract(carrier)
      assert.equal(theirs.traceId.toString('hex').padStart(32, '0'), context.traceId)
      assert.equal(theirs.spanId.toString('hex'), context.spanId)
      assert.equal(theirs.isSampled(), (context.traceFlags & FLAG_SAMPLED) !== 0)
      assert.equal(theirs.isDebug(), (context.traceFlags & FLAG_DEBUG) !== 0)
      assert.deepEqual(theirs.baggage, Object.fromEntries(context.baggage))
    }
  })

  it('writes what we read', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const context = randomContext({ values: UNICODE, bits: round % 2 === 0 ? 64 : 128 })
      const debug = round % 3 === 0
      if (debug) context.traceFlags |= FLAG_SAMPLED | FLAG_DEBUG
      const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
      const traceId = bytes(round % 2 === 0 ? context.traceId.slice(16) : context.traceId)
      const flags = debug ? 3 : context.traceFlags & FLAG_SAMPLED
      const carrier = {}
      const theirs = JaegerContext.withBinaryIds(traceId, bytes(context.spanId), null, flags)
      theirs.baggage = Object.fromEntries(context.baggage)
      codec.inject(theirs, carrier)
      const read = new TraceContext('', '', 0)
      assert.equal(jaeger.extract(read, carrier, carrierAccess), true)
      assert.deepEqual(comparable(read), comparable(context))
      assert.equal(read.traceFlags, context.traceFlags)
    }
  })
})

interface Comparable {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  readonly traceState: string
  readonly baggage: Record<string, string>
}

function comparable({ traceId, spanId, traceFlags, traceState, baggage }: TraceContext): Comparable {
  const sampled = (traceFlags & FLAG_SAMPLED) !== 0
  return { traceId, spanId, sampled, traceState, baggage: Object.fromEntries(baggage) }
}

function randomContext({ ids = true, bits = 128, values, ours }: Partial<Peer>): TraceContext {
  const upper = bits === 64 ? '0'.repeat(16) : randomHex(16)
  const items = new Map<string, string>()
  if (values !== undefined) {
    for (let i = Math.floor(Math.random() * 4) + 1; i > 0; i--) items.set(`key-${i}`, randomText(values))
  }
  const state = ours === traceContext && Math.random() < 0.5 ? 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' : ''
  if (!ids) return new TraceContext('', '', 0, '', items)
  return new TraceContext(upper + randomHex(16), randomHex(16), Math.random() < 0.5 ? 1 : 0, state, items)
}

function randomHex(digits: number): string {
  let hex = '1'
  while (hex.length < digits) hex += Math.floor(Math.random() * 16).toString(16)
  // Leading zeros are where formats differ.
  return Math.random() < 0.2 ? `0${hex.slice(1, digits - 1)}1` : hex
}

function randomText(alphabet: string): string {
  const characters = [...alphabet]
  // Not empty, which OpenTelemetry drops, and with no space at either end, which HTTP would.
  let text = 'v'
  for (let i = Math.floor(Math.random() * 12); i > 0; i--) {
    text += characters[Math.floor(Math.random() * characters.length)]
  }
  return `${text}v`
}

function theirWriting({ theirs, ids = true }: Peer, context: TraceContext): Record<string, string> {
  const entries: Record<string, BaggageEntry> = {}
  for (const [key, value] of context.baggage) entries[key] = { value }
  let parent = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries))
  if (ids) {
    const { traceId, spanId, traceFlags, traceState } = context
    const state = traceState === '' ? undefined : { serialize: () => traceState }
    parent = trace.setSpanContext(parent, {
      traceId,
      spanId,
      traceFlags,
      ...(state === undefined ? {} : { traceState: state as never }),
    })
  }
  const carrier: Record<string, string> = {}
  theirs.inject(parent, carrier, {
    set: (target, key, value) => {
      ;(target as Record<string, string>)[key] = value
    },
  })
  return carrier
}

function theirReading({ theirs }: Peer, carrier: Record<string, string>): Comparable {
  const context = theirs.extract(ROOT_CONTEXT, carrier, {
    get: (source, key) => (source as Record<string, string>)[key],
    keys: (source) => Object.keys(source as object),
  })
  const span = trace.getSpanContext(context)
  const items = propagation.getBaggage(context)?.getAllEntries() ?? []
  return {
    traceId: span?.traceId ?? '',
    spanId: span?.spanId ?? '',
    sampled: ((span?.traceFlags ?? 0) & 1) !== 0,
    traceState: span?.traceState?.serialize() ?? '',
    baggage: Object.fromEntries(items.map(([key, { value }]) => [key, value])),
  }
}
