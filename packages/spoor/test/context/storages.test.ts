import assert from 'node:assert/strict'
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { activeSpan, shutdown, tracer, withSpan } from 'spoor'
import { HttpTracing } from 'spoor/http'
import { ask, finished, listen, trace } from '../instrumentations/support/web.ts'

/** A storage of somebody else's: of a logger, of an ORM, of the application. */
const theirs = new AsyncLocalStorage<string>()

describe('storages of others', () => {
  afterEach(() => shutdown())

  it('NODE-04: ours is untouched by run, exit, enterWith, bind and snapshot of theirs', async () => {
    trace()
    await withSpan('ours', async (span) => {
      theirs.run('run', () => assert.equal(activeSpan(), span))
      theirs.exit(() => assert.equal(activeSpan(), span))
      await theirs.run('run', async () => {
        await pause(1)
        assert.equal(activeSpan(), span)
        assert.equal(theirs.getStore(), 'run')
      })
      theirs.enterWith('entered')
      assert.equal(activeSpan(), span)
      await pause(1)
      assert.equal(activeSpan(), span)
      assert.equal(theirs.getStore(), 'entered')
      theirs.disable()
      assert.equal(activeSpan(), span)
    })
    assert.equal(activeSpan(), null)
  })

  it('NODE-04: theirs is untouched by every form of activating ours, the same span again included', async () => {
    trace()
    await theirs.run('theirs', async () => {
      const span = tracer.startSpan('ours')
      const { scopeManager } = tracer
      assert.equal(
        scopeManager.with(span, () => scopeManager.with(span, () => theirs.getStore())),
        'theirs',
      )
      assert.equal(
        scopeManager.noParent(() => theirs.getStore()),
        'theirs',
      )
      const scope = scopeManager.activate(span, false)
      assert.equal(theirs.getStore(), 'theirs')
      await pause(1)
      assert.equal(theirs.getStore(), 'theirs')
      scope.close()
      assert.equal(theirs.getStore(), 'theirs')
      // What is entered inside of ours stays entered, as it would without us.
      scopeManager.with(span, () => theirs.enterWith('entered inside'))
      assert.equal(theirs.getStore(), 'entered inside')
      span.finish()
    })
  })

  it('NODE-04: what is bound by AsyncResource or a snapshot carries both, wherever it is called', async () => {
    trace()
    const seen = (): unknown[] => [activeSpan()?.context().toSpanId(), theirs.getStore()]
    const [expected, ...bound] = await theirs.run('theirs', () =>
      withSpan('ours', async (span) => {
        const snapshot = AsyncLocalStorage.snapshot()
        const resource = new AsyncResource('job')
        return [
          [span.context().toSpanId(), 'theirs'],
          AsyncResource.bind(seen),
          AsyncLocalStorage.bind(seen),
          () => snapshot(seen),
          () => resource.runInAsyncScope(seen),
        ] as const
      }),
    )
    assert.deepEqual(seen(), [undefined, undefined])
    for (const call of bound) {
      assert.deepEqual(call(), expected)
      withSpan('other', () => theirs.run('other', () => assert.deepEqual(call(), expected)))
    }
  })

  it('NODE-04: an emitter that is bound to a span leaves theirs as it is where it is emitted', () => {
    trace()
    const emitter = new EventEmitter()
    const seen: unknown[] = []
    const span = withSpan('ours', (active) => {
      tracer.scopeManager.bind(emitter)
      return active
    })
    emitter.on('event', () => seen.push(activeSpan() === span, theirs.getStore()))
    theirs.run('emitting', () => emitter.emit('event'))
    assert.deepEqual(seen, [true, 'emitting'])
  })

  for (const way of ['everything', 'attached']) {
    it(`a hundred requests at once keep both, in handlers and in events of their messages (${way})`, async () => {
      const mixed: string[] = []
      const server: Server = createServer((request, response) => {
        const name = String(request.url)
        // As middleware of others does it: everything that follows runs inside of their storage.
        theirs.run(name, async () => {
          const span = activeSpan()
          const check = (place: string, store: string | undefined = name): void => {
            if (activeSpan() !== span || span === null) mixed.push(`${place}: span of ${name}`)
            if (theirs.getStore() !== store) mixed.push(`${place}: ${theirs.getStore()} in ${name}`)
          }
          request.on('custom', () => check('emitted'))
          request.emit('custom')
          response.on('custom', () => check('emitted'))
          await pause(Math.random() * 5)
          check('after a timer')
          response.emit('custom')
          for await (const _ of request) check('a chunk')
          check('after the body')
          response.end(name)
        })
      })
      const sink = trace(way === 'everything' ? {} : { disable: ['http'] })
      if (way === 'attached') new HttpTracing({ app: server, tracer })
      const site = await listen(server)
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          ask(site.origin, `/${index}`, { method: 'POST', body: 'x'.repeat(1000) }),
        ),
      )
      assert.deepEqual(
        answers.map(({ body }) => body),
        Array.from({ length: 100 }, (_, index) => `/${index}`),
      )
      assert.deepEqual(mixed, [])
      await finished(sink, 100)
      await site.close()
    })
  }
})
