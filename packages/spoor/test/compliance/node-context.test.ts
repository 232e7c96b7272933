import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { FORMAT_TEXT_MAP, type Scope, type Span } from 'spoor/api'
import { assertChildOf, assertNoParent } from 'spoor/testing'
import { mockBed, spoorBed } from './support.js'

test('NODE-01: concurrent siblings in the callback form leave each other and their caller alone', async () => {
  const { tracer } = spoorBed()
  const seen = async (name: string): Promise<boolean> =>
    tracer.startActiveSpan(name, async (span) => {
      await pause(1)
      return tracer.activeSpan === span
    })
  assert.deepEqual(await Promise.all([seen('one'), seen('two')]), [true, true])
  assert.equal(tracer.activeSpan, null)
})

test('NODE-01: what a function activates before its first await is seen by its caller, until it is closed', async () => {
  const { tracer } = spoorBed()
  async function activating(): Promise<Scope> {
    const scope = tracer.startActiveSpan('activated')
    await null
    return scope
  }
  const running = activating()
  // The documented limit of activate(), and the reason why the callback form comes first.
  assert.equal(tracer.activeSpan === null, false)
  const scope = await running
  assert.equal(tracer.activeSpan, scope.span)
  scope.close()
  assert.equal(tracer.activeSpan === null, true)
})

test('NODE-02: the callback form is synchronous or asynchronous, records the error and finishes by itself', async () => {
  const { tracer } = mockBed()
  assert.equal(
    tracer.startActiveSpan('synchronous', () => 42),
    42,
  )
  assert.equal(await tracer.startActiveSpan('asynchronous', async () => 42), 42)
  await assert.rejects(tracer.startActiveSpan('failing', async () => Promise.reject(new Error('stop'))))
  assert.deepEqual(
    tracer.finishedSpans().map((span) => [span.operationName, span.tags['error'] ?? false]),
    [
      ['synchronous', false],
      ['asynchronous', false],
      ['failing', true],
    ],
  )
})

test('NODE-03: `using` closes the scope also when its block is left by an error, which it cannot record', () => {
  const { tracer } = mockBed()
  assert.throws(() => {
    using _scope = tracer.startActiveSpan('block')
    throw new Error('stop')
  }, /stop/)
  const [span] = tracer.finishedSpans()
  assert.equal(tracer.activeSpan, null)
  assert.equal(span?.finished, true)
  assert.equal(span?.tags['error'], undefined)
})

test('NODE-04: a connection pool calls back under the span of whoever waits, once the callback is bound', async () => {
  const { tracer, finished } = spoorBed()
  const pool = new OneConnectionPool()
  const query = (name: string): Promise<void> =>
    tracer.startActiveSpan(name, () => {
      const used = new Promise<void>((resolve) => {
        pool.acquire(
          tracer.scopeManager.bind(() => {
            tracer.startSpan(`query of ${name}`).finish()
            resolve()
            setTimeout(() => pool.release(), 1)
          }),
        )
      })
      return used
    })
  await Promise.all(['one', 'two', 'three'].map(query))
  for (const name of ['one', 'two', 'three']) {
    const find = (title: string) => finished().find((span) => span.name === title)!
    assertChildOf(find(`query of ${name}`), find(name))
  }
})

test('NODE-04: a promise that was settled by somebody else continues under the span of whoever awaits it', async () => {
  const { tracer } = spoorBed()
  let settle = (): void => {}
  const shared = new Promise<void>((resolve) => (settle = resolve))
  const waiting = ['one', 'two'].map((name) =>
    tracer.startActiveSpan(name, async (span) => {
      await shared
      return tracer.activeSpan === span
    }),
  )
  tracer.startActiveSpan('settling', () => settle())
  assert.deepEqual(await Promise.all(waiting), [true, true])
})

test('NODE-04: an interval goes on under the span that it was set under; noParent() sets it free', async () => {
  const { tracer } = spoorBed()
  const tick = (): Promise<Span | null> =>
    new Promise((resolve) => {
      const interval = setInterval(() => {
        clearInterval(interval)
        resolve(tracer.activeSpan)
      }, 1)
    })
  await tracer.startActiveSpan('starting', async (span) => {
    assert.equal(await tick(), span)
    assert.equal(await tracer.scopeManager.noParent(tick), null)
    assert.equal(tracer.activeSpan, span)
  })
})

const WORKER = `
const { parentPort, workerData } = require('node:worker_threads')
const { globalTracer } = require('spoor/api')
parentPort.postMessage({ active: globalTracer().activeSpan, carrier: workerData })
`

test('NODE-04: a worker thread inherits nothing, and continues a trace that it is given as a text map', async () => {
  const { tracer, finished } = spoorBed()
  const parent = tracer.startSpan('parent')
  const carrier = {}
  tracer.inject(parent, FORMAT_TEXT_MAP, carrier)
  const worker = new Worker(WORKER, { eval: true, workerData: carrier })
  const message = await new Promise<{ active: unknown; carrier: object }>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject)
  })
  await worker.terminate()
  assert.equal(message.active, null)
  tracer.startSpan('child', { childOf: tracer.extract(FORMAT_TEXT_MAP, message.carrier) }).finish()
  tracer.startSpan('unrelated').finish()
  parent.finish()
  const [child, unrelated, finishedParent] = finished()
  assertChildOf(child!, finishedParent!)
  assertNoParent(unrelated!)
})

/** Hands its one connection to whoever waits, from the flow of whoever gives it back: what breaks context everywhere. */
class OneConnectionPool {
  readonly #waiting: (() => void)[] = []
  #taken = false

  acquire(callback: () => void): void {
    if (this.#taken) this.#waiting.push(callback)
    else {
      this.#taken = true
      callback()
    }
  }

  release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken = false
    else next()
  }
}
