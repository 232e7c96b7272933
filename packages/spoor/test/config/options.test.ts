import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemorySink } from 'spoor/export'
import { environmentOptions } from '../../dist/esm/options.js'
import { AsyncLocalStorageScopeManager } from '../../dist/esm/scope/index.js'
import { alwaysOn } from '../../dist/esm/tracer/sampler.js'

const resolve = (options: unknown): unknown => environmentOptions(options as never, {})

describe('options of init()', () => {
  test('one that does not exist is refused with a code, naming the nearest', () => {
    for (const [wrong, right] of [
      ['servicename', 'serviceName'],
      ['exporter', 'exporters'],
      ['endpiont', 'endpoint'],
      ['samplers', 'sampler'],
      ['propagator', 'propagators'],
    ] as const) {
      assert.throws(() => resolve({ [wrong]: 'x' }), {
        code: 'SPOOR_UNKNOWN_OPTION',
        message: `There is no option "${wrong}". Did you mean "${right}"?`,
      })
    }
    assert.throws(() => resolve({ 'nothing like it at all': 1 }), { message: /Known are serviceName, / })
  })

  test('names in them that do not exist are refused likewise', () => {
    assert.throws(() => resolve({ exporters: ['oltp'] }), {
      code: 'SPOOR_UNKNOWN_EXPORTER',
      message: /"otlp"/,
    })
    assert.throws(() => resolve({ propagators: ['w3c'] }), { code: 'SPOOR_UNKNOWN_PROPAGATOR' })
    assert.throws(() => resolve({ disable: ['postgres'] }), { code: 'SPOOR_UNKNOWN_INSTRUMENTATION' })
    assert.throws(() => resolve({ limits: { attribute: 1 } }), {
      code: 'SPOOR_UNKNOWN_LIMIT',
      message: /"attributes"/,
    })
  })

  test('a value that cannot be used is refused at start, and the message says what can', () => {
    const wrong: { readonly [option: string]: readonly unknown[] } = {
      serviceName: [7, null, {}],
      resourceAttributes: ['a=b', { a: {} }, null],
      tracer: ['jaeger', null, {}, { startSpan() {} }],
      exporters: ['otlp', [null], [{}], [7]],
      endpoint: [4318, new URL('http://localhost')],
      headers: ['a=b', { a: 1 }],
      sampler: ['always_on', 0.5, null, {}],
      propagators: ['b3', [null], [{}]],
      instrumentations: ['express', [{}], [null]],
      remoteParent: ['stop', true],
      dialect: ['opentelemetry', ''],
      limits: [7, null, { attributes: -1 }, { events: 1.5 }, { links: Number.NaN }, { attributes: '5' }],
      disable: ['pg', [1]],
      rawStatements: ['yes', 1],
      scopeManager: [{}, null],
      logLevel: ['loud', 0],
      enabled: ['false', 0],
    }
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values) {
        assert.throws(
          () => resolve({ [option]: value }),
          (error: any) => {
            assert.equal(error.code, 'SPOOR_INVALID_OPTION', `${option}: ${error}`)
            assert.match(error.message, /should be .+, and is /)
            return true
          },
          option,
        )
      }
    }
    for (const options of [null, 'otlp', 7, []])
      assert.throws(() => resolve(options), { code: 'SPOOR_INVALID_OPTION' })
  })

  test('headers that are refused are not printed', () => {
    assert.throws(
      () => resolve({ headers: { authorization: 7, 'x-key': 's3cret' } }),
      (error: Error) => !error.message.includes('s3cret'),
    )
  })

  test('values that fit, and undefined, are taken', () => {
    const options = {
      serviceName: 'shop',
      resourceAttributes: { a: 'b', c: 1, d: true },
      exporters: ['otlp', 'none', new MemorySink()],
      endpoint: 'http://localhost:4318',
      headers: { a: 'b' },
      sampler: alwaysOn,
      propagators: ['b3', 'tracecontext,baggage'],
      limits: { attributes: 0, attributeValueLength: undefined },
      disable: ['pg'],
      scopeManager: new AsyncLocalStorageScopeManager(),
      enabled: true,
    }
    assert.ok(resolve(options))
    assert.ok(resolve(Object.fromEntries(Object.keys(options).map((name) => [name, undefined]))))
  })
})
