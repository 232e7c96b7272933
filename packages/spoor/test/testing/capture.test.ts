import assert from 'node:assert/strict'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, afterEach, beforeEach, describe, mock, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import opentracing from 'opentracing'
import { activeSpan, init, Samplers, shutdown, traced, withSpan } from 'spoor'
import { globalTracer, isGlobalTracerRegistered, resetGlobalTracer, setGlobalTracer } from 'spoor/api'
import { MemorySink } from 'spoor/export'
import { type CapturedSpan, CheckFailed, captureTrace, MockTracer, traceOf } from 'spoor/testing'

const names = (spans: readonly CapturedSpan[]): string[] => spans.map(({ name }) => name)

/** Two spans, one below the other, across a few turns of the event loop. */
async function work(name: string): Promise<string> {
  await withSpan(name, async () => {
    await pause(1)
    await withSpan(`${name}/inner`, () => pause(1))
  })
  return name
}

const tracers = {
  'the tracer of init()': () =>
    init({ exporters: [new MemorySink()], instrumentations: [], logLevel: 'silent' }),
  'a mock tracer as the global one': () => setGlobalTracer(new MockTracer()),
  'no tracer at all': () => {},
}

for (const [name, start] of Object.entries(tracers)) {
  describe(`captureTrace with ${name}`, () => {
    beforeEach(() => {
      start()
    })
    afterEach(async () => {
      await shutdown()
      resetGlobalTracer()
    })

    test('gives the result, the spans in the order of their start, the roots and the tree', async () => {
      const { result, spans, roots, tree } = await captureTrace(() => work('a'))
      assert.equal(result, 'a')
      assert.deepEqual(names(spans), ['a', 'a/inner'])
      assert.deepEqual(names(roots), ['a'])
      assert.deepEqual(names(roots[0]?.children ?? []), ['a/inner'])
      assert.equal(spans[1]?.parentSpanId, spans[0]?.spanId)
      assert.equal(spans[0]?.parentSpanId, '')
      assert.equal(tree, 'a\n└─ a/inner')
    })

    test('spans have one shape, whichever tracer has made them', async () => {
      const { spans } = await captureTrace(() =>
        withSpan('call', { tags: { 'span.kind': 'client', size: 7 } }, (span) => {
          span.log({ event: 'sent', bytes: 3 })
          span.setTag('error', true).log({ event: 'error', message: 'timeout' })
        }),
      )
      const [{ kind, tags, logs, status, finished, startTime, endTime } = {} as CapturedSpan] = spans
      assert.equal(kind, 'client')
      assert.deepEqual(tags, { 'span.kind': 'client', size: 7, error: true })
      assert.deepEqual([logs[0]?.event, logs[0]?.fields], ['sent', { bytes: 3 }])
      assert.deepEqual(status, { code: 'error', message: 'timeout' })
      assert.equal(finished, true)
      assert.ok(startTime > 0 && endTime >= startTime)
    })

    test('parallel captures see their own spans only, and nobody else’s', async () => {
      const outside = work('outside')
      const traces = await Promise.all(
        Array.from({ length: 50 }, (_, index) => captureTrace(() => work(`work ${index}`))),
      )
      await outside
      for (const [index, trace] of traces.entries()) {
        assert.deepEqual(names(trace.spans), [`work ${index}`, `work ${index}/inner`])
        assert.equal(trace.roots.length, 1)
      }
    })

    test('a span without a parent is a root of its own trace, and belongs to its capture all the same', async () => {
      const { roots } = await captureTrace(async () => {
        await work('one')
        await withSpan('one more', () =>
          globalTracer().scopeManager.noParent(() => globalTracer().startSpan('detached').finish()),
        )
      })
      assert.deepEqual(names(roots), ['one', 'one more', 'detached'])
      assert.equal(new Set(roots.map(({ traceId }) => traceId)).size, 3)
    })

    test('an active span around it is not the parent, and is active again afterwards', async () => {
      await withSpan('around', async () => {
        const around = activeSpan()
        const { spans } = await captureTrace(() => {
          assert.equal(activeSpan(), null)
          withSpan('inside', () => {})
        })
        assert.deepEqual(names(spans), ['inside'])
        assert.equal(spans[0]?.parentSpanId, '')
        assert.equal(activeSpan(), around)
      })
    })

    test('a span of a trace from outside counts, and what others do in that trace does not', async () => {
      const outside = globalTracer().startSpan('outside')
      const go = deferred()
      const others = go.promise.then(() =>
        globalTracer().startSpan('of others', { childOf: outside }).finish(),
      )
      const { spans } = await captureTrace(async () => {
        globalTracer().startSpan('own', { childOf: outside }).finish()
        go.resolve()
        await others
      })
      assert.deepEqual(names(spans), ['own'])
    })

    test('a capture inside of a capture sees its part, and the outer one sees all', async () => {
      const outer = await captureTrace(async () => {
        await work('before')
        const inner = await captureTrace(() => work('within'))
        assert.deepEqual(names(inner.spans), ['within', 'within/inner'])
      })
      assert.deepEqual(names(outer.roots), ['before', 'within'])
    })

    test('work that nobody awaits is waited for, as long as its spans are open', async () => {
      const { spans, tree } = await captureTrace(() => {
        void work('forgotten')
      })
      assert.ok(spans.every(({ finished }) => finished))
      assert.equal(tree, 'forgotten\n└─ forgotten/inner')
    })

    test('until waits for spans that start after the function is done', async () => {
      const { spans } = await captureTrace(
        () => {
          setTimeout(() => void work('late'), 20)
        },
        { until: 2 },
      )
      assert.deepEqual(names(spans), ['late', 'late/inner'])
    })

    test('until says which spans there were when the time is up', async () => {
      await assert.rejects(
        captureTrace(() => work('only'), { until: 3, settle: 10 }),
        (error) => {
          assert.ok(error instanceof CheckFailed)
          assert.equal(error.message, '2 of 3 spans finished within 10 ms: [only, only/inner]')
          return true
        },
      )
    })

    test('a span that is never finished is there, and says so', async () => {
      const { spans, tree } = await captureTrace(() => void globalTracer().startSpan('leaked'), { settle: 5 })
      assert.equal(spans[0]?.finished, false)
      assert.equal(spans[0]?.endTime, 0)
      assert.equal(tree, 'leaked  unfinished')
    })

    test('the very error of the function comes out, with its trace beside it', async () => {
      const refused = Object.freeze(new Error('refused'))
      await assert.rejects(
        captureTrace(async () => {
          await work('first')
          await withSpan('second', () => Promise.reject(refused))
        }),
        (error) => error === refused,
      )
      assert.equal(traceOf(refused)?.tree, 'first\n└─ first/inner\nsecond  error: refused')
      assert.equal(traceOf(new Error('another')), undefined)
      assert.equal(traceOf('text'), undefined)
    })

    test('what is thrown synchronously rejects, and what is no object is passed on', async () => {
      await assert.rejects(
        captureTrace(() => {
          throw 'text'
        }),
        (error) => error === 'text',
      )
    })

    test('what a flow traces after its capture belongs to nobody', async () => {
      let later: Promise<string> | undefined
      const go = deferred()
      const first = await captureTrace(() => {
        later = go.promise.then(() => work('afterwards'))
      })
      const second = await captureTrace(async () => {
        go.resolve()
        await later
      })
      assert.deepEqual([first.spans.length, second.spans.length], [0, 0])
    })

    test('a clock that the test has stopped does not stop the capture', async () => {
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] })
      try {
        const { spans } = await captureTrace(() => void globalTracer().startSpan('leaked'), { settle: 5 })
        assert.equal(spans.length, 1)
      } finally {
        mock.timers.reset()
      }
    })
  })
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

describe('captureTrace beside tracers', () => {
  afterEach(async () => {
    await shutdown()
    resetGlobalTracer()
  })

  test('without a tracer there is one for the call alone', async () => {
    let during = false
    await captureTrace(() => {
      during = isGlobalTracerRegistered()
      traced(function inside() {})()
    })
    assert.deepEqual([during, isGlobalTracerRegistered()], [true, false])
  })

  test('the tracer of an init() inside of it stays, and its spans count', async () => {
    const { spans } = await captureTrace(() => {
      init({ exporters: [new MemorySink()], instrumentations: [], logLevel: 'silent' })
      withSpan('real', () => {})
    })
    assert.deepEqual(names(spans), ['real'])
    assert.equal(isGlobalTracerRegistered(), true)
  })

  test('tracers that are not the global one are captured too, and traces of the same number kept apart', async () => {
    const own = async (name: string): Promise<readonly CapturedSpan[]> => {
      const tracer = new MockTracer()
      const { spans } = await captureTrace(() =>
        tracer.startActiveSpan(name, async () => {
          await pause(2)
          tracer.startSpan(`${name}/child`).finish()
        }),
      )
      return spans
    }
    const [one = [], two = []] = await Promise.all([own('one'), own('two')])
    assert.deepEqual(
      [names(one), names(two)],
      [
        ['one', 'one/child'],
        ['two', 'two/child'],
      ],
    )
    assert.equal(one[0]?.traceId, two[0]?.traceId)
  })

  test('what a sampler drops is not there, and is not waited for', async () => {
    init({
      exporters: [new MemorySink()],
      instrumentations: [],
      sampler: Samplers.alwaysOff,
      logLevel: 'silent',
    })
    const { spans } = await captureTrace(() => {
      globalTracer().startSpan('dropped')
    })
    assert.equal(spans.length, 0)
  })

  test('the spans of a foreign tracer cannot be read, which is said', async () => {
    init({ tracer: new opentracing.MockTracer(), instrumentations: [], logLevel: 'silent' })
    await assert.rejects(
      captureTrace(() => withSpan('foreign', () => {})),
      { code: 'SPOOR_NOT_CAPTURABLE' },
    )
  })

  test('nothing listens any more once the last capture is over', async () => {
    const { observation } = await import('../../dist/esm/tracer/observation.js')
    await Promise.all([captureTrace(() => work('a')), captureTrace(() => work('b'))])
    assert.equal(observation.observer, null)
  })
})

describe('captureTrace over the wire', () => {
  test('a server of this process that somebody else has started belongs to whoever calls it', async () => {
    init({ exporters: [new MemorySink()], logLevel: 'silent' })
    const server = createServer((request, response) => {
      withSpan(`inside ${request.url}`, () => pause(2)).then(() => response.end('done'))
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    after(() => {
      server.close()
      return shutdown()
    })
    const { port } = server.address() as AddressInfo
    const visit = (path: string): Promise<void> =>
      new Promise((done, fail) => {
        get({ port, path, host: '127.0.0.1' }, (response) => response.resume().on('end', done)).on(
          'error',
          fail,
        )
      })
    const traces = await Promise.all(
      Array.from({ length: 20 }, (_, index) => captureTrace(() => visit(`/visits/${index}`))),
    )
    for (const [index, { tree }] of traces.entries()) {
      assert.equal(tree, `GET  client  200\n└─ GET  server  200\n   └─ inside /visits/${index}`)
    }
  })
})
