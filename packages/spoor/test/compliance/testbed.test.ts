import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { globalTracer, noopTracer, resetGlobalTracer, setGlobalTracer } from 'spoor/api'
import { describeTestbed, runCases } from 'spoor/testing'
import { mockBed, scopeManagers, spoorBed } from './support.js'

const { after, describe, test } = runner

for (const { name, asynchronous, make } of scopeManagers) {
  describeTestbed(runner, {
    title: `The testbed with Spoor's tracer on ${name}`,
    make: () => spoorBed({ scopeManager: make() }),
    asynchronous,
  })
  describeTestbed(runner, {
    title: `The testbed with the mock tracer on ${name}`,
    make: () => mockBed(make()),
    asynchronous,
  })
}

describe('The testbed through the global tracer', () => {
  after(resetGlobalTracer)
  describeTestbed(runner, {
    make() {
      const { tracer, finished } = spoorBed()
      setGlobalTracer(tracer)
      return { tracer: globalTracer(), finished }
    },
  })
})

test('TB-M: the testbed fails in every scenario on a tracer that does nothing', async () => {
  const results = await runCases((collector) =>
    describeTestbed(collector, { make: () => ({ tracer: noopTracer, finished: () => [] }), timeout: 10 }),
  )
  assert.deepEqual(
    results.filter(({ passed }) => passed),
    [],
  )
  assert.equal(results.length, 19)
})

test('TB-M: the testbed notices a manager that does not follow asynchronous flows', async () => {
  const results = await runCases((collector) =>
    describeTestbed(collector, {
      // On a stack nothing follows a request by itself, so whatever needs that must fail.
      make: () => mockBed(scopeManagers[1].make()),
      asynchronous: true,
      timeout: 2000,
    }),
  )
  const failed = results.filter(({ passed }) => !passed).map(({ title }) => title.split(':')[0])
  assert.deepEqual(failed.sort(), [
    'TB-03d',
    'TB-06',
    'TB-07b',
    'TB-07c',
    'TB-07d',
    'TB-07e',
    'TB-07g',
    'TB-07h',
    'TB-07i',
    'TB-08',
  ])
})
