import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { activeSpan, traced, withSpan } from 'spoor'
import { resetGlobalTracer } from 'spoor/api'
import { captureLog } from '../export/support/log.ts'
import { tracedBed } from './support.ts'

const bed = tracedBed()

describe('calls of a traced function', () => {
  test('one span for a call, named after the function, with what it returns untouched', () => {
    const result = {}
    const load = traced(function load() {
      assert.equal(bed.activeName(), 'load')
      return result
    })
    assert.equal(load(), result)
    assert.equal(bed.only().name, 'load')
    assert.equal(activeSpan(), null)
  })

  test('traced with options, and called with parentheses first, is the same', () => {
    const add = (a: number, b: number): number => a + b
    assert.equal(traced(add, { name: 'sum', tags: { kind: 'maths' } })(1, 2), 3)
    assert.equal(traced({ name: 'sum again' })(add)(1, 2), 3)
    assert.equal(traced()(add)(1, 2), 3)
    assert.deepEqual(
      bed.finished.map((span) => span.name),
      ['sum', 'sum again', 'add'],
    )
    assert.deepEqual(bed.finished[0]?.attributes, { kind: 'maths' })
  })

  test('`this`, arguments, name, length, own properties and the prototype are those of the function', () => {
    const mark = Symbol('mark')
    function Point(this: { x: number }, x: number, _y: number): void {
      this.x = x
    }
    Point.prototype.double = function (this: { x: number }) {
      return this.x * 2
    }
    const original = Object.assign(Point, { version: 3, [mark]: true })
    const wrapped = traced(original) as typeof original &
      (new (
        x: number,
        y: number,
      ) => { x: number; double(): number })
    assert.equal(wrapped.name, 'Point')
    assert.equal(wrapped.length, 2)
    assert.equal(wrapped.version, 3)
    assert.equal(wrapped[mark], true)
    const point = new wrapped(21, 0)
    assert.equal(point.double(), 42)
    assert.ok(point instanceof wrapped)

    const owner = {
      factor: 2,
      times: traced(function times(this: { factor: number }, ...all: number[]) {
        return all.map((each) => each * this.factor)
      }),
    }
    assert.deepEqual(owner.times(1, 2, 3), [2, 4, 6])
  })

  test('an anonymous function has a name all the same', () => {
    traced(
      (
        () => () =>
          1
      )(),
    )()
    assert.equal(bed.only().name, 'anonymous')
  })

  test('what is thrown is thrown on, the very same, and recorded', () => {
    for (const thrown of [new TypeError('no'), 'text', null, undefined, 7, Symbol('s')]) {
      const fail = traced(function fail() {
        throw thrown
      })
      assert.throws(fail, (error) => error === thrown)
    }
    assert.equal(bed.finished.length, 6)
    for (const span of bed.finished) {
      assert.equal(span.status.code, 'error')
      assert.equal(span.events[0]?.name, 'exception')
    }
    assert.equal(bed.finished[0]?.events[0]?.attributes['exception.type'], 'TypeError')
    assert.equal(bed.finished[0]?.status.message, 'no')
  })

  test('an error that throws when it is read is thrown on as it is', () => {
    const hostile = new Proxy(new Error('no'), {
      get() {
        throw new Error('the trap')
      },
    })
    const fail = traced(function fail() {
      throw hostile
    })
    let caught: unknown
    try {
      fail()
    } catch (error) {
      caught = error
    }
    assert.equal(caught, hostile)
    assert.equal(bed.only().status.code, 'error')
  })

  test('onStart gets the span and the arguments, before the function runs', () => {
    const order: string[] = []
    const load = traced(
      function load(_id: number) {
        order.push('load')
      },
      {
        onStart(span, id) {
          order.push('onStart')
          span.setTag('id', id)
        },
      },
    )
    load(7)
    assert.deepEqual(order, ['onStart', 'load'])
    assert.deepEqual(bed.only().attributes, { id: 7 })
  })

  test('an onStart that throws, or rejects, is reported once and changes nothing', async () => {
    const log = captureLog()
    try {
      const sync = traced(() => 1, {
        name: 'sync',
        onStart() {
          throw new Error('the callback is broken')
        },
      })
      const async = traced(() => 2, {
        name: 'async',
        onStart: async () => {
          throw new Error('the callback is broken too')
        },
      })
      assert.deepEqual([sync(), sync(), async(), async()], [1, 1, 2, 2])
      await new Promise(setImmediate)
      assert.equal(log.lines.length, 2)
      assert.match(log.lines[0] ?? '', /onStart callback of traced "sync" threw.*the callback is broken/)
      assert.match(log.lines[1] ?? '', /"async".*broken too/)
      assert.equal(bed.finished.length, 4)
    } finally {
      log.restore()
    }
  })

  test('requireActiveTrace: no span without a trace, one within', () => {
    const save = traced(function save() {}, { requireActiveTrace: true })
    save()
    assert.equal(bed.finished.length, 0)
    withSpan('request', () => save())
    assert.equal(bed.named('save').parentSpanId, bed.named('request').spanId)
  })

  test('without a tracer the function runs as if it had not been wrapped', () => {
    resetGlobalTracer()
    let started = 0
    const load = traced((value: number) => value, { onStart: () => void started++ })
    assert.equal(load(5), 5)
    assert.equal(started, 0)
    assert.equal(
      withSpan('nothing', () => 6),
      6,
    )
  })

  test('what cannot be traced is refused when it is marked, with a code', () => {
    class Shop {}
    const refused = { code: 'SPOOR_NOT_TRACEABLE' }
    assert.throws(() => traced(Shop as never), { ...refused, message: /class Shop.*methods/ })
    assert.throws(() => traced('load' as never, {} as never), refused)
    assert.throws(() => traced(undefined as never, {}), refused)
    assert.throws(() => traced(() => 1, 'load' as never), refused)
  })

  test('withSpan passes its span, takes options, and nests', () => {
    const inner = withSpan('outer', { tags: { a: 1 } }, (outer) => {
      outer.setTag('b', 2)
      return withSpan('inner', (span) => span)
    })
    assert.equal(inner.context().toSpanId(), bed.named('inner').spanId)
    assert.equal(bed.named('inner').parentSpanId, bed.named('outer').spanId)
    assert.deepEqual(bed.named('outer').attributes, { a: 1, b: 2 })
  })

  test('`using` makes a span active for its block, and finishes it there', async () => {
    const { tracer } = await import('spoor')
    {
      using scope = tracer.startActiveSpan('block')
      assert.equal(activeSpan(), scope.span)
      assert.equal(bed.finished.length, 0)
    }
    assert.equal(activeSpan(), null)
    assert.equal(bed.only().name, 'block')
  })
})
