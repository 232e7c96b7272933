import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ExpressTracing } from '../../dist/esm/frameworks/express.js'
import { environmentOptions } from '../../dist/esm/options.js'
import { optionsTable } from '../../dist/esm/options-table.js'
import { pythonNames } from '../../dist/esm/python-names.js'
import { folderWith } from './support.ts'

/** What the refusal of an option says. */
function refusal(options: object): string {
  let message = ''
  assert.throws(
    () => environmentOptions(options, {}, null),
    (error: any) => {
      message = error.message
      return error.code === 'SPOOR_UNKNOWN_OPTION'
    },
  )
  return message
}

describe('names of the Python libraries', () => {
  for (const { library, old, now, note } of pythonNames().filter((name) => name.old !== name.now)) {
    test(`${old} of ${library} is refused, and leads to ${now}`, () => {
      const message = refusal({ [old]: true })
      assert.ok(message.includes(`"${old}"`))
      assert.ok(/Here it is "\w+"/.test(message) || message.endsWith(note), message)
      if (now in optionsTable) assert.ok(message.includes(`"${now}"`), message)
    })
  }

  test('PYR-C07, PYR-C08: the former keys of the tracer lead to its key', () => {
    for (const name of [
      'ot.base_tracer',
      'ot.base_tracer_func',
      'ot.tracer',
      'ot.tracer_callable',
      'base_tracer',
    ])
      assert.match(refusal({ [name]: () => {} }), /Here it is "tracer"/, name)
  })

  test('PYR-C04, TOR-C01: a ready tracing object is attached rather than configured', () => {
    for (const name of ['ot.tracing', 'ot.tracing_callable', 'opentracing_tracing'])
      assert.match(refusal({ [name]: {} }), /`attach\(app\)`/, name)
  })

  test('they are known with and without the prefix of their library', () => {
    for (const [name, now] of [
      ['trace_all', 'traceAll'],
      ['start_span_cb', 'startSpanCallback'],
      ['tracer_parameters', 'tracerOptions'],
      ['caller_name_headers', 'callerNameHeaders'],
      ['trace_all_requests', 'traceAll'],
    ] as const)
      assert.match(refusal({ [name]: 1 }), new RegExp(`Here it is "${now}"`), name)
  })

  test('a tracing object refuses them likewise, and a file by its name', () => {
    assert.throws(() => new ExpressTracing({ start_span_cb() {} } as never), {
      code: 'SPOOR_UNKNOWN_OPTION',
      message: /"startSpanCallback"/,
    })
    const folder = folderWith({ 'spoor.config.json': { 'ot.trace_all': true } })
    assert.throws(() => environmentOptions({}, {}, folder), {
      code: 'SPOOR_UNKNOWN_OPTION',
      message: /spoor\.config\.json: .*"traceAll"/,
    })
  })

  test('a name that is merely mistyped leads to the nearest', () => {
    assert.match(refusal({ tracall: true }), /Did you mean "traceAll"/)
  })
})
