import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { globalTracer, noopTracer, resetGlobalTracer, setGlobalTracer } from 'spoor/api'
import { describeTracer, runCases } from 'spoor/testing'
import { isParent, mockBed, scopeManagers, spoorBed } from './support.js'

const { after, describe, test } = runner

for (const { name, make } of scopeManagers) {
  describeTracer(runner, {
    title: `Spoor's tracer on ${name}`,
    tracer: () => spoorBed({ scopeManager: make() }).tracer,
    isParent,
  })
  describeTracer(runner, {
    title: `The mock tracer on ${name}`,
    tracer: () => mockBed(make()).tracer,
    isParent,
  })
}

describe('The global tracer', () => {
  after(resetGlobalTracer)
  describeTracer(runner, {
    title: 'delegating to Spoor',
    tracer() {
      setGlobalTracer(spoorBed().tracer)
      return globalTracer()
    },
    isParent,
  })
  describeTracer(runner, {
    title: 'delegating to the mock tracer',
    tracer() {
      setGlobalTracer(mockBed().tracer)
      return globalTracer()
    },
    isParent,
  })
})

test('AC-M: the tracer kit fails on a tracer that does nothing, in each check that such a tracer cannot pass', async () => {
  const results = await runCases((collector) =>
    describeTracer(collector, { tracer: () => noopTracer, isParent: () => false }),
  )
  const failed = results.filter(({ passed }) => !passed).map(({ title }) => title.split(':')[0])
  for (const id of ['AC-02', 'AC-03', 'AC-06', 'AC-09', 'AC-18', 'AC-19', 'AC-24', 'AC-25']) {
    assert.ok(failed.includes(id), `${id} passes on a tracer that does nothing`)
  }
  for (const id of ['AC-04', 'AC-10', 'AC-13', 'AC-15', 'AC-17', 'AC-22']) {
    assert.ok(!failed.includes(id), `${id} fails, though a tracer that does nothing satisfies it`)
  }
  assert.equal(results.length, 31)
})

test('AC-M: the tracer kit passes on a tracer that does nothing once the checks are switched off that it cannot pass', async () => {
  const results = await runCases((collector) =>
    describeTracer(collector, {
      tracer: () => noopTracer,
      isParent: () => false,
      checkBaggage: false,
      checkScopeManager: false,
      checkPropagation: false,
    }),
  )
  assert.deepEqual(
    results.filter(({ passed }) => !passed),
    [],
  )
  assert.equal(results.length, 25)
})

/** Each breaks one thing in a tracer that is otherwise right, and names the checks that must notice. */
const SABOTAGE: { name: string; noticedBy: string[]; tracer: () => ReturnType<typeof spoorBed>['tracer'] }[] =
  [
    {
      name: 'ignores ignoreActiveSpan',
      noticedBy: ['AC-04', 'AC-10', 'AC-N6'],
      tracer: () =>
        sabotaged('startSpan', (start, name, options) =>
          start(name, { ...options, ignoreActiveSpan: false }),
        ),
    },
    {
      name: 'never inherits the active span',
      noticedBy: ['AC-03', 'AC-09', 'AC-N1'],
      tracer: () =>
        sabotaged('startSpan', (start, name, options) => start(name, { ...options, ignoreActiveSpan: true })),
    },
    {
      name: 'accepts every format',
      noticedBy: ['AC-23'],
      tracer: () => {
        const { tracer } = spoorBed()
        runner.mock.method(tracer, 'extract', () => null)
        return tracer
      },
    },
  ]

type Start = (
  name: string,
  options?: object,
) => ReturnType<ReturnType<typeof spoorBed>['tracer']['startSpan']>

function sabotaged(
  method: 'startSpan',
  change: (original: Start, name: string, options?: object) => ReturnType<Start>,
): ReturnType<typeof spoorBed>['tracer'] {
  const { tracer } = spoorBed()
  const original: Start = tracer[method].bind(tracer)
  runner.mock.method(tracer, method, (name: string, options?: object) => change(original, name, options))
  return tracer
}

for (const { name, noticedBy, tracer } of SABOTAGE) {
  test(`AC-M: the tracer kit notices a tracer that ${name}`, async () => {
    const results = await runCases((collector) => describeTracer(collector, { tracer, isParent }))
    const failed = results.filter(({ passed }) => !passed).map(({ title }) => title.split(':')[0] ?? '')
    for (const id of noticedBy)
      assert.ok(failed.includes(id), `${id} did not notice; failed: ${failed.join()}`)
  })
}
