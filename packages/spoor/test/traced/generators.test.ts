import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { traced, withSpan } from 'spoor'
import { tracedBed } from './support.ts'

const bed = tracedBed()

describe('a traced asynchronous generator', () => {
  const seen: (string | undefined)[] = []
  const count = traced(async function* count(to: number) {
    try {
      for (let i = 0; i < to; i++) {
        seen.push(bed.activeName())
        await sleep(1)
        seen.push(bed.activeName())
        yield i
      }
      return 'end'
    } finally {
      seen.push(bed.activeName())
    }
  })

  test('every pull runs in its span, the consumer in its own', async () => {
    seen.length = 0
    const consumer: unknown[] = []
    await withSpan('consumer', async () => {
      for await (const value of count(2)) consumer.push([value, bed.activeName()])
    })
    assert.deepEqual(consumer, [
      [0, 'consumer'],
      [1, 'consumer'],
    ])
    assert.deepEqual(seen, ['count', 'count', 'count', 'count', 'count'])
    assert.equal(bed.named('count').parentSpanId, bed.named('consumer').spanId)
  })

  test('it begins with the call and ends with the last value', async () => {
    const values = count(1)
    assert.equal(values[Symbol.asyncIterator](), values)
    await values.next()
    assert.equal(bed.finished.length, 0)
    assert.deepEqual(await values.next(), { done: true, value: 'end' })
    assert.equal(bed.finished.length, 1)
  })

  test('leaving early ends it without an error', async () => {
    for await (const _value of count(100)) break
    assert.equal(bed.only().status.code, 'unset')
  })

  test('returning before the first value ends it', async () => {
    await count(5).return('done')
    assert.equal(bed.finished.length, 1)
  })

  test('what it throws is thrown on and recorded', async () => {
    const error = new Error('in the middle')
    const fail = traced(async function* fail() {
      yield 1
      throw error
    })
    await assert.rejects(async () => {
      for await (const _value of fail());
    }, error)
    assert.equal(bed.only().status.message, 'in the middle')
  })

  test('what is thrown into it and not caught is recorded', async () => {
    const error = new Error('thrown in')
    const values = count(5)
    await values.next()
    await assert.rejects(values.throw(error), error)
    assert.equal(bed.only().status.message, 'thrown in')
  })
})

describe('a traced generator', () => {
  const letters = traced(function* letters(): Generator<string | undefined, string, string | undefined> {
    const given = yield bed.activeName()
    yield given
    return 'end'
  })

  test('every pull runs in its span, and values go both ways', () => {
    const values = letters()
    assert.deepEqual(values.next('ignored'), { done: false, value: 'letters' })
    assert.equal(bed.activeName(), undefined)
    assert.deepEqual(values.next('given'), { done: false, value: 'given' })
    assert.equal(bed.finished.length, 0)
    assert.deepEqual(values.next(''), { done: true, value: 'end' })
    assert.equal(bed.only().status.code, 'unset')
  })

  test('spread, early return and errors end it once', () => {
    assert.deepEqual([...letters()], ['letters', undefined])
    for (const _value of letters()) break
    assert.throws(() => letters().throw(new Error('no')), /no/)
    assert.deepEqual(
      bed.finished.map((span) => span.status.code),
      ['unset', 'unset', 'error'],
    )
  })

  test('an iterator without return() is given none', () => {
    const iterator = { next: () => ({ done: true, value: 1 }), throw() {} }
    assert.equal(traced(() => iterator)(), iterator)
    assert.ok(!('return' in iterator))
    iterator.next()
    assert.equal(bed.finished.length, 1)
  })

  test('a frozen iterator stays as it is, and the span ends', () => {
    const iterator = Object.freeze({ next: () => ({ done: true, value: 1 }), throw() {} })
    assert.equal(traced(() => iterator)(), iterator)
    assert.equal(bed.finished.length, 1)
  })
})
