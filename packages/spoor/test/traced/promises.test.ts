import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createContext, runInContext } from 'node:vm'
import { traced, withSpan } from 'spoor'
import { tracedBed } from './support.ts'

const bed = tracedBed()
const turn = (): Promise<void> => new Promise(setImmediate)

describe('a traced function that returns a promise', () => {
  test('the very promise comes back, and the span lasts until it has settled', async () => {
    let promise: Promise<string> | undefined
    const wait = traced(function wait() {
      promise = sleep(10, 'value')
      return promise
    })
    assert.equal(wait(), promise)
    assert.equal(bed.finished.length, 0)
    assert.equal(await promise, 'value')
    await turn()
    const { startTime, endTime } = bed.only()
    assert.ok(endTime - startTime >= 8, `it lasted ${endTime - startTime} ms`)
  })

  test('the rejection is the same error; nobody but the caller has to handle it', async () => {
    const error = new Error('no')
    const fail = traced(async function fail() {
      await sleep(1)
      throw error
    })
    await assert.rejects(fail(), (caught) => caught === error)
    assert.equal(bed.only().status.code, 'error')
  })

  test('a rejection that nobody handles is told by the span: the price of handing back the very promise', async () => {
    void traced(() => Promise.reject(new Error('nobody listens')), { name: 'forgotten' })()
    await turn()
    assert.equal(bed.only().status.message, 'nobody listens')
  })

  test('the span is active after an await, and concurrent calls do not mix', async () => {
    const work = traced(
      async (id: number) => {
        const mine = bed.activeName()
        await sleep(id % 3)
        assert.equal(bed.activeName(), mine)
        await withSpan(`child ${id}`, () => sleep(1))
      },
      { onStart: (span, id) => void span.setOperationName(`work ${id}`) },
    )
    await Promise.all(Array.from({ length: 20 }, (_, id) => work(id)))
    await turn()
    for (let id = 0; id < 20; id++) {
      assert.equal(bed.named(`child ${id}`).parentSpanId, bed.named(`work ${id}`).spanId)
    }
    assert.equal(bed.activeName(), undefined)
  })

  test('a subclass of Promise that nobody awaits has its span finished', async () => {
    class Tagged<Value> extends Promise<Value> {}
    const made = Tagged.resolve(1)
    assert.equal(traced(() => made)(), made)
    await turn()
    assert.equal(bed.finished.length, 1)
    assert.ok(!Object.hasOwn(made, 'then'))
  })

  test('a promise of another realm is awaited there, and its span is finished', async () => {
    const sandbox = createContext({ traced, result: undefined })
    const made = runInContext(
      `const f = traced(async function inSandbox() { return 1 })
       result = (async () => await f())()`,
      sandbox,
    ) as Promise<number>
    assert.ok(!(made instanceof Promise))
    assert.equal(await made, 1)
    await turn()
    assert.equal(bed.only().name, 'inSandbox')
  })
})

describe('a traced function that returns a lazy thenable', () => {
  /** What a query builder is: nothing happens before `then`. */
  class Query {
    runs = 0
    seen: (string | undefined)[] = []

    // biome-ignore lint/suspicious/noThenProperty: that is what a query builder has.
    then(ok?: (value: number) => unknown, fail?: (error: unknown) => unknown): Promise<unknown> {
      this.runs++
      this.seen.push(bed.activeName())
      return sleep(2, 42).then(ok, fail)
    }
  }

  test('we do not run it; whoever awaits it runs it, once, inside of the span', async () => {
    const query = new Query()
    const build = traced(function build() {
      return query
    })
    assert.equal(build(), query)
    await turn()
    assert.equal(query.runs, 0)
    assert.equal(bed.finished.length, 0)
    assert.equal(await query, 42)
    assert.equal(query.runs, 1)
    assert.deepEqual(query.seen, ['build'])
    assert.equal(bed.only().status.code, 'unset')
  })

  test('callbacks given to then run in the context of whoever gave them', async () => {
    const seen: (string | undefined)[] = []
    const query = traced(() => new Query(), { name: 'query' })()
    await withSpan('caller', async () => {
      await query.then(() => seen.push(bed.activeName()))
      seen.push(bed.activeName())
    })
    assert.deepEqual(seen, ['caller', 'caller'])
  })

  test('a rejection is recorded, and reaches the caller', async () => {
    const error = new Error('no such table')
    const lazy = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable.
      then: (_ok: unknown, fail: (error: unknown) => unknown) => fail(error),
    }
    await assert.rejects(Promise.resolve(traced(() => lazy, { name: 'query' })()), error)
    assert.equal(bed.only().status.message, 'no such table')
  })

  test('a frozen thenable cannot be watched: it stays as it is, and the span ends', async () => {
    const query = Object.freeze(new Query())
    assert.equal(traced(() => query)(), query)
    assert.equal(bed.finished.length, 1)
    assert.equal(query.runs, 0)
  })
})

describe('other results', () => {
  test('a value that throws when it is looked at comes back as it is', () => {
    const trap = new Proxy(
      {},
      {
        get() {
          throw new Error('the trap')
        },
        getPrototypeOf() {
          throw new Error('the trap')
        },
      },
    )
    assert.ok(traced(() => trap)() === trap)
    assert.equal(bed.finished.length, 1)
  })

  test('frozen objects, functions, null and symbols settle at once', () => {
    const values: unknown[] = [Object.freeze({ a: 1 }), () => 1, null, undefined, Symbol('s'), 0, '', 1n]
    for (const value of values) assert.equal(traced(() => value)(), value)
    assert.equal(bed.finished.length, values.length)
  })
})
