import { TraceContext } from '../api/span-context.ts'
import { KIND_SERVER } from '../api/span-kind.ts'
import { type FinishedSpan, type SpanSink, STATUS_ERROR } from '../tracer/finished-span.ts'
import { check } from './check.ts'
import { finishedSpan } from './finished-span.ts'
import { type Case, isolatedCases, type Runner } from './runner.ts'

/** What has arrived where the sink sends spans: as much of it as every destination can tell. */
export interface ArrivedSpan {
  traceId: string
  name: string
  /** Left out where the destination does not show it. */
  spanId?: string | undefined
  /** Left out where the destination does not show them. */
  attributes?: Record<string, unknown> | undefined
}

export interface SinkUnderTest {
  sink: SpanSink
  /** What has arrived so far. */
  arrived(): ArrivedSpan[] | Promise<ArrivedSpan[]>
  /** Makes the destination fail from now on: refuse connections, fill the disk. */
  breakDestination?(): void | Promise<void>
  /** Releases what the test has set up. */
  dispose?(): void | Promise<void>
}

export interface SinkKitOptions {
  /** A fresh sink with an empty destination. */
  sink(): SinkUnderTest | Promise<SinkUnderTest>
  /** Spans that fit into the sink's queue; one more round of them must not harm it. Default 1,000. */
  many?: number | undefined
}

/** The contract of {@link SpanSink}, for exporters of any kind. */
export function describeSink(runner: Runner, options: SinkKitOptions): void {
  const isolated = isolatedCases(runner)
  const test = (title: string, body: (tested: SinkUnderTest) => Promise<void>): ReturnType<Case> =>
    isolated(title, async () => {
      const tested = await options.sink()
      try {
        await body(tested)
      } finally {
        await tested.sink.close()
        await tested.dispose?.()
      }
    })

  runner.describe('the contract of span sinks', () => {
    test('a recorded span has arrived once flush() has resolved', async ({ sink, arrived }) => {
      const span = finishedSpan({ name: 'GET /hello', kind: KIND_SERVER, attributes: ['answer', 42] })
      check(sink.record(span) === undefined, 'record() is synchronous and returns nothing')
      await sink.flush()
      const [first, ...others] = await arrived()
      check(others.length === 0, 'it arrives once')
      check(first?.name === 'GET /hello', 'with its name')
      check(first.traceId === span.traceId, 'with its trace id')
      if (first.spanId !== undefined) check(first.spanId === span.spanId, 'with its span id')
      if (first.attributes) check(Number(first.attributes['answer']) === 42, 'with its attributes')
    })

    test('every one of many spans arrives exactly once', async ({ sink, arrived }) => {
      const spans = Array.from({ length: options.many ?? 1000 }, (_, index) =>
        finishedSpan({ name: `span ${index}` }),
      )
      for (const span of spans) sink.record(span)
      await sink.flush()
      const names = (await arrived()).map((span) => span.name)
      check(names.length === spans.length, `${spans.length} spans arrive, and ${names.length} did`)
      check(new Set(names).size === spans.length, 'none arrives twice')
    })

    test('a span that changes after record() arrives as it was', async ({ sink, arrived }) => {
      const attributes: unknown[] = ['before', 1]
      const span = finishedSpan({ name: 'before', attributes }) as {
        -readonly [K in keyof FinishedSpan]: FinishedSpan[K]
      }
      sink.record(span)
      span.name = 'after'
      attributes.length = 0
      await sink.flush()
      const [first] = await arrived()
      check(first?.name === 'before', 'the name is the earlier one')
      if (first.attributes)
        check(Number(first.attributes['before']) === 1, 'the attributes are the earlier ones')
    })

    test('no content of a span keeps the next one from arriving', async ({ sink, arrived }) => {
      for (const span of hostileSpans()) {
        try {
          sink.record(span)
        } catch {
          // Allowed: the recorder catches it. Half a span in the queue is not.
        }
      }
      sink.record(finishedSpan({ name: 'the next one' }))
      await sink.flush()
      check(
        (await arrived()).some((span) => span.name === 'the next one'),
        'the next span arrives',
      )
    })

    test('events, links, states and errors do no harm', async ({ sink, arrived }) => {
      sink.record(
        finishedSpan({
          name: 'rich',
          parentSpanId: 'b7ad6b7169203331',
          parentIsRemote: true,
          traceState: 'vendor=value',
          events: [
            { name: 'error', time: 1_700_000_000_005, attributes: ['message', 'no'], droppedAttributes: 1 },
          ],
          links: [
            { context: new TraceContext('1'.repeat(32), '2'.repeat(16), 1), attributes: ['why', 'so'] },
          ],
          statusCode: STATUS_ERROR,
          statusMessage: 'it failed',
          droppedAttributes: 1,
          droppedEvents: 2,
          droppedLinks: 3,
        }),
      )
      await sink.flush()
      check((await arrived())[0]?.name === 'rich', 'the span arrives')
    })

    test('flush() with nothing recorded resolves, also several at once', async ({ sink, arrived }) => {
      await Promise.all([sink.flush(), sink.flush(), sink.flush()])
      check((await arrived()).length === 0, 'nothing arrives')
    })

    test('spans recorded during a flush arrive with the next one at the latest', async ({
      sink,
      arrived,
    }) => {
      sink.record(finishedSpan({ name: 'first' }))
      const flushed = sink.flush()
      sink.record(finishedSpan({ name: 'second' }))
      await flushed
      await sink.flush()
      check((await arrived()).length === 2, 'both arrive')
    })

    test('close() hands over what is left, may be repeated, and ends recording quietly', async ({
      sink,
      arrived,
    }) => {
      sink.record(finishedSpan({ name: 'last' }))
      await Promise.all([sink.close(), sink.close()])
      await sink.close()
      check((await arrived()).length === 1, 'the last span arrives')
      sink.record(finishedSpan({ name: 'too late' }))
      await sink.flush()
      check((await arrived()).length === 1, 'nothing arrives after close()')
    })

    test('a destination that fails harms neither record() nor flush() nor close()', async (tested) => {
      if (!tested.breakDestination) return // memory does not fail
      const { sink } = tested
      await tested.breakDestination()
      for (let index = 0; index < 100; index++) sink.record(finishedSpan())
      await sink.flush()
      sink.record(finishedSpan())
      await sink.close()
    })

    test('exit() may be called at any time and does not throw', async ({ sink }) => {
      sink.exit?.()
      sink.record(finishedSpan({ name: 'at the end' }))
      sink.exit?.()
      sink.exit?.()
    })
  })
}

/** What applications put into spans by mistake, and strangers on purpose. */
function hostileSpans(): FinishedSpan[] {
  const cycle: Record<string, unknown> = { name: 'cycle' }
  cycle['self'] = cycle
  const trap = new Proxy(
    {},
    {
      get() {
        throw new Error('a trap')
      },
      ownKeys() {
        throw new Error('a trap')
      },
    },
  )
  const unreadable = {
    get secret(): string {
      throw new Error('a getter')
    },
    toJSON(): string {
      throw new Error('toJSON')
    },
    toString(): string {
      throw new Error('toString')
    },
  }
  const values: unknown[] = [
    cycle,
    trap,
    unreadable,
    [cycle, trap],
    Symbol('symbol'),
    () => 1,
    10n ** 40n,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
    new Date(Number.NaN),
    new Error('an error'),
    new Map([[{}, 1]]),
    new Uint8Array(10),
    Object.create(null),
    null,
    undefined,
    '\ud800 half a pair, \u0000 nothing, \u001b[31m a colour',
    'x'.repeat(100_000),
    Array.from({ length: 1000 }, (_, index) => index),
  ]
  return [
    ...values.map((value) => finishedSpan({ name: 'hostile', attributes: ['value', value] })),
    finishedSpan({ name: '' }),
    finishedSpan({ name: '\ud800\u0000\u001b]0;title\u0007' }),
    finishedSpan({ attributes: ['__proto__', 'key', 'constructor', 'key', '', 'empty key'] }),
    finishedSpan({ startTime: Number.NaN, endTime: Number.NaN }),
    finishedSpan({ startTime: -1, endTime: Number.POSITIVE_INFINITY }),
    finishedSpan({ endTime: 0 }),
    finishedSpan({ kind: 99, statusCode: 99 }),
  ]
}
