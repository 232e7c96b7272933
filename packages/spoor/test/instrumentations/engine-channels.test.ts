import assert from 'node:assert/strict'
import { channel, tracingChannel } from 'node:diagnostics_channel'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { tracer } from 'spoor'
import { database, type Instrumentation, instrumentation } from 'spoor/instrument'
import { resetLog, setLogWriter } from '../../dist/esm/log.js'
import { finished, shutdown, trace } from './support/web.ts'

interface Event {
  readonly word: string
  readonly result?: unknown
}

const row = database<Event>({
  system: 'channels',
  operation: ({ word }) => {
    if (word === 'broken') throw new Error('a broken row')
    return word
  },
})

const table: Instrumentation = instrumentation({
  name: 'channels',
  channels: { 'spoor-test:operation': row },
  exchanges: [
    {
      row,
      key: ({ request }: { request: object }) => request,
      start: 'spoor-test:start',
      progress: ['spoor-test:progress'],
      end: ['spoor-test:end'],
      error: 'spoor-test:error',
    },
  ],
})

const operation = tracingChannel<Event & object, any>('spoor-test:operation')

describe('events that a library publishes', () => {
  afterEach(() => shutdown())

  it('are subscribed to while tracing is on, and no longer', async () => {
    assert.equal(channel('tracing:spoor-test:operation:start').hasSubscribers, false)
    trace({ instrumentations: [table] })
    assert.equal(channel('tracing:spoor-test:operation:start').hasSubscribers, true)
    await shutdown()
    for (const name of ['start', 'end', 'asyncEnd', 'error']) {
      assert.equal(channel(`tracing:spoor-test:operation:${name}`).hasSubscribers, false)
    }
    assert.equal(channel('spoor-test:start').hasSubscribers, false)
  })

  it('are a span each: synchronous, as a promise, with a callback', async () => {
    const sink = trace({ instrumentations: [table] })
    operation.traceSync(() => 1, { word: 'sync' })
    await operation.tracePromise(() => sleep(1), { word: 'promise' })
    await new Promise<void>((resolve) =>
      operation.traceCallback(
        (done: any) => setImmediate(done, null, 1),
        0,
        { word: 'callback' },
        undefined,
        resolve,
      ),
    )
    const spans = await finished(sink, 3)
    assert.deepEqual(
      spans.map(({ name, status }) => [name, status.code]),
      [
        ['sync', 'unset'],
        ['promise', 'unset'],
        ['callback', 'unset'],
      ],
    )
  })

  it('that fail are failures, and the error is the very one', async () => {
    const sink = trace({ instrumentations: [table] })
    const error = new Error('no')
    const fail = (): never => {
      throw error
    }
    assert.throws(
      () => operation.traceSync(fail, { word: 'sync' }),
      (caught) => caught === error,
    )
    await assert.rejects(
      operation.tracePromise(() => Promise.reject(error), { word: 'promise' }),
      (caught) => caught === error,
    )
    const spans = await finished(sink, 2)
    assert.ok(spans.every(({ status, events }) => status.code === 'error' && events.length === 1))
  })

  it('have the span of whoever publishes as their parent', async () => {
    const sink = trace({ instrumentations: [table] })
    await tracer.startActiveSpan('caller', () => operation.tracePromise(() => sleep(1), { word: 'promise' }))
    const [child, caller] = await finished(sink, 2)
    assert.equal(child?.parentSpanId, caller?.spanId)
  })

  it('that are frozen are passed over', async () => {
    const sink = trace({ instrumentations: [table] })
    const event = Object.freeze({ word: 'frozen' })
    operation.start.publish(event)
    operation.end.publish(event)
    await finished(sink, 0)
  })

  it('that end twice, or without a start, end once', async () => {
    const sink = trace({ instrumentations: [table] })
    const event = { word: 'twice', result: 1 }
    operation.end.publish(event)
    operation.start.publish(event)
    operation.end.publish(event)
    operation.asyncEnd.publish(event)
    operation.asyncEnd.publish({ word: 'never started', result: 1 })
    await finished(sink, 1)
  })

  it('whose row throws crash nothing: the row is switched off', async () => {
    const lines: string[] = []
    resetLog()
    const restore = setLogWriter((line) => lines.push(line))
    const crashed: unknown[] = []
    const listener = (error: unknown): void => void crashed.push(error)
    process.on('uncaughtException', listener)
    try {
      const sink = trace({ instrumentations: [table], logLevel: 'warn' })
      assert.equal(
        operation.traceSync(() => 1, { word: 'broken' }),
        1,
      )
      assert.equal(
        operation.traceSync(() => 2, { word: 'fine' }),
        2,
      )
      await finished(sink, 0)
    } finally {
      process.off('uncaughtException', listener)
      restore()
      resetLog()
    }
    assert.deepEqual(crashed, [])
    assert.equal(lines.length, 1)
    assert.match(String(lines[0]), /switched off.*a broken row/)
  })

  it('on plain channels belong together by their key, and ends without a start are nothing', async () => {
    const sink = trace({ instrumentations: [table] })
    const [one, two] = [{}, {}]
    channel('spoor-test:start').publish({ request: one, word: 'one' })
    channel('spoor-test:start').publish({ request: two, word: 'two' })
    channel('spoor-test:progress').publish({ request: one, status: 200 })
    channel('spoor-test:progress').publish({ request: {}, status: 200 })
    channel('spoor-test:error').publish({ request: two, error: new Error('no') })
    channel('spoor-test:end').publish({ request: one })
    channel('spoor-test:end').publish({ request: two })
    channel('spoor-test:end').publish({ request: {} })
    const spans = await finished(sink, 2)
    assert.deepEqual(
      spans.map(({ name, status }) => [name, status.code]),
      [
        ['two', 'error'],
        ['one', 'unset'],
      ],
    )
  })
})
