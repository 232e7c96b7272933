import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FLAG_DEBUG, FLAG_DEFERRED, FLAG_SAMPLED, TraceContext } from 'spoor/api'
import {
  b3,
  baggage,
  carrierAccess,
  composite,
  jaeger,
  type Propagator,
  propagatorsFromNames,
  traceContext,
} from 'spoor/propagation'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const OTHER = '80f198ee56343ba864fe8b2a57d3eff7'
const SPAN = '00f067aa0ba902b7'
const BOTH = { traceparent: `00-${TRACE}-${SPAN}-01`, b3: `${OTHER}-${SPAN}-0`, baggage: 'user=1' }

function read(propagator: Propagator, carrier: unknown): { found: boolean; context: TraceContext } {
  const context = new TraceContext('', '', 0, '', undefined, true)
  return { found: propagator.extract(context, carrier, carrierAccess), context }
}

describe('composite', () => {
  it('lets the first that finds ids decide', () => {
    const { context } = read(composite([traceContext, b3]), BOTH)
    assert.equal(context.traceId, TRACE)
    assert.equal(context.traceFlags, FLAG_SAMPLED)
    const reversed = read(composite([b3, traceContext]), BOTH).context
    assert.equal(reversed.traceId, OTHER)
    assert.equal(reversed.traceFlags, 0)
  })

  it('asks the next one where the first finds nothing', () => {
    const { context } = read(composite([traceContext, b3]), { ...BOTH, traceparent: 'garbage' })
    assert.equal(context.traceId, OTHER)
  })

  it('gathers baggage from all, and of the same key the first', () => {
    const carrier = { baggage: 'user=w3c,plan=free', 'uberctx-user': 'jaeger', 'uberctx-city': 'Delft' }
    const { context } = read(composite([baggage, jaeger]), carrier)
    assert.deepEqual(Object.fromEntries(context.baggage), { user: 'w3c', plan: 'free', city: 'Delft' })
    assert.equal(context.traceId, '')
  })

  it('tells a decision without ids from no decision at all', () => {
    const formats = composite([traceContext, b3, jaeger, baggage])
    assert.equal(read(formats, { b3: '0' }).context.traceFlags, 0)
    assert.equal(read(formats, { 'jaeger-debug-id': 'x' }).context.traceFlags, FLAG_SAMPLED | FLAG_DEBUG)
    assert.equal(read(formats, { baggage: 'user=1' }).context.traceFlags, FLAG_DEFERRED)
    assert.equal(read(formats, {}).found, false)
  })

  it('continues a trace unless told otherwise', () => {
    assert.equal(read(composite([traceContext]), BOTH).context.relation, 'parent')
  })

  it('restarts: the context is one to link to, with its baggage', () => {
    const { found, context } = read(composite([traceContext, baggage], { policy: 'restart' }), BOTH)
    assert.equal(found, true)
    assert.equal(context.relation, 'link')
    assert.equal(context.traceId, TRACE)
    assert.equal(context.baggage.get('user'), '1')
  })

  it('ignores: nothing is read, and writing goes on', () => {
    const formats = composite([traceContext, baggage], { policy: 'ignore' })
    const { found, context } = read(formats, BOTH)
    assert.equal(found, false)
    assert.equal(context.traceId, '')
    assert.equal(context.baggage.size, 0)
    const carrier: Record<string, string> = {}
    formats.inject(new TraceContext(TRACE, SPAN, FLAG_SAMPLED), carrier, carrierAccess)
    assert.deepEqual(carrier, { traceparent: `00-${TRACE}-${SPAN}-01` })
  })

  it('counts a propagator that is given twice once', () => {
    let calls = 0
    const counting: Propagator = { ...b3, name: 'counting', inject: () => void calls++ }
    const formats = composite([counting, b3, counting])
    formats.inject(new TraceContext(TRACE, SPAN, FLAG_SAMPLED), {}, carrierAccess)
    assert.equal(calls, 1)
    assert.equal(formats.name, 'counting,b3')
    assert.deepEqual(formats.fields, b3.fields)
  })

  it('goes on when a propagator throws, and does not keep half of its ids', () => {
    const failure = new Error('broken')
    const broken: Propagator = {
      name: 'broken',
      fields: ['x-broken'],
      inject() {
        throw failure
      },
      extract(context) {
        context.traceId = TRACE
        throw failure
      },
    }
    const told: unknown[] = []
    const formats = composite([broken, b3], { onError: (error, { name }) => told.push(error, name) })
    const { found, context } = read(formats, BOTH)
    assert.equal(found, true)
    assert.equal(context.traceId, OTHER)
    const carrier: Record<string, string> = {}
    formats.inject(context, carrier, carrierAccess)
    assert.equal(carrier['b3'], BOTH.b3)
    assert.deepEqual(told, [failure, 'broken', failure, 'broken'])
  })

  it('survives an onError that throws', () => {
    const broken: Propagator = {
      ...b3,
      extract() {
        throw new Error('broken')
      },
    }
    const formats = composite([broken], {
      onError() {
        throw new Error('broken as well')
      },
    })
    assert.equal(read(formats, BOTH).found, false)
  })
})

describe('propagatorsFromNames', () => {
  const names = (value: string | string[]): string[] => propagatorsFromNames(value).map(({ name }) => name)

  it('knows every name, in the order given', () => {
    const all = 'tracecontext,baggage,b3,b3multi,jaeger,datadog,xray,ottrace'
    assert.equal(names(all).join(','), all)
    assert.deepEqual(names('baggage,tracecontext'), ['baggage', 'tracecontext'])
  })

  it('takes spaces, empty names, upper case and repetitions as they come', () => {
    assert.deepEqual(names(' B3 ,, b3,tracecontext , '), ['b3', 'tracecontext'])
    assert.deepEqual(names(['Baggage']), ['baggage'])
    assert.deepEqual(names(''), [])
  })

  it('takes none for nothing', () => {
    assert.deepEqual(names('none'), [])
    assert.deepEqual(names('none, none'), [])
  })

  it('refuses an unknown name and offers the nearest', () => {
    for (const [name, nearest] of [
      ['tracecontxt', 'tracecontext'],
      ['b3-multi', 'b3multi'],
      ['jeager', 'jaeger'],
      ['x-ray', 'xray'],
      ['bagage', 'baggage'],
    ]) {
      assert.throws(() => propagatorsFromNames(`b3,${name}`), {
        name: 'SpoorError',
        code: 'SPOOR_UNKNOWN_PROPAGATOR',
        message: new RegExp(`There is no propagator "${name}". Did you mean "${nearest}"\\?`),
      })
    }
  })

  it('refuses none beside other names', () => {
    assert.throws(() => propagatorsFromNames('none,b3'), { code: 'SPOOR_UNKNOWN_PROPAGATOR' })
  })
})
