import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { scopeManagers, spoorBed } from '../compliance/support.ts'

for (const { name, make } of scopeManagers) {
  describe(`with() on ${name}`, () => {
    const { tracer } = spoorBed()
    const [a, b] = [tracer.startSpan('a'), tracer.startSpan('b')]

    test('a scope that was left open inside ends with it, also when the same span was active before', () => {
      const manager = make()
      manager.with(a, () => {
        manager.with(a, () => void manager.activate(b, false))
        assert.equal(manager.activeSpan, a)
        assert.throws(() =>
          manager.with(a, () => {
            manager.activate(b, false)
            throw new Error('no')
          }),
        )
        assert.equal(manager.activeSpan, a)
      })
      assert.equal(manager.activeSpan, null)
      manager.with(null, () => void manager.activate(b, false))
      assert.equal(manager.activeSpan, null)
      manager.noParent(() => void manager.activate(b, false))
      assert.equal(manager.activeSpan, null)
    })

    test('a scope around it is still the active one, and can be closed', () => {
      const manager = make()
      const scope = manager.activate(a, false)
      manager.with(a, () => void manager.activate(b, false))
      assert.equal(manager.active, scope)
      scope.close()
      assert.equal(manager.activeSpan, null)
    })

    test('passes this and arguments on, and returns and throws what the function does', () => {
      const manager = make()
      const self = { base: 1 }
      const add = function (this: typeof self, x: number, y: number): number {
        return this.base + x + y
      }
      for (const span of [a, null]) assert.equal(manager.with(span, add, self, 2, 3), 6)
      const thrown = Symbol('thrown')
      for (const span of [a, null]) {
        assert.throws(
          () =>
            manager.with(span, () => {
              throw thrown
            }),
          (error) => error === thrown,
        )
      }
    })
  })
}
