import { MemorySink } from '../export/memory.ts'
import { check, checkSame } from './check.ts'
import {
  brokenSettings,
  failure,
  type KitTable,
  listen,
  MANY,
  named,
  only,
  settled,
  type TracerInUse,
  type Tracing,
  textOf,
} from './instrumentation-bed.ts'
import { registerCallbackCases, registerMethodCases } from './instrumentation-extras.ts'
import { MockTracer } from './mock-tracer.ts'
import { isolatedCases, type Runner } from './runner.ts'

export interface InstrumentationKitOptions<Library, Client> {
  /** `{ init, shutdown }` of `spoor`. */
  readonly tracing: Tracing
  /** The table under test. */
  readonly table: KitTable
  /** Loads the library. Called after tracing has begun, every time. */
  load(): Library | Promise<Library>
  /** A client that is ready. What is recorded meanwhile does not count. */
  open(library: Library): Client | Promise<Client>
  close(client: Client): unknown
  /** One operation, one span. `secret` has to be in its values. */
  call(client: Client, secret: string): Promise<unknown>
  /** An operation that the server or the library refuses. */
  fails(client: Client): Promise<unknown>
  /** An operation with a callback. */
  callback?(client: Client, done: (error: unknown, result?: unknown) => void): void
  /** Where the table's methods are, for the check that they are put back. Libraries with channels have none. */
  methods?(library: Library): readonly (readonly [owner: object, method: string])[]
  /** What `call` is to be recorded as. */
  readonly expect: {
    readonly name: string
    /** The server's code for what `fails` does, where it has codes. */
    readonly status?: string | undefined
    /** Attributes in OpenTelemetry's words. */
    readonly attributes: { readonly [key: string]: unknown }
    /** Tags in OpenTracing's. */
    readonly tags: { readonly [key: string]: unknown }
  }
}

const SECRET = 'swordfish'

/** The contract of an instrumentation, proved on the library itself. */
export function describeInstrumentation<Library, Client>(
  runner: Runner,
  options: InstrumentationKitOptions<Library, Client>,
): void {
  const { tracing, table, expect } = options
  const isolated = isolatedCases(runner)

  /** Runs a case with tracing on and a client open. */
  async function withClient(
    settings: object,
    body: (client: Client, tracer: TracerInUse, sink: MemorySink, library: Library) => Promise<void>,
  ): Promise<void> {
    const sink = new MemorySink()
    const tracer = tracing.init({ exporters: [sink], logLevel: 'warn', ...settings })
    try {
      const library = await options.load()
      const client = await options.open(library)
      sink.reset()
      try {
        await body(client, tracer, sink, library)
      } finally {
        await options.close(client)
      }
    } finally {
      await tracing.shutdown()
    }
  }

  const test = (title: string, body: Parameters<typeof withClient>[1], settings: object = {}): void =>
    isolated(title, () => withClient(settings, body))

  runner.describe(`the contract of instrumentations, ${table.name}`, () => {
    test('one call is one client span, named and described', async (client, _tracer, sink) => {
      await options.call(client, SECRET)
      const span = only(await settled(sink))
      checkSame(span.name, expect.name, 'its name')
      checkSame(span.kind, 'client', 'its kind')
      checkSame(span.status.code, 'unset', 'its status')
      check(span.endTime >= span.startTime, 'it ends after it starts')
      for (const [key, value] of Object.entries(expect.attributes))
        checkSame(span.attributes[key], value, key)
    })

    test('a call without an active span is a root', async (client, _tracer, sink) => {
      await options.call(client, SECRET)
      checkSame(only(await settled(sink)).parentSpanId, '', 'its parent')
    })

    test('the active span is the parent, and stays active', async (client, tracer, sink) => {
      await tracer.startActiveSpan('caller', async (caller) => {
        const promise = options.call(client, SECRET)
        checkSame(tracer.activeSpan, caller, 'the active span after the call')
        await promise
        checkSame(tracer.activeSpan, caller, 'the active span after await')
      })
      const spans = await settled(sink)
      checkSame(spans.length, 2, 'the number of spans')
      checkSame(named(spans, expect.name).parentSpanId, named(spans, 'caller').spanId, 'the parent')
    })

    test(`${MANY} calls at once each have their own parent`, async (client, tracer, sink) => {
      await Promise.all(
        Array.from({ length: MANY }, (_, index) =>
          tracer.startActiveSpan(`caller ${index}`, async (caller) => {
            caller.setTag('index', index)
            if (index % 3 === 0) await null
            await options.call(client, SECRET)
            checkSame(tracer.activeSpan, caller, 'the active span after await')
          }),
        ),
      )
      const spans = await settled(sink)
      const callers = spans.filter(({ name }) => name.startsWith('caller '))
      checkSame(spans.length, 2 * MANY, 'the number of spans')
      for (const caller of callers) {
        const children = spans.filter(({ parentSpanId }) => parentSpanId === caller.spanId)
        checkSame(children.length, 1, `the number of children of "${caller.name}"`)
      }
    })

    test('a failure is recorded with its error', async (client, tracer, sink) => {
      const error = (await tracer.startActiveSpan('caller', () => failure(options.fails(client)))) as Error
      const [span] = (await settled(sink)).filter(({ name }) => name !== 'caller')
      check(span !== undefined, 'there is a span')
      checkSame(span.status.code, 'error', 'its status')
      checkSame(span.events.length, 1, 'the number of events')
      checkSame(
        span.events[0]?.attributes['exception.message'] ?? span.status.message,
        error.message,
        'the message',
      )
      check(typeof span.attributes['error.type'] === 'string', 'it says which type of error')
      checkSame(span.attributes['db.response.status_code'], expect.status, 'the code of the server')
    })

    isolated('a foreign tracer gets OpenTracing tags, and the very error that was thrown', async () => {
      const mock = new MockTracer()
      await withClient({ tracer: mock, exporters: [] }, async (client) => {
        mock.reset()
        await options.call(client, SECRET)
        const [span, ...others] = mock.finishedSpans()
        checkSame(others.length, 0, 'further spans')
        checkSame(span?.operationName, expect.name, 'its name')
        checkSame(span?.tags['span.kind'], 'client', 'span.kind')
        for (const [key, value] of Object.entries(expect.tags)) checkSame(span?.tags[key], value, key)
        check(!JSON.stringify(span?.tags).includes(SECRET), 'no tag holds the secret')
        mock.reset()
        const error = await failure(options.fails(client))
        const [failed] = mock.finishedSpans()
        checkSame(failed?.tags['error'], true, 'error')
        checkSame(failed?.logs[0]?.fields['error.object'], error, 'error.object')
        checkSame(failed?.logs.length, 1, 'the number of logs')
      })
      checkSame(mock.unfinishedSpans().length, 0, 'spans that are still open')
    })

    test('no value reaches a span', async (client, _tracer, sink) => {
      await options.call(client, SECRET)
      const spans = await settled(sink)
      check(spans.length > 0, 'there is a span to look at')
      check(!textOf(spans).includes(SECRET), `no span holds the secret: ${textOf(spans)}`)
    })

    isolated('a row that throws does no harm, and is reported once and switched off', async () => {
      const lines = await listen(() =>
        withClient(brokenSettings(table), async (client, _tracer, sink) => {
          const result = await options.call(client, SECRET)
          await options.call(client, SECRET)
          checkSame((await settled(sink)).length, 0, 'the number of spans')
          check(result !== undefined, 'the call has its result')
        }),
      )
      const labels = lines.map((line) => /the instrumentation "([^"]+)" threw/.exec(line)?.[1])
      check(labels.length > 0, 'it is reported')
      checkSame(new Set(labels).size, labels.length, `once for each row: ${lines.join(' | ')}`)
    })

    isolated('nobody asks for the facts of a span that is not sampled', async () => {
      const settings = { ...brokenSettings(table), sampler: { sample: () => false } }
      const lines = await listen(() =>
        withClient(settings, async (client, _tracer, sink) => {
          await options.call(client, SECRET)
          await failure(options.fails(client))
          checkSame((await settled(sink)).length, 0, 'the number of spans')
        }),
      )
      checkSame(lines.length, 0, `what the broken rows have caused: ${lines.join(' | ')}`)
    })

    isolated('nothing is recorded once tracing has ended', async () => {
      const sink = new MemorySink()
      tracing.init({ exporters: [sink] })
      const library = await options.load()
      await tracing.shutdown()
      const client = await options.open(library)
      try {
        sink.reset()
        check((await options.call(client, SECRET)) !== undefined, 'the call has its result')
        checkSame((await settled(sink)).length, 0, 'the number of spans')
      } finally {
        await options.close(client)
      }
    })

    isolated('a client that was made before tracing began is traced too', async () => {
      const library = await options.load()
      const client = await options.open(library)
      const sink = new MemorySink()
      tracing.init({ exporters: [sink] })
      try {
        await options.call(client, SECRET)
        checkSame(only(await settled(sink)).name, expect.name, 'the name')
      } finally {
        await tracing.shutdown()
        await options.close(client)
      }
    })

    if (options.callback !== undefined) registerCallbackCases(test, options)
    if (options.methods !== undefined) registerMethodCases(isolated, options)
  })
}
