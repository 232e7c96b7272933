import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FLAG_DEBUG, FLAG_DEFERRED, FLAG_RANDOM, FLAG_SAMPLED, TraceContext } from 'spoor/api'
import { baggage, carrierAccess, traceContext } from 'spoor/propagation'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

function stateOf(tracestate: string | string[]): string {
  const context = new TraceContext('', '', 0)
  const carrier = { traceparent: `00-${TRACE}-${SPAN}-00`, tracestate }
  assert.equal(traceContext.extract(context, carrier, carrierAccess), true)
  return context.traceState
}

function written(context: TraceContext): Record<string, string> {
  const carrier: Record<string, string> = {}
  traceContext.inject(context, carrier, carrierAccess)
  return carrier
}

describe('traceparent', () => {
  it('carries the sampled and the random flag, and nothing else', () => {
    const flags = (bits: number): string | undefined => {
      return written(new TraceContext(TRACE, SPAN, bits))['traceparent']?.slice(53)
    }
    assert.equal(flags(0), '00')
    assert.equal(flags(FLAG_SAMPLED), '01')
    assert.equal(flags(FLAG_RANDOM), '02')
    assert.equal(flags(FLAG_SAMPLED | FLAG_RANDOM), '03')
    assert.equal(flags(FLAG_DEBUG | FLAG_DEFERRED | 0xfc), '00')
  })

  it('is read with every flag that may stand in it', () => {
    for (let byte = 0; byte < 256; byte++) {
      const context = new TraceContext('', '', 0)
      const traceparent = `00-${TRACE}-${SPAN}-${byte.toString(16).padStart(2, '0')}`
      traceContext.extract(context, { traceparent }, carrierAccess)
      assert.equal(context.traceFlags, byte & 3, traceparent)
    }
  })

  it('is read in every version but ff', () => {
    for (let version = 0; version < 256; version++) {
      const context = new TraceContext('', '', 0)
      const traceparent = `${version.toString(16).padStart(2, '0')}-${TRACE}-${SPAN}-01`
      assert.equal(
        traceContext.extract(context, { traceparent }, carrierAccess),
        version !== 255,
        traceparent,
      )
    }
  })

  it('is not read with one character of it in upper case, or of another kind', () => {
    const valid = `00-${TRACE}-${SPAN}-0a`
    for (let i = 0; i < valid.length; i++) {
      for (const character of ['A', 'F', 'g', '/', ':', '`', ' ', '\0', 'é', '０']) {
        const traceparent = valid.slice(0, i) + character + valid.slice(i + 1)
        const context = new TraceContext('', '', 0)
        // White space at an end is trimmed, and then a character is missing.
        assert.equal(traceContext.extract(context, { traceparent }, carrierAccess), false, traceparent)
        assert.equal(context.traceId + context.spanId, '')
      }
    }
  })

  it('is not written for ids that are not ids', () => {
    for (const [trace, span] of [
      ['', ''],
      [TRACE, ''],
      ['0'.repeat(32), SPAN],
      [TRACE.toUpperCase(), SPAN],
      [`${TRACE.slice(0, 30)}\r\n`, SPAN],
    ] as const) {
      assert.deepEqual(written(new TraceContext(trace, span, 1)), {})
    }
  })
})

describe('tracestate', () => {
  it('is sent on as it came', () => {
    const state = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'
    assert.equal(stateOf(state), state)
    assert.equal(written(new TraceContext(TRACE, SPAN, 1, state))['tracestate'], state)
  })

  it('keeps leading spaces of values, which belong to them', () => {
    assert.equal(stateOf('a=  1 ,b=2'), 'a=  1,b=2')
  })

  it('may hold empty members, which do not count', () => {
    assert.equal(stateOf([',a=1,, ,', '\t', 'b=2']), 'a=1,b=2')
    const full = Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(',')
    assert.equal(stateOf([full, '', '']), full)
  })

  it('takes values of 256 characters and not of 257', () => {
    assert.equal(stateOf(`a=${'v'.repeat(256)}`), `a=${'v'.repeat(256)}`)
    assert.equal(stateOf(`a=${'v'.repeat(257)}`), '')
  })

  it('is discarded whole for a member without value or key, and for characters outside of printable ASCII', () => {
    for (const bad of ['a', 'a=', '=1', 'a=1\t2', 'a=\u00e9', 'a=1\r\n', 'é=1', 'a=1;b=2=3']) {
      assert.equal(stateOf(`good=1,${bad}`), '', bad)
    }
  })

  it('is kept to 8,192 characters: everything the specification asks for and more', () => {
    const list = (length: number): string => {
      const members = Array.from(
        { length: 31 },
        (_, i) => `k${String(i).padStart(2, '0')}=${'v'.repeat(256)}`,
      )
      const head = members.join(',')
      return `${head},last=${'v'.repeat(length - head.length - 6)}`
    }
    assert.equal(list(8192).length, 8192)
    assert.ok(stateOf(list(8192)) === list(8192))
    assert.equal(stateOf(list(8193)), '')
  })

  it('is not read without a traceparent', () => {
    const context = new TraceContext('', '', 0)
    assert.equal(traceContext.extract(context, { tracestate: 'a=1' }, carrierAccess), false)
    assert.equal(context.traceState, '')
  })
})

describe('baggage', () => {
  const read = (value: string | string[]): Record<string, string> => {
    const context = new TraceContext('', '', 0)
    baggage.extract(context, { baggage: value }, carrierAccess)
    return Object.fromEntries(context.baggage)
  }
  const roundTrip = (value: string): string | undefined => {
    const context = new TraceContext('', '', 0)
    baggage.extract(context, { baggage: value }, carrierAccess)
    const carrier: Record<string, string> = {}
    baggage.inject(context, carrier, carrierAccess)
    return carrier['baggage']
  }

  it('is read with optional white space everywhere', () => {
    const header =
      'SomeKey \t = \t SomeValue \t ; \t SomeProp \t = \t x \t , \t SomeKey2 \t = \t SomeValue2 \t '
    assert.deepEqual(read(header), { SomeKey: 'SomeValue', SomeKey2: 'SomeValue2' })
  })

  it('is combined from repeated headers', () => {
    assert.deepEqual(read(['userId=alice', 'serverNode=DF%2028,isProduction=false']), {
      userId: 'alice',
      serverNode: 'DF 28',
      isProduction: 'false',
    })
  })

  it('skips malformed members and keeps the others', () => {
    assert.deepEqual(read('a=1,,b,=2, =3,c d=4,"e"=5,f=\u00e9,g=6\r\n,h=7'), { a: '1', h: '7' })
  })

  it('replaces bytes that are no UTF-8, and leaves stray percent signs', () => {
    assert.deepEqual(read('a=%ff%41,b=100%,c=%zz%C3%AB'), { a: '\ufffdA', b: '100%', c: '%zzë' })
  })

  it('decodes the characters of the test suite', () => {
    const encoded = '%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29'
    assert.deepEqual(read(`SomeKey=${encoded}`), { SomeKey: '\t "\';=asdf!@#$%^&*()' })
  })

  it('sends properties on as they came', () => {
    const header = 'key1=value1;property1;property2,key2=value2,key3=value3; propertyKey=propertyValue'
    assert.equal(roundTrip(header), header)
    assert.equal(roundTrip('a=1;p,a=2'), 'a=2')
  })

  it('holds keys that an object could not', () => {
    const items = read('__proto__=1,constructor=2,toString=3')
    assert.deepEqual(Object.entries(items).sort(), [
      ['__proto__', '1'],
      ['constructor', '2'],
      ['toString', '3'],
    ])
    assert.equal(({} as Record<string, unknown>)['1'], undefined)
  })

  it('carries 64 members and 8,192 bytes, as the specification demands at least, and no more than 180', () => {
    const list = (count: number): string => Array.from({ length: count }, (_, i) => `key${i}=v`).join(',')
    assert.equal(roundTrip(list(64)), list(64))
    assert.equal(roundTrip(list(180)), list(180))
    assert.equal(roundTrip(list(181)), list(180))
    const long = `key=${'v'.repeat(8192 - 4)}`
    assert.ok(roundTrip(long) === long)
    assert.equal(roundTrip(`small=1,huge=${'v'.repeat(9000)}`), 'small=1')
  })

  it('leaves out an item that is too long and writes those after it', () => {
    const items = new Map([
      ['huge', 'é'.repeat(8000)],
      ['small', '1'],
      ['', 'no key'],
    ])
    const carrier: Record<string, string> = {}
    baggage.inject(new TraceContext('', '', 0, '', items), carrier, carrierAccess)
    assert.deepEqual(carrier, { baggage: 'small=1' })
  })
})
