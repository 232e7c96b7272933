import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { after, afterEach, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { activeSpan, carryContext, carryEnvironment, shutdown, withContext, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { MockTracer } from 'spoor/testing'
import { type Collector, startCollector } from '../export/support/collector.ts'
import { trace } from '../instrumentations/support/web.ts'

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/context/fixtures/${name}`, import.meta.url))
const register = new URL('../../dist/bundle/register.cjs', import.meta.url).href

type Received = ReturnType<Collector['spans']>[number] & { parentSpanId?: string }

describe('carrying a context by hand', () => {
  let sink: MemorySink

  before(() => {
    sink = trace()
  })
  afterEach(() => sink.reset())
  after(() => shutdown())

  it('NODE-04: a carrier is plain text, and continues the trace wherever it is read', () => {
    const carrier = withSpan('sender', (span) => {
      span.setBaggageItem('tenant', 'acme')
      return JSON.parse(JSON.stringify(carryContext())) as object
    })
    assert.deepEqual(Object.keys(carrier).sort(), ['baggage', 'traceparent'])
    withContext(carrier, () => {
      withSpan('receiver', (span) => assert.equal(span.getBaggageItem('tenant'), 'acme'))
      assert.equal(activeSpan()?.getBaggageItem('tenant'), 'acme')
    })
    const [sender, receiver] = sink.spans
    assert.equal(receiver?.traceId, sender?.traceId)
    assert.equal(receiver?.parentSpanId, sender?.spanId)
    assert.equal(receiver?.parentIsRemote, true)
  })

  it('a context that was carried in lasts for what the function starts, and not for its caller', async () => {
    const carrier = withSpan('sender', () => carryContext())
    const later = withContext(carrier, async () => {
      await null
      return withSpan('later', () => 'its result')
    })
    assert.equal(activeSpan(), null)
    assert.equal(await later, 'its result')
    const [sender, child] = sink.spans
    assert.equal(child?.parentSpanId, sender?.spanId)
  })

  it('what comes without a context continues nothing, not even what is active', () => {
    for (const carrier of [{}, undefined, null, { traceparent: 'rubbish' }, new Map()]) {
      withSpan('outer', () => withContext(carrier, () => withSpan('inner', () => {})))
      const [inner] = sink.spans
      assert.equal(inner?.parentSpanId, '')
      sink.reset()
    }
  })

  it('without an active span there is nothing to carry, and an environment goes on as it was', () => {
    assert.deepEqual(carryContext(), {})
    assert.deepEqual(carryEnvironment({ PATH: '/bin', TRACEPARENT: 'given' }), {
      PATH: '/bin',
      TRACEPARENT: 'given',
    })
  })

  it('an environment holds the context under upper-case names, and nothing of an older one', () => {
    withSpan('parent', (span) => {
      const env = carryEnvironment({
        PATH: '/bin',
        TRACEPARENT: 'old',
        TRACESTATE: 'old=1',
        BAGGAGE: 'old=1',
      })
      assert.deepEqual(Object.keys(env).sort(), ['PATH', 'TRACEPARENT'])
      assert.match(
        env['TRACEPARENT'] ?? '',
        new RegExp(`^00-[0-9a-f]{32}-${span.context().toSpanId()}-0[13]$`),
      )
    })
  })

  it('an exception of the function is the caller’s', () => {
    const carrier = withSpan('sender', () => carryContext())
    assert.throws(
      () =>
        withContext(carrier, () => {
          throw new RangeError('mine')
        }),
      /mine/,
    )
  })

  it('the span that stands for the sender takes no tags and does not end it', () => {
    const carrier = withSpan('sender', () => carryContext())
    sink.reset()
    withContext(carrier, () => {
      const span = activeSpan()
      span?.setTag('a', 1).addTags({ b: 2 }).log({ event: 'x' }).setOperationName('other').finish()
      assert.equal(span?.context().toTraceId(), /^00-(\w+)-/.exec(carrier['traceparent'] ?? '')?.[1])
    })
    assert.deepEqual(sink.spans, [])
  })

  it('propagators with several headers travel in an environment too', async () => {
    await shutdown()
    const b3 = trace({ propagators: ['b3multi'] })
    const env = withSpan('sender', () => carryEnvironment())
    assert.ok(Object.keys(env).includes('X_B3_TRACEID'), Object.keys(env).join())
    withContext(env, () => withSpan('receiver', () => {}))
    assert.equal(b3.spans[1]?.parentSpanId, b3.spans[0]?.spanId)
    await shutdown()
    sink = trace()
  })

  it('a foreign tracer carries its own format, and is given its own context as the parent', async () => {
    await shutdown()
    const mock = new MockTracer({ strictExtract: true })
    // Stripped to what OpenTracing asks for, as a tracer of somebody else's is.
    const foreign = {
      startSpan: (name: string, options?: object) => mock.startSpan(name, options),
      inject: mock.inject.bind(mock),
      extract: mock.extract.bind(mock),
    }
    trace({ tracer: foreign as never, exporters: [] })
    const carrier = withSpan('sender', () => carryContext())
    withContext(carrier, () => withSpan('receiver', () => {}))
    withContext({ nothing: 'here' }, () => withSpan('unrelated', () => {}))
    const [sender, receiver, unrelated] = mock.finishedSpans()
    assert.equal(String(receiver?.parentId), sender?.context().toSpanId())
    assert.equal(unrelated?.parentId, null)
    await shutdown()
    sink = trace()
  })

  it('without tracing the function just runs', async () => {
    await shutdown()
    assert.deepEqual(carryContext(), {})
    assert.equal(
      withContext({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, () => 42),
      42,
    )
    sink = trace()
  })
})

describe('threads and processes', () => {
  let sink: MemorySink
  let collector: Collector

  before(async () => {
    collector = await startCollector()
    sink = trace()
  })
  after(async () => {
    await shutdown()
    await collector.close()
  })
  afterEach(() => sink.reset())

  const environment = (): NodeJS.ProcessEnv => {
    const { NODE_TEST_CONTEXT, ...env } = process.env
    return {
      ...env,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    }
  }
  const received = (name: string): Received => {
    const found = (collector.spans() as Received[]).filter((span) => span.name === name).at(-1)
    assert.ok(found, `no "${name}" among ${collector.spans().map((span) => span.name)}`)
    return found
  }
  /** The collector is a server of this process too: its spans are in between. */
  const own = (name: string): SpanData => {
    const found = sink.spans.find((span) => span.name === name)
    assert.ok(found, `no "${name}"`)
    return found
  }
  const assertContinues = (child: Received, parent: { spanId: string; traceId: string }): void => {
    assert.equal(child.traceId, parent.traceId)
    assert.equal(child.parentSpanId, parent.spanId)
  }

  it('NODE-04: a forked process continues the trace of its environment, and its answer continues that of the child', async () => {
    await withSpan('parent', async () => {
      const child = fork(fixture('child.mjs'), { env: carryEnvironment(environment()) })
      const exit = once(child, 'exit')
      const [said] = (await once(child, 'message')) as [string]
      const { answer, trace } = JSON.parse(said) as { answer: number; trace: object }
      withContext(trace, () => withSpan(`answer ${answer}`, () => {}))
      assert.deepEqual(await exit, [0, null])
    })
    const answer = own('answer 42')
    assertContinues(received('work of the child'), own('parent'))
    assertContinues(received('step of the child'), received('work of the child'))
    assert.equal(received('afterwards').parentSpanId || undefined, undefined)
    assert.equal(answer.parentSpanId, received('work of the child').spanId)
    assert.equal(answer.traceId, own('parent').traceId)
  })

  it('NODE-04: a spawned process with spoor/register is asked to continue by one line', async () => {
    await withSpan('parent', async () => {
      const code = await new Promise((resolve) => {
        execFile(
          process.execPath,
          ['--import', register, fixture('plain-child.mjs')],
          { env: carryEnvironment(environment()) },
          (error, stdout, stderr) => resolve(`${error?.code ?? 0}${stdout}${stderr}`),
        )
      })
      assert.equal(code, '0')
    })
    assertContinues(received('main'), own('parent'))
  })

  it('NODE-04: a worker thread continues what it is given, both ways, and has sent its spans however it ends', async () => {
    for (const end of ['dry', 'exit', 'shutdown']) {
      const worker = await withSpan('parent', async () => {
        const started = new Worker(fixture('worker.mjs'), {
          env: environment(),
          workerData: { trace: carryContext() },
        })
        await once(started, 'message')
        return started
      })
      await withSpan('request', async () => {
        const answered = once(worker, 'message')
        worker.postMessage({ job: end, trace: carryContext() })
        const [{ trace: back }] = (await answered) as [{ trace: object }]
        withContext(back, () => withSpan('answer', () => {}))
      })
      const exit = once(worker, 'exit')
      worker.postMessage({ end })
      await exit
      assertContinues(received('start of the worker'), own('parent'))
      assertContinues(received(`work on ${end}`), own('request'))
      assert.equal(own('answer').parentSpanId, received(`work on ${end}`).spanId)
      sink.reset()
    }
  })

  it('NODE-04: with spoor/register the workers of a process are traced as well', async () => {
    const [code] = (await once(
      fork(fixture('registered-worker.mjs'), { env: environment(), execArgv: ['--import', register] }),
      'exit',
    )) as [number]
    assert.equal(code, 0)
    assertContinues(received('in the worker'), received('outside'))
  })
})
