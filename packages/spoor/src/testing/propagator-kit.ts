import type { CarrierAccess, Propagator } from '../api/propagator.ts'
import { FLAG_DEFERRED, FLAG_SAMPLED, TraceContext } from '../api/span-context.ts'
import { carrierAccess } from '../propagation/carrier.ts'
import { check, checkList, checkSame } from './check.ts'
import { hostileCarriers, hostileTexts, mutations } from './hostile.ts'
import { type Case, isolatedCases, type Runner } from './runner.ts'

/** A carrier as the format's specification or another implementation writes it, and what is in it. */
export interface PropagatorSample {
  /** What the sample shows; ends the title of its case. */
  readonly shows: string
  readonly carrier: Readonly<Record<string, string>>
  /** What must be found; fields that are left out are not compared. Null: nothing may be found. */
  readonly context: Partial<
    Pick<TraceContext, 'traceId' | 'spanId' | 'traceFlags' | 'traceState'> & {
      baggage: Readonly<Record<string, string>>
    }
  > | null
}

export interface PropagatorKitOptions {
  /** Heads the cases. */
  readonly name: string
  /** Makes the propagator of one case. */
  make(): Propagator
  readonly samples: readonly PropagatorSample[]
  /** The context that must come out as it went in. By default 128 random bits, sampled, two items of baggage. */
  readonly roundTrip?: TraceContext
  /** Which parts the format can carry. Default: ids, no baggage. */
  readonly carries?: { readonly ids?: boolean; readonly baggage?: boolean }
}

/**
 * The contract of a propagator: it reads what its samples say, from every kind of carrier; what it writes it can read;
 * it respects what others have found; and nothing makes it throw, or write what does not belong into a header.
 *
 * @param runner the module of your test library: `node:test`, vitest, jest's or mocha's globals
 * @example
 * import * as runner from 'node:test'
 * import { describePropagator } from 'spoor/testing'
 *
 * describePropagator(runner, {
 *   name: 'my format',
 *   make: () => myPropagator,
 *   samples: [{ shows: 'a sampled span', carrier: { 'x-mine': '…' }, context: { traceId: '…', spanId: '…' } }],
 * })
 */
export function describePropagator(runner: Runner, options: PropagatorKitOptions): void {
  const it = isolatedCases(runner)
  runner.describe(options.name, () => {
    describesItself(it, options)
    for (const sample of options.samples) readsSample(it, options, sample)
    roundTrips(it, options)
    respectsOthers(it, options)
    staysCalm(it, options)
  })
}

function describesItself(it: Case, { make }: PropagatorKitOptions): void {
  it('has a name, and the keys that it reads in lower case', () => {
    const { name, fields } = make()
    check(/^[a-z0-9,-]+$/.test(name), `"${name}" is a value for OTEL_PROPAGATORS`)
    check(fields.length > 0, 'there is a field')
    for (const field of fields) check(/^[a-z0-9-]+\*?$/.test(field), `"${field}" is a lower-case key`)
  })
}

function readsSample(it: Case, { make }: PropagatorKitOptions, sample: PropagatorSample): void {
  it(`reads from every kind of carrier: ${sample.shows}`, () => {
    for (const [kind, carrier] of carriersOf(sample.carrier)) {
      const context = empty()
      const found = make().extract(context, carrier, carrierAccess)
      checkSame(found, sample.context !== null, `What extract() returned for ${kind}`)
      checkContext(context, sample.context ?? { traceId: '', spanId: '', traceState: '', baggage: {} }, kind)
    }
  })

  it(`offers itself for every key that it reads: ${sample.shows}`, () => {
    const propagator = make()
    const { access, keys } = observed()
    propagator.extract(empty(), sample.carrier, access)
    for (const key of keys) check(covers(propagator.fields, key), `fields cover "${key}"`)
  })
}

function roundTrips(
  it: Case,
  { make, carries = {}, roundTrip = defaultContext() }: PropagatorKitOptions,
): void {
  it('reads what it has written', () => {
    const propagator = make()
    for (const flags of [roundTrip.traceFlags | FLAG_SAMPLED, roundTrip.traceFlags & ~FLAG_SAMPLED]) {
      const carrier = {}
      const { traceId, spanId, traceState, baggage } = roundTrip
      propagator.inject(new TraceContext(traceId, spanId, flags, traceState, baggage), carrier, carrierAccess)
      const context = empty()
      check(propagator.extract(context, carrier, carrierAccess), 'extract() found something')
      if (carries.ids ?? true) {
        checkSame(context.traceId, traceId, 'traceId')
        checkSame(context.spanId, spanId, 'spanId')
        checkSame(context.traceFlags & FLAG_SAMPLED, flags & FLAG_SAMPLED, 'the sampled flag')
      }
      if (carries.baggage ?? false) checkBaggage(context, Object.fromEntries(baggage))
    }
  })

  it('writes to every kind of carrier the same', () => {
    const propagator = make()
    const expected: Record<string, string> = {}
    propagator.inject(roundTrip, expected, carrierAccess)
    check(Object.keys(expected).length > 0, 'something was written')
    for (const [kind, carrier] of carriersOf({})) {
      propagator.inject(roundTrip, carrier, carrierAccess)
      for (const [key, value] of Object.entries(expected)) {
        checkSame(carrierAccess.get(carrier, key), value, `"${key}" in ${kind}`)
        check(covers(propagator.fields, key), `fields cover "${key}"`)
      }
    }
  })

  it('writes nothing for a context in which there is nothing', () => {
    const carrier = {}
    make().inject(empty(), carrier, carrierAccess)
    checkList(Object.keys(carrier), [], 'Keys written')
  })
}

function respectsOthers(it: Case, { make, samples, carries = {} }: PropagatorKitOptions): void {
  it('leaves ids alone that another propagator has found', () => {
    for (const sample of samples) {
      const context = new TraceContext(
        'a'.repeat(32),
        'b'.repeat(16),
        FLAG_SAMPLED,
        'theirs=1',
        undefined,
        true,
      )
      make().extract(context, sample.carrier, carrierAccess)
      const { traceId, spanId, traceFlags, traceState } = context
      checkList(
        [traceId, spanId, traceFlags, traceState],
        ['a'.repeat(32), 'b'.repeat(16), FLAG_SAMPLED, 'theirs=1'],
        'The context',
      )
    }
  })

  it('adds baggage to what others have found, without changing their map', () => {
    if (!(carries.baggage ?? false)) return
    for (const sample of samples) {
      const theirs = new Map([['theirs', '1']])
      const context = new TraceContext('', '', FLAG_DEFERRED, '', theirs, true)
      make().extract(context, sample.carrier, carrierAccess)
      checkSame(theirs.size, 1, 'Size of the map that was there before')
      checkBaggage(context, { theirs: '1', ...sample.context?.baggage })
    }
  })
}

function staysCalm(it: Case, { make, samples }: PropagatorKitOptions): void {
  it('finds nothing in hostile carriers and does not throw', () => {
    for (const carrier of hostileCarriers()) {
      const context = empty()
      checkSame(make().extract(context, carrier, carrierAccess), false, 'What extract() returned')
      make().inject(defaultContext(), carrier, carrierAccess)
    }
  })

  it('survives hostile texts in every field', () => {
    for (const field of make().fields) {
      for (const text of hostileTexts()) {
        const key = field.replace('*', 'key')
        for (const sample of [{}, ...samples.map(({ carrier }) => carrier)]) {
          const context = empty()
          make().extract(context, { ...sample, [key]: text }, carrierAccess)
          checkWellFormed(context)
        }
      }
    }
  })

  it('survives every small change to its samples', () => {
    for (const { carrier } of samples) {
      for (const [key, value] of Object.entries(carrier)) {
        for (const text of mutations(value)) {
          const context = empty()
          make().extract(context, { ...carrier, [key]: text }, carrierAccess)
          checkWellFormed(context)
        }
      }
    }
  })

  it('writes only what may stand in a header, whatever the context holds', () => {
    for (const text of hostileTexts()) {
      const items = new Map([
        [text, 'value'],
        ['key', text],
      ])
      const contexts = [
        new TraceContext('a'.repeat(32), 'b'.repeat(16), FLAG_SAMPLED, text, items),
        new TraceContext(text, 'b'.repeat(16), FLAG_SAMPLED, '', items),
        new TraceContext('a'.repeat(32), text, FLAG_SAMPLED, '', items),
      ]
      for (const context of contexts) {
        const carrier: Record<string, string> = {}
        make().inject(context, carrier, carrierAccess)
        for (const [key, value] of Object.entries(carrier)) {
          check(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(key), `${JSON.stringify(key)} is a header name`)
          check(/^[\x20-\x7e]*$/.test(value), `${JSON.stringify(value)} is a header value`)
          check(value.length <= 8192, `the value of "${key}" stays below 8 KiB`)
        }
      }
    }
  })
}

function empty(): TraceContext {
  return new TraceContext('', '', FLAG_DEFERRED, '', undefined, true)
}

function defaultContext(): TraceContext {
  const baggage = new Map([
    ['user', 'Zoë, 100% "quoted"; \\'],
    ['session-id', 'a=b'],
  ])
  return new TraceContext('4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', FLAG_SAMPLED, '', baggage)
}

function* carriersOf(headers: Readonly<Record<string, string>>): Iterable<[kind: string, carrier: unknown]> {
  const pairs = Object.entries(headers)
  yield ['an object', { ...headers }]
  yield ['an object without prototype', Object.assign(Object.create(null), headers)]
  yield [
    'an object in upper case',
    Object.fromEntries(pairs.map(([key, value]) => [key.toUpperCase(), value])),
  ]
  yield ['an object of lists', Object.fromEntries(pairs.map(([key, value]) => [key, [value]]))]
  yield ['a Map', new Map(pairs)]
  yield ['a Map in title case', new Map(pairs.map(([key, value]) => [key.replace(/^./, upper), value]))]
  yield ['Fetch headers', new Headers({ ...headers })]
  yield ['pairs', pairs.map(([key, value]) => [key.replace(/-./g, upper), value])]
}

function upper(text: string): string {
  return text.toUpperCase()
}

function observed(): { access: CarrierAccess; keys: Set<string> } {
  const keys = new Set<string>()
  const access: CarrierAccess = {
    ...carrierAccess,
    get(carrier, key) {
      keys.add(key)
      return carrierAccess.get(carrier, key)
    },
  }
  return { access, keys }
}

function covers(fields: readonly string[], key: string): boolean {
  return fields.some((field) => (field.endsWith('*') ? key.startsWith(field.slice(0, -1)) : key === field))
}

function checkContext(
  context: TraceContext,
  expected: NonNullable<PropagatorSample['context']>,
  kind: string,
): void {
  for (const field of ['traceId', 'spanId', 'traceFlags', 'traceState'] as const) {
    if (expected[field] !== undefined) checkSame(context[field], expected[field], `${field} from ${kind}`)
  }
  if (expected.baggage !== undefined) checkBaggage(context, expected.baggage)
}

function checkBaggage(context: TraceContext, expected: Readonly<Record<string, string>>): void {
  const lines = (entries: Iterable<[string, string]>): string[] => {
    return [...entries].map(([key, value]) => `${key}=${value}`).sort()
  }
  checkList(lines(context.baggage), lines(Object.entries(expected)), 'baggage')
}

/** Whatever came in: both ids or none, and no more baggage than the limits allow. */
function checkWellFormed(context: TraceContext): void {
  const { traceId, spanId, traceState, baggage } = context
  check(/^(?!0{32})[0-9a-f]{32}$/.test(traceId) || traceId === '', `"${traceId}" is a trace id or empty`)
  check(/^(?!0{16})[0-9a-f]{16}$/.test(spanId) || spanId === '', `"${spanId}" is a span id or empty`)
  checkSame(spanId === '', traceId === '', 'One id is empty if the other is; spanId')
  check(/^[\x20-\x7e]{0,8192}$/.test(traceState), 'the tracestate is printable and short')
  let length = 0
  for (const [key, value] of baggage) length += key.length + value.length
  check(baggage.size <= 180 && length <= 8192, 'the baggage stays within its limits')
}
