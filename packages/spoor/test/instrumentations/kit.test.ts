import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { init, shutdown } from 'spoor'
import { database, type Instrumentation, instrumentation } from 'spoor/instrument'
import { type CaseResult, describeInstrumentation, runCases, type Tracing } from 'spoor/testing'

/** A library of a few lines, so that what is wrong with its table or with the tracing is wrong on purpose. */
class Store {
  async get(key: string): Promise<string> {
    await null
    if (key === 'missing') throw new Error('there is no such key')
    return 'value'
  }
}
const library = { Store }

function tableWith(facts: object = {}): Instrumentation {
  return instrumentation({
    name: 'store',
    patches: [
      {
        module: 'store-of-the-kit',
        versions: '*',
        file: 'index.js',
        at: 'Store.prototype',
        from: 'Store.prototype',
        methods: { get: database<any>({ system: 'store', operation: () => 'GET', ...facts }) },
      },
    ],
  })
}

/** Runs the kit with tables of an application's own, which have to be handed their library. */
async function judge(table: Instrumentation, tracing: Partial<Tracing> = {}): Promise<CaseResult[]> {
  const spoor = await import('spoor')
  const withTable: Tracing = {
    init(options) {
      const tables = options.instrumentations ?? [table]
      const disable = options.instrumentations === undefined ? {} : { disable: [] }
      const tracer = init({ ...options, ...disable, instrumentations: tables })
      spoor.instrument(library)
      return tracer
    },
    shutdown,
  }
  const results = await runCases((runner) =>
    describeInstrumentation(runner, {
      tracing: { ...withTable, ...tracing },
      table,
      load: () => library,
      open: () => new Store(),
      close() {},
      call: (store, secret) => store.get(secret),
      fails: (store) => store.get('missing'),
      methods: () => [[Store.prototype, 'get']],
      expect: { name: 'GET', attributes: { 'db.system.name': 'store' }, tags: { 'db.type': 'store' } },
    }),
  )
  await shutdown()
  return results
}

const failed = (results: CaseResult[]): string[] =>
  results.filter(({ passed }) => !passed).map(({ title }) => title)

describe('the contract of instrumentations', () => {
  it('is kept by a table that is right', async () => {
    const results = await judge(tableWith())
    assert.deepEqual(
      results.filter(({ passed }) => !passed).map(({ title, error }) => [title, error]),
      [],
    )
    assert.ok(results.length >= 12)
  })

  it('is broken by tracing that does nothing', async () => {
    const results = await judge(tableWith(), { init: (options) => init({ ...options, enabled: false }) })
    const passed = results.filter((result) => result.passed).map(({ title }) => title)
    // What holds of a library that nobody traces.
    assert.deepEqual(passed, ['nothing is recorded once tracing has ended'])
  })

  it('is broken by a name that is another', async () => {
    assert.ok(
      failed(await judge(tableWith({ operation: () => 'get' }))).includes(
        'one call is one client span, named and described',
      ),
    )
  })

  it('is broken by a value that reaches a span', async () => {
    const leaky = tableWith({ statement: ({ args }: { args: string[] }) => `GET ${args[0]}` })
    const titles = failed(await judge(leaky))
    assert.ok(titles.includes('no value reaches a span'))
    assert.ok(titles.includes('a foreign tracer gets OpenTracing tags, and the very error that was thrown'))
  })

  it('is broken by a parent that is not the caller', async () => {
    const titles = failed(await judge(tableWith({ parent: () => null })))
    assert.ok(titles.includes('the active span is the parent, and stays active'))
    assert.ok(titles.includes('100 calls at once each have their own parent'))
  })

  it('is broken by methods that are not put back', async () => {
    const original = Store.prototype.get
    const titles = failed(
      await judge(tableWith(), {
        async shutdown() {
          const traced = Store.prototype.get
          await shutdown()
          Store.prototype.get = traced
        },
      }),
    )
    Store.prototype.get = original
    assert.ok(
      titles.includes('methods look as before while they are traced, and are the same functions afterwards'),
    )
  })
})
