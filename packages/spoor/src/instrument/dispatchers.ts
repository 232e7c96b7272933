import type { Engine } from './engine.ts'
import type { EngineSpan } from './row.ts'

/**
 * Pools of undici 6 and 7 with a bound on their connections queue what finds none free, and dispatch it in the context of
 * whoever's request ends next. Undici 8 keeps the context itself (lib/dispatcher/pool-base.js, `QueuedRequest`).
 */

type Dispatch = (this: unknown, options: unknown, handler: object) => boolean

/**
 * Makes queued requests run in their own caller's context.
 *
 * @param PoolBase the class that queues; it inherits from the class of all dispatchers
 */
export function keepDispatchContext(engine: Engine, PoolBase: { prototype: object }): void {
  const { scope } = engine.runtime
  const callers = new WeakMap<object, EngineSpan | null>()
  const queue = Object.getOwnPropertySymbols(PoolBase.prototype).find(
    ({ description }) => description === 'dispatch',
  )
  if (queue === undefined) return
  engine.patch(PoolBase.prototype, queue, (enqueue: Dispatch): Dispatch => {
    return function (options, handler) {
      if (!callers.has(handler)) callers.set(handler, scope.activeSpan)
      return enqueue.call(this, options, handler)
    }
  })
  engine.patch(Object.getPrototypeOf(PoolBase.prototype), 'dispatch', (dispatch: Dispatch): Dispatch => {
    return function (options, handler) {
      const caller = callers.get(handler)
      if (caller === undefined) return dispatch.call(this, options, handler)
      return scope.with(caller, dispatch, this, options, handler)
    }
  })
}
