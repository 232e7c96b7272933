import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { carrierAccess } from 'spoor/propagation'

const { get, keys, set } = carrierAccess

describe('carrierAccess', () => {
  it('finds a key in whatever case', () => {
    assert.equal(get({ TraceParent: 'x' }, 'traceparent'), 'x')
    assert.equal(get(new Map([['TRACEPARENT', 'x']]), 'traceparent'), 'x')
    assert.equal(get(new Headers({ TraceParent: 'x' }), 'traceparent'), 'x')
    assert.equal(get([['TraceParent', 'x']], 'traceparent'), 'x')
    assert.equal(get({ other: 'x', tracepareNt2: 'y' }, 'traceparent'), undefined)
  })

  it('prefers the exact key', () => {
    assert.equal(get({ B3: 'upper', b3: 'lower' }, 'b3'), 'lower')
  })

  it('joins repeated values with commas', () => {
    assert.equal(get({ tracestate: ['a=1', 'b=2'] }, 'tracestate'), 'a=1,b=2')
    assert.equal(
      get(
        [
          ['tracestate', 'a=1'],
          ['x', 'y'],
          ['TraceState', 'b=2'],
        ],
        'tracestate',
      ),
      'a=1,b=2',
    )
    const headers = new Headers()
    headers.append('tracestate', 'a=1')
    headers.append('tracestate', 'b=2')
    assert.equal(get(headers, 'tracestate'), 'a=1, b=2')
  })

  it('passes over values that are not text', () => {
    assert.equal(get({ b3: 0 }, 'b3'), undefined)
    assert.equal(get({ b3: Symbol('b3') }, 'b3'), undefined)
    assert.equal(get({ b3: [0, null, 'x', Symbol('b3')] }, 'b3'), 'x')
    assert.equal(get({ b3: [] }, 'b3'), undefined)
    assert.equal(get(new Map([['b3', 1]]), 'b3'), undefined)
  })

  it('lists keys in lower case', () => {
    assert.deepEqual([...keys({ A: '1', b: '2' })], ['a', 'b'])
    assert.deepEqual([...keys(new Map([['A', '1']]))], ['a'])
    assert.deepEqual([...keys(new Headers({ A: '1' }))], ['a'])
    assert.deepEqual([...keys([['A', '1'], 'junk', [1, 2]])], ['a'])
    assert.deepEqual([...keys(null)], [])
  })

  it('overwrites what is there', () => {
    const pairs = [['B3', 'old']]
    set(pairs, 'b3', 'new')
    set(pairs, 'x', 'y')
    assert.deepEqual(pairs, [
      ['B3', 'new'],
      ['x', 'y'],
    ])
    const headers = new Headers({ B3: 'old' })
    set(headers, 'b3', 'new')
    assert.equal(headers.get('b3'), 'new')
  })

  it('reads no more than a bounded number of keys, even of a carrier without end', () => {
    const endless = {
      get: () => undefined,
      *entries(): Iterable<[string, string]> {
        for (let i = 0; ; i++) yield [`key-${i}`, 'value']
      },
    }
    assert.equal(get(endless, 'b3'), undefined)
    assert.equal([...keys(endless)].length, 2000)
  })

  it('reads no more than a bounded part of a list without end', () => {
    const list = new Array(1_000_000).fill('value')
    assert.ok((get({ baggage: list }, 'baggage') ?? '').length < 10_000)
  })
})
