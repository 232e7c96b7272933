import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { noopScopeManager, type Span } from 'spoor/api'
import { assertChildOf, assertNoParent, MockTracer } from 'spoor/testing'
import { AsyncLocalStorageScopeManager, StackScopeManager } from '../../dist/esm/scope/index.js'
import { countCalls, mockBed, scopeManagers, spoorBed } from './support.js'

for (const { name, make: makeManager } of scopeManagers) {
  describe(`Scopes on ${name}`, () => {
    const make = () => spoorBed({ scopeManager: makeManager() })

    test('SM-01: a tracer has a scope manager, and its active span is the span of the active scope', () => {
      const { tracer } = make()
      assert.equal(tracer.activeSpan, null)
      const scope = tracer.startActiveSpan('active')
      assert.equal(tracer.scopeManager.active, scope)
      assert.equal(tracer.activeSpan, scope.span)
      scope.close()
      assert.equal(tracer.activeSpan, null)
    })

    test('SM-02: activate() makes a span active at once and returns a scope', () => {
      const { tracer } = make()
      const span = tracer.startSpan('span')
      const scope = tracer.scopeManager.activate(span, false)
      assert.equal(tracer.activeSpan, span)
      assert.equal(scope.span, span)
      scope.close()
    })

    test('SM-03: startActiveSpan() returns a scope, not a span, and closing it finishes by default', () => {
      const { tracer, finished } = make()
      const scope = tracer.startActiveSpan('finished')
      assert.equal(typeof scope.close, 'function')
      assert.equal('setTag' in scope, false)
      scope.close()
      tracer.startActiveSpan('left open', { finishOnClose: false }).close()
      assert.deepEqual(
        finished().map((span) => span.name),
        ['finished'],
      )
    })

    test('SM-04: startSpan() never activates', () => {
      const { tracer } = make()
      tracer.startSpan('inactive')
      assert.equal(tracer.activeSpan, null)
      const scope = tracer.startActiveSpan('active')
      tracer.startSpan('inactive')
      assert.equal(tracer.activeSpan, scope.span)
      scope.close()
    })

    test('SM-05: both start functions take the active span as parent, unless told otherwise', () => {
      const { tracer, finished } = make()
      const other = tracer.startSpan('other')
      const scope = tracer.startActiveSpan('parent')
      tracer.startSpan('started').finish()
      tracer.startActiveSpan('started active').close()
      tracer.startSpan('explicit', { childOf: other }).finish()
      tracer.startSpan('ignoring', { ignoreActiveSpan: true }).finish()
      tracer.startActiveSpan('ignoring, active', { ignoreActiveSpan: true }).close()
      scope.close()
      other.finish()
      const [started, active, explicit, ignoring, ignoringActive, parent, otherFinished] = finished()
      assertChildOf(started!, parent!)
      assertChildOf(active!, parent!)
      assertChildOf(explicit!, otherFinished!)
      assertNoParent(ignoring!)
      assertNoParent(ignoringActive!)
    })

    test('SM-06: close() makes active what was active when the scope was opened', () => {
      const { tracer } = make()
      const outer = tracer.startActiveSpan('outer')
      const inner = tracer.startActiveSpan('inner', { finishOnClose: false })
      const finishes = countCalls(inner.span!, 'finish')
      inner.close()
      assert.equal(tracer.activeSpan, outer.span)
      assert.equal(finishes(), 0)
      outer.close()
    })

    test('SM-07: closing a scope that is not active does nothing, and neither does closing one twice', () => {
      const { tracer, finished } = make()
      const outer = tracer.startActiveSpan('outer')
      const inner = tracer.startActiveSpan('inner')
      outer.close()
      assert.deepEqual(finished(), [])
      assert.equal(tracer.activeSpan, inner.span)
      inner.close()
      inner.close()
      assert.deepEqual(
        finished().map((span) => span.name),
        ['inner'],
      )
      assert.equal(tracer.activeSpan, outer.span)
      outer.close()
    })

    test('SM-08: close() restores first and finishes then, so that a finish hook sees the outer span active', () => {
      const { tracer } = mockBed(makeManager())
      const seen: (Span | null)[] = []
      const recordFinished = tracer.recordFinished.bind(tracer)
      tracer.recordFinished = (span) => {
        seen.push(tracer.activeSpan)
        recordFinished(span)
      }
      const outer = tracer.startActiveSpan('outer')
      tracer.startActiveSpan('inner').close()
      assert.deepEqual(seen, [outer.span])
      outer.close()
    })

    test('SM-09: a callback that throws has its error recorded, and its scope closed', () => {
      const { tracer } = mockBed(makeManager())
      const failure = new Error('stop')
      assert.throws(
        () =>
          tracer.startActiveSpan('failing', () => {
            throw failure
          }),
        failure,
      )
      const [span] = tracer.finishedSpans()
      assert.equal(span?.tags['error'], true)
      assert.equal(span?.logs[0]?.fields['error.object'], failure)
      assert.equal(tracer.activeSpan, null)
    })

    test('SM-09: a scope without a span is closed without harm', () => {
      const { tracer } = make()
      const scope = tracer.scopeManager.activate(null, true)
      assert.equal(scope.span, null)
      scope.close()
      tracer.scopeManager.with(null, () => assert.equal(tracer.activeSpan, null))
    })

    test('SM-09: `using` closes a scope at the end of its block', () => {
      const { tracer, finished } = make()
      {
        using scope = tracer.startActiveSpan('block')
        assert.equal(tracer.activeSpan, scope.span)
      }
      assert.equal(tracer.activeSpan, null)
      assert.equal(finished().length, 1)
    })

    test('SM-11: a span is shared by activating it elsewhere without finishing it', () => {
      const { tracer, finished } = make()
      const parent = tracer.startSpan('parent')
      for (const task of ['one', 'two']) {
        const scope = tracer.scopeManager.activate(parent, false)
        tracer.startActiveSpan(task).close()
        scope.close()
      }
      parent.finish()
      const [one, two, shared] = finished()
      assertChildOf(one!, shared!)
      assertChildOf(two!, shared!)
    })

    test('SM-14: noParent() clears the active span for what it runs, and restores it', () => {
      const { tracer, finished } = make()
      const scope = tracer.startActiveSpan('parent')
      tracer.scopeManager.noParent(() => tracer.startSpan('background').finish())
      assert.equal(tracer.activeSpan, scope.span)
      scope.close()
      assertNoParent(finished()[0]!)
    })
  })
}

test('SM-10: a span may be finished in another flow than it was started in', async () => {
  const { tracer, finished } = spoorBed()
  const span = tracer.startSpan('travelling')
  await Promise.all([pause(1).then(() => span.setTag('seen', true)), pause(3).then(() => span.finish())])
  assert.equal(finished()[0]?.attributes['seen'], true)
})

test('SM-10: a scope that is closed in another flow disturbs neither flow', async () => {
  const { tracer } = spoorBed()
  await pause(0)
  const scope = tracer.startActiveSpan('mine')
  await tracer.scopeManager.noParent(async () => {
    await pause(1)
    scope.close()
    assert.equal(tracer.activeSpan, null)
  })
  assert.equal(tracer.activeSpan, scope.span)
  scope.close()
  assert.equal(tracer.activeSpan, null)
})

test('SM-12: the active scope of the no-op manager is a permanent one, never null', () => {
  const scope = noopScopeManager.active
  assert.notEqual(scope, null)
  assert.equal(noopScopeManager.activate(new MockTracer().startSpan('ignored'), true), scope)
  scope?.close()
  assert.equal(noopScopeManager.active, scope)
})

test('SM-13: on asynchronous storage children inherit the active span, and siblings are isolated', async () => {
  const { tracer } = spoorBed({ scopeManager: new AsyncLocalStorageScopeManager() })
  const scope = tracer.startActiveSpan('parent')
  const seen = await Promise.all(
    ['one', 'two'].map(async (name) => {
      await pause(1)
      const inherited = tracer.activeSpan
      const own = tracer.startActiveSpan(name)
      await pause(2)
      const kept = tracer.activeSpan === own.span
      own.close()
      return [inherited === scope.span, kept]
    }),
  )
  assert.deepEqual(seen, [
    [true, true],
    [true, true],
  ])
  assert.equal(tracer.activeSpan, scope.span)
  scope.close()
})

test('SM-13: on a stack nothing is inherited by what runs later', async () => {
  const { tracer } = spoorBed({ scopeManager: new StackScopeManager() })
  const later = tracer.startActiveSpan('parent', () => pause(1).then(() => tracer.activeSpan))
  assert.equal(await later, null)
})
