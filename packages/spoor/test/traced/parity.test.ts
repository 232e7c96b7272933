import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import * as spoor from 'spoor'
import { activeSpan, traced, tracer, withActiveSpan, withSpan } from 'spoor'
import { resetGlobalTracer, type Span, setGlobalTracer } from 'spoor/api'
import { type MockSpan, MockTracer, StackScopeManager } from 'spoor/testing'
import { captureLog } from '../export/support/log.ts'

/* On a mock tracer, whose spans can be looked at while they are open. */
describe('what opentracing_instrumentation did by hand', () => {
  let mock = new MockTracer()
  const names = (): string[] => mock.finishedSpans().map((span) => span.operationName)
  const finished = (name: string): MockSpan => {
    const found = mock.finishedSpans().filter((span) => span.operationName === name)
    assert.equal(found.length, 1, `${found.length} spans named ${name}`)
    return found[0] as MockSpan
  }
  after(resetGlobalTracer)
  beforeEach(() => {
    mock = new MockTracer()
    setGlobalTracer(mock)
  })

  test('OPI-A01: the four names have their counterparts at the top', () => {
    const { activeSpan, withActiveSpan, withSpan, traced } = spoor
    for (const each of [activeSpan, withActiveSpan, withSpan, traced]) assert.equal(typeof each, 'function')
  })

  test('OPI-A02: the current span is that of the global tracer’s active scope, else null', () => {
    assert.equal(activeSpan(), null)
    const span = mock.startSpan('by hand')
    const scope = mock.scopeManager.activate(span, false)
    assert.equal(activeSpan(), span)
    scope.close()
    assert.equal(activeSpan(), null)
    resetGlobalTracer()
    assert.equal(activeSpan(), null)
  })

  test('OPI-A03: a span is active in the function and its continuations, then what was active before; it is not finished', async () => {
    const span = mock.startSpan('carried')
    await withSpan('before', async (before) => {
      const result = await withActiveSpan(span, async () => {
        assert.equal(activeSpan(), span)
        await pause(1)
        assert.equal(activeSpan(), span)
        mock.startSpan('below').finish()
        return 'result'
      })
      assert.equal(result, 'result')
      assert.equal(activeSpan(), before)
    })
    assert.equal(span.finished, false)
    assert.equal(finished('below').parentSpanId, span.spanId)
  })

  test('OPI-A03: null as the span is harmless: nothing is active, and what is started is a root', () => {
    withSpan('around', () => {
      withActiveSpan(null, () => {
        assert.equal(activeSpan(), null)
        mock.startSpan('root').finish()
      })
      assert.notEqual(activeSpan(), null)
    })
    assert.equal(finished('root').parentSpanId, '')
  })

  test('OPI-A03: what leaves the function is recorded on the span, once, and thrown on', async () => {
    const thrown = new Error('thrown')
    const rejected = new Error('rejected')
    const [one, two] = [mock.startSpan('one'), mock.startSpan('two')]
    const fail = (): never => {
      throw thrown
    }
    assert.throws(
      () => withActiveSpan(one, fail),
      (error) => error === thrown,
    )
    await assert.rejects(
      withActiveSpan(two, () => Promise.reject(rejected)),
      (error) => error === rejected,
    )
    for (const [span, error] of [
      [one, thrown],
      [two, rejected],
    ] as const) {
      assert.equal(span.tags['error'], true)
      assert.deepEqual(
        span.logs.map(({ fields }) => fields['error.object']),
        [error],
      )
      assert.equal(span.finished, false)
    }
    assert.equal(activeSpan(), null)
  })

  test('OPI-A03: without a tracer the function runs all the same', () => {
    resetGlobalTracer()
    assert.equal(
      withActiveSpan(mock.startSpan('span'), () => 5),
      5,
    )
    assert.equal(
      withActiveSpan(null, () => 6),
      6,
    )
  })

  test('OPI-A06: childOf starts a child of a span, and without a parent the active span decides', () => {
    const parent = mock.startSpan('parent')
    const given = tracer.startSpan('given', { childOf: parent, tags: { step: 1 } }) as MockSpan
    assert.equal(given.parentSpanId, parent.spanId)
    assert.deepEqual(given.tags, { step: 1 })
    withSpan('active', (active) => {
      const none = tracer.startSpan('none', { childOf: null }) as MockSpan
      assert.equal(none.parentSpanId, active.context().toSpanId())
    })
    assert.equal((tracer.startSpan('alone', { childOf: null }) as MockSpan).parentSpanId, '')
    const own = new MockTracer()
    assert.equal(own.startSpan('own', { childOf: own.startSpan('of another') }).tracer(), own)
  })

  test('OPI-A20, OPI-B20: functions bare, called and with options, methods, their names and their metadata', () => {
    function load(_id: number): string {
      return 'loaded'
    }
    load.version = 3
    class Shop {
      find(id: number): string {
        return `order ${id}`
      }
    }
    Shop.prototype.find = traced(Shop.prototype.find)
    const bare = traced(load)
    assert.deepEqual([bare(1), bare.name, bare.length, bare.version], ['loaded', 'load', 1, 3])
    traced()(load)(1)
    traced({ name: 'loading' })(load)(1)
    assert.equal(new Shop().find(7), 'order 7')
    traced(load, { name: 'given' })(1)
    assert.deepEqual(names(), ['load', 'load', 'loading', 'find', 'given'])
  })

  test('OPI-B20: the tracer is the global one of the moment of the call, and the parent the span that is active then', () => {
    const load = traced(function load() {})
    const later = new MockTracer()
    setGlobalTracer(later)
    later.startActiveSpan('request', () => load())
    const [child, parent] = later.finishedSpans()
    assert.equal(child?.parentSpanId, parent?.spanId)
    assert.deepEqual(names(), [])
  })

  test('OPI-B21: a required trace that is not there leaves the function untouched; the default starts one', () => {
    let started = 0
    const save = traced((value: number) => value, {
      name: 'save',
      requireActiveTrace: true,
      onStart: () => void started++,
    })
    assert.equal(save(1), 1)
    assert.deepEqual([names(), started], [[], 0])
    withSpan('request', () => save(2))
    assert.equal(finished('save').parentSpanId, finished('request').spanId)
    traced(function alone() {})()
    assert.equal(finished('alone').parentSpanId, '')
  })

  test('OPI-A21: a block may be named, tagged, and require a trace; without it the block gets a span that keeps nothing', () => {
    const query = (): string =>
      withSpan('query', { tags: { rows: 3 }, requireActiveTrace: true }, (span) => {
        span.setTag('seen', true)
        return 'rows'
      })
    assert.equal(query(), 'rows')
    assert.deepEqual(names(), [])
    withSpan('request', query)
    assert.deepEqual(finished('query').tags, { rows: 3, seen: true })
    assert.equal(finished('query').parentSpanId, finished('request').spanId)
  })

  test('OPI-B22: the callback gets the span and the arguments of the function, after the start and before the function', () => {
    const order: unknown[] = []
    const onStart = (span: Span, ...args: unknown[]): void => {
      span.setTag('args', args.join())
      order.push('start', mock.unfinishedSpans().includes(span as MockSpan))
    }
    traced(
      function load(..._args: number[]) {
        order.push('function')
      },
      { onStart },
    )(1, 2)
    assert.deepEqual(order, ['start', true, 'function'])
    assert.equal(finished('load').tags['args'], '1,2')
  })

  test('OPI-B23: the span is active while the function runs, and its parent afterwards, nested and throwing', async () => {
    const inner = traced(function inner(fails: boolean) {
      assert.equal((activeSpan() as MockSpan).operationName, 'inner')
      if (fails) throw new Error('refused')
    })
    const outer = traced(async function outer() {
      const own = activeSpan()
      inner(false)
      assert.equal(activeSpan(), own)
      assert.throws(() => inner(true), /refused/)
      assert.equal(activeSpan(), own)
      await pause(1)
      assert.equal(activeSpan(), own)
    })
    await withSpan('request', async (request) => {
      await outer()
      assert.equal(activeSpan(), request)
    })
    assert.equal(activeSpan(), null)
    const inners = mock.finishedSpans().filter(({ operationName }) => operationName === 'inner')
    assert.deepEqual(
      inners.map(({ parentSpanId }) => parentSpanId),
      Array(2).fill(finished('outer').spanId),
    )
  })

  test('OPI-B24, OPI-Q02: what is pending ends the span when it is done; what is done already, and a value, end it at once', async () => {
    const slow = traced(async function slow() {
      await pause(5)
      assert.equal((activeSpan() as MockSpan).operationName, 'slow')
      return 1
    })
    const running = slow()
    assert.deepEqual(names(), [])
    assert.equal(await running, 1)
    assert.deepEqual(names(), ['slow'])
    await traced(function done() {
      return Promise.resolve(2)
    })()
    traced(function value() {
      return 3
    })()
    assert.deepEqual(names(), ['slow', 'done', 'value'])
  })

  test('OPI-B25: any scope manager will do, and nothing stays active on one that cannot follow', async () => {
    mock = new MockTracer({ scopeManager: new StackScopeManager() })
    setGlobalTracer(mock)
    const work = traced(async function work() {
      assert.equal((activeSpan() as MockSpan).operationName, 'work')
      await pause(1)
    })
    const running = work()
    assert.equal(activeSpan(), null)
    await running
    assert.deepEqual(names(), ['work'])
  })

  test('OPI-B25: a periodic job that a traced function starts need not hold on to its span', async () => {
    const seen: unknown[] = []
    const start = traced(function start() {
      return tracer.scopeManager.noParent(() => setInterval(() => seen.push(activeSpan()), 1))
    })
    const interval = start()
    while (seen.length < 2) await pause(1)
    clearInterval(interval)
    assert.ok(seen.every((span) => span === null))
  })

  test('OPI-E20: an error has the one shape that it has everywhere: the boolean, and one log with all five fields', () => {
    const error = new TypeError('no such order')
    const load = traced(function load() {
      throw error
    })
    assert.throws(load, (thrown) => thrown === error)
    const { tags, logs } = finished('load')
    assert.equal(tags['error'], true)
    assert.deepEqual(
      logs.map(({ fields }) => fields),
      [
        {
          event: 'error',
          'error.object': error,
          'error.kind': 'TypeError',
          message: 'no such order',
          stack: error.stack,
        },
      ],
    )
  })

  test('CROSS-6, CROSS-7: traced, withSpan and withActiveSpan record an error the same way', () => {
    const error = new Error('the same')
    const fail = (): never => {
      throw error
    }
    const carried = mock.startSpan('carried')
    assert.throws(() => traced(fail, { name: 'traced' })())
    assert.throws(() => withSpan('with', fail))
    assert.throws(() => withActiveSpan(carried, fail))
    const [one, two] = [finished('traced'), finished('with')] as const
    for (const span of [one, two, carried]) {
      assert.deepEqual(span.tags, { error: true })
      assert.deepEqual(
        span.logs.map(({ fields }) => fields),
        one.logs.map(({ fields }) => fields),
      )
    }
  })

  test('OPI-Q01: an onStart that throws is reported once; the call goes on and its span ends', async (t) => {
    const log = captureLog()
    t.after(() => log.restore())
    const load = traced((value: number) => value, {
      name: 'careless',
      onStart: () => {
        throw new Error('in onStart')
      },
    })
    assert.deepEqual([load(1), load(2)], [1, 2])
    assert.deepEqual(names(), ['careless', 'careless'])
    assert.deepEqual(mock.unfinishedSpans(), [])
    assert.equal(log.lines.filter((line) => line.includes('in onStart')).length, 1)
  })
})
