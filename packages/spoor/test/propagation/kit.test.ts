import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { b3, type Propagator } from 'spoor/propagation'
import { describePropagator, type PropagatorSample, runCases } from 'spoor/testing'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const samples: PropagatorSample[] = [
  { shows: 'a span', carrier: { b3: `${TRACE}-${SPAN}-1` }, context: { traceId: TRACE, spanId: SPAN } },
  { shows: 'noise', carrier: { b3: 'noise' }, context: null },
]

/** The titles of the cases in which a propagator fails. */
async function failures(propagator: Propagator): Promise<string[]> {
  const results = await runCases((runner) => {
    describePropagator(runner, { name: 'under test', make: () => propagator, samples })
  })
  return results.filter(({ passed }) => !passed).map(({ title }) => title)
}

describe('The propagator kit', () => {
  it('finds no fault with a propagator that has none', async () => {
    assert.deepEqual(await failures(b3), [])
  })

  it('fails a propagator that does nothing', async () => {
    const idle: Propagator = { name: 'idle', fields: ['b3'], inject: () => {}, extract: () => false }
    assert.deepEqual(await failures(idle), [
      'reads from every kind of carrier: a span',
      'reads what it has written',
      'writes to every kind of carrier the same',
    ])
  })

  it('fails a propagator that throws', async () => {
    const failed = await failures({
      ...b3,
      extract() {
        throw new Error('broken')
      },
    })
    assert.ok(failed.includes('finds nothing in hostile carriers and does not throw'))
    assert.ok(failed.includes('survives hostile texts in every field'))
  })

  it('fails a propagator that lets line breaks through', async () => {
    const leaky: Propagator = {
      ...b3,
      inject(context, carrier, access) {
        if (context.traceId === '') return
        access.set(carrier, 'b3', `${context.traceId}-${context.spanId}-${context.traceFlags & 1}`)
      },
    }
    assert.deepEqual(await failures(leaky), [
      'writes only what may stand in a header, whatever the context holds',
    ])
  })

  it('fails a propagator that believes what it reads', async () => {
    const gullible: Propagator = {
      ...b3,
      extract(context, carrier, access) {
        const [traceId, spanId, state] = (access.get(carrier, 'b3') ?? '').split('-')
        if (context.traceId !== '' || !traceId || !spanId) return false
        Object.assign(context, { traceId, spanId, traceFlags: state === '1' ? 1 : 0 })
        return true
      },
    }
    assert.deepEqual(await failures(gullible), [
      'survives hostile texts in every field',
      'survives every small change to its samples',
    ])
  })

  it('fails a propagator that overrules others', async () => {
    const rude: Propagator = {
      ...b3,
      extract(context, carrier, access) {
        context.traceId = ''
        return b3.extract(context, carrier, access)
      },
    }
    assert.deepEqual(await failures(rude), ['leaves ids alone that another propagator has found'])
  })

  it('fails a propagator that hides keys from those who ask what it reads', async () => {
    const shy = await failures({ ...b3, fields: ['x-other'] })
    assert.ok(shy.includes('offers itself for every key that it reads: a span'))
    assert.ok(shy.includes('writes to every kind of carrier the same'))
  })
})
