import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { traced, withSpan } from 'spoor'
import { captureLog } from '../export/support/log.ts'
import { tracedBed } from './support.ts'

const bed = tracedBed()

type Callback = (error: unknown, value?: number) => unknown

const read = traced(
  function read(value: number, callback: Callback): string {
    setImmediate(() => {
      if (value < 0) callback(new RangeError('negative'))
      else callback(null, value)
    })
    return 'handle'
  },
  { callback: true },
)

const called = (value: number): Promise<[unknown, number | undefined, string | undefined]> =>
  new Promise((resolve) => {
    assert.equal(
      read(value, (error, result) => resolve([error, result, bed.activeName()])),
      'handle',
    )
  })

describe('a traced function that calls back', () => {
  test('the callback ends the span and gets what it would have got', async () => {
    assert.deepEqual(await called(7), [null, 7, undefined])
    assert.equal(bed.only().name, 'read')
  })

  test('its error is recorded and passed on', async () => {
    const [error] = await called(-1)
    assert.ok(error instanceof RangeError)
    assert.equal(bed.only().status.message, 'negative')
  })

  test('the callback runs in the context of the caller: what it starts are siblings', async () => {
    await withSpan('request', async () => {
      const [, , active] = await called(1)
      assert.equal(active, 'request')
      await new Promise((resolve) =>
        read(2, () => {
          withSpan('next', () => {})
          resolve(undefined)
        }),
      )
    })
    const request = bed.named('request').spanId
    assert.equal(bed.named('next').parentSpanId, request)
    const reads = bed.finished.filter((span) => span.name === 'read')
    assert.deepEqual(
      reads.map((span) => span.parentSpanId),
      [request, request],
    )
  })

  test('the function gets a callback of the same name, length and own properties, with `this` passed on', () => {
    const self = { name: 'self' }
    let seen: unknown
    const callback = Object.assign(
      function done(this: unknown, _error: unknown, _value: unknown) {
        seen = this
        return 'answer'
      },
      { custom: 1 },
    )
    traced(
      function inspect(given: typeof callback) {
        assert.deepEqual([given.name, given.length, given.custom], ['done', 2, 1])
        assert.equal(given.call(self, null, 1), 'answer')
      },
      { callback: true },
    )(callback)
    assert.equal(seen, self)
  })

  test('called twice, it is called twice, and the span ends once', () => {
    let calls = 0
    const twice = traced(
      (callback: () => void) => {
        callback()
        callback()
      },
      { callback: true },
    )
    twice(() => calls++)
    assert.equal(calls, 2)
    assert.equal(bed.finished.length, 1)
  })

  test('what the function throws, and what its promise rejects with, ends the span', async () => {
    const error = new Error('no')
    const sync = traced(
      (_callback: Callback) => {
        throw error
      },
      { name: 'sync', callback: true },
    )
    assert.throws(() => sync(() => {}), error)
    const async = traced(
      async (_callback: Callback) => {
        throw error
      },
      { name: 'async', callback: true },
    )
    await assert.rejects(
      async(() => {}),
      error,
    )
    assert.deepEqual(
      bed.finished.map((span) => [span.name, span.status.message]),
      [
        ['sync', 'no'],
        ['async', 'no'],
      ],
    )
  })

  test('what the callback throws is the caller’s, and not the failure of the function', () => {
    const mine = new Error('in the callback')
    const call = traced((callback: Callback) => callback(null), { name: 'call', callback: true })
    assert.throws(
      () =>
        call(() => {
          throw mine
        }),
      mine,
    )
    assert.equal(bed.only().status.code, 'unset')
  })

  test('without a callback the promise decides', async () => {
    const either = traced(async (value: number, callback?: Callback) => callback?.(null, value) ?? value, {
      name: 'either',
      callback: true,
    })
    assert.equal(await either(3), 3)
    assert.equal(bed.only().name, 'either')
  })

  test('an onStart that throws does not keep it from running', async () => {
    const log = captureLog()
    try {
      const call = traced((callback: Callback) => callback(null, 1), {
        callback: true,
        onStart() {
          throw new Error('broken')
        },
      })
      assert.equal(
        call((_error, value) => value),
        1,
      )
      assert.equal(log.lines.length, 1)
    } finally {
      log.restore()
    }
  })
})
