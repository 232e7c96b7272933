import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { activeSpan, shutdown, tracer, withSpan } from 'spoor'
import type { MemorySink } from 'spoor/export'
import { load, trace } from '../instrumentations/support/web.ts'

type Task = () => void

/** One at a time; the next one is called by whoever ends the one before. */
class CallbackQueue {
  readonly #waiting: ((done: Task) => void)[] = []
  #busy = false

  push(task: (done: Task) => void): void {
    this.#waiting.push(task)
    if (!this.#busy) this.#next()
  }

  #next(): void {
    const task = this.#waiting.shift()
    this.#busy = task !== undefined
    task?.(() => setImmediate(() => this.#next()))
  }
}

/** As p-queue and its like do it: `add()` gives a promise, the task itself runs when there is room. */
class PromiseQueue {
  readonly #waiting: Task[] = []
  #busy = false

  add<Result>(task: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        this.#busy = true
        task()
          .then(resolve, reject)
          .finally(() => {
            this.#busy = false
            this.#waiting.shift()?.()
          })
      })
      if (!this.#busy) this.#waiting.shift()?.()
    })
  }
}

/** As `async.queue(worker)` and fastq do it: one worker for all, tasks are data. */
class WorkerQueue<Item> {
  readonly #waiting: Item[] = []
  readonly #worker: (item: Item, done: Task) => void
  #busy = false

  constructor(worker: (item: Item, done: Task) => void) {
    this.#worker = worker
  }

  push(item: Item): void {
    this.#waiting.push(item)
    if (!this.#busy) this.#next()
  }

  #next(): void {
    const item = this.#waiting.shift()
    this.#busy = item !== undefined
    if (item !== undefined) this.#worker(item, () => setTimeout(() => this.#next(), 1))
  }
}

describe('queues and pools', () => {
  let sink: MemorySink

  beforeEach(() => {
    sink = trace()
  })
  afterEach(() => shutdown())

  const requests = ['one', 'two', 'three', 'four']
  /** Runs something in a span for each name, all at once. */
  const each = (work: (name: string) => Promise<unknown>): Promise<unknown> =>
    Promise.all(requests.map((name) => withSpan(name, () => work(name))))
  /** The names of those whose work ran under another span than their own. */
  const lost = (): string[] =>
    requests.filter((name) => {
      const own = sink.spans.find((span) => span.name === name)
      const work = sink.spans.find((span) => span.name === `work of ${name}`)
      assert.ok(own !== undefined && work !== undefined)
      return work.parentSpanId !== own.spanId
    })
  const workOf = (name: string): void => withSpan(`work of ${name}`, () => {})

  it('NODE-04: a queue of callbacks runs each in the flow of the one before, unless it is bound', async () => {
    const queue = new CallbackQueue()
    const push = (bind: <Fn extends object>(fn: Fn) => Fn) =>
      each(
        (name) =>
          new Promise<void>((resolve) => {
            queue.push(
              bind((done: Task) => {
                workOf(name)
                done()
                resolve()
              }),
            )
          }),
      )
    await push((fn) => fn)
    assert.deepEqual(lost(), ['two', 'three', 'four'])
    sink.reset()
    await push((fn) => tracer.scopeManager.bind(fn))
    assert.deepEqual(lost(), [])
  })

  it('NODE-04: a queue of promises does so with its tasks, but not with who waits for them', async () => {
    const queue = new PromiseQueue()
    const add = (bind: <Fn extends object>(fn: Fn) => Fn) =>
      each(async (name) => {
        const span = activeSpan()
        await queue.add(
          bind(async () => {
            await pause(1)
            workOf(name)
          }),
        )
        assert.equal(activeSpan(), span)
      })
    await add((fn) => fn)
    assert.deepEqual(lost(), ['two', 'three', 'four'])
    sink.reset()
    await add((fn) => tracer.scopeManager.bind(fn))
    assert.deepEqual(lost(), [])
  })

  it('NODE-04: a queue with one worker gets the way back with its data', async () => {
    const queue = new WorkerQueue<{ name: string; inside: (fn: Task) => void; end: Task }>(
      ({ name, inside, end }, done) => {
        inside(() => workOf(name))
        end()
        done()
      },
    )
    const push = (insideOf: () => (fn: Task) => void) =>
      each((name) => new Promise<void>((end) => queue.push({ name, inside: insideOf(), end })))
    await push(() => (fn) => fn())
    assert.deepEqual(lost(), ['two', 'three', 'four'])
    sink.reset()
    await push(() => tracer.scopeManager.bind((fn: Task) => fn()))
    assert.deepEqual(lost(), [])
  })

  it('NODE-04: an emitter runs its listeners in the flow of who emits, unless it is bound', () => {
    const run = (bind: (emitter: EventEmitter) => EventEmitter): void => {
      const emitters = requests.map((name) =>
        withSpan(name, () => bind(new EventEmitter()).on('ready', () => workOf(name))),
      )
      withSpan('somebody else', () => {
        for (const emitter of emitters) emitter.emit('ready')
      })
    }
    run((emitter) => emitter)
    assert.deepEqual(lost(), requests)
    sink.reset()
    run((emitter) => tracer.scopeManager.bind(emitter))
    assert.deepEqual(lost(), [])
  })

  it('NODE-04: generic-pool keeps the flow of who waits, by acquire and by use, without any help', async () => {
    const pool = load('generic-pool').createPool(
      { create: async () => ({}), destroy: async () => {}, validate: async () => true },
      { max: 1, testOnBorrow: true },
    )
    await each(async (name) => {
      const span = activeSpan()
      const resource = await pool.acquire()
      assert.equal(activeSpan(), span)
      await pause(1)
      workOf(name)
      await pool.release(resource)
    })
    assert.deepEqual(lost(), [])
    sink.reset()
    await each((name) =>
      pool.use(async () => {
        await pause(1)
        workOf(name)
      }),
    )
    assert.deepEqual(lost(), [])
    await pool.drain()
    await pool.clear()
  })

  it('NODE-04: what a pool makes for one request keeps that one’s flow, until it is made without a parent', async () => {
    const make = (): EventEmitter => {
      const resource = new EventEmitter()
      const timer = setInterval(() => resource.emit('tick', activeSpan()), 1)
      return resource.once('tick', () => clearInterval(timer))
    }
    const ticked = (resource: EventEmitter): Promise<unknown> =>
      new Promise((resolve) => resource.once('tick', resolve))
    const [inherited, free] = withSpan('first request', () => [
      ticked(make()),
      ticked(tracer.scopeManager.noParent(make)),
    ])
    assert.notEqual(await inherited, null)
    assert.equal(await free, null)
  })
})
