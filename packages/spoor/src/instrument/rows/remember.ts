import { KIND_INTERNAL } from '../../api/span-kind.ts'
import type { Call, EngineSpan, Row } from '../row.ts'

/**
 * Some libraries put an operation into a queue and run it in whoever's context empties the queue. The object that
 * stands for the operation then carries its caller's span.
 */

const CALLER = Symbol.for('spoor.caller')

type Carrier = { [CALLER]?: EngineSpan | null }

/** For the method that queues: notes who called. Nothing is recorded, and a second call does not change the note. */
export function rememberCaller(operation: (call: Call) => object): Row<Call> {
  return {
    does: 'enrich',
    kind: KIND_INTERNAL,
    name: () => '',
    describe() {},
    target(call, { scope }) {
      const carrier = operation(call) as Carrier
      if (!(CALLER in carrier))
        Object.defineProperty(carrier, CALLER, { value: scope.activeSpan, writable: true })
      return null
    },
  }
}

/** Who called, if that was noted; undefined otherwise. */
export function callerOf(operation: object): EngineSpan | null | undefined {
  return (operation as Carrier)[CALLER]
}

const SEEN = Symbol.for('spoor.seen')

/** True from the second time on that it is asked about the same object: an operation that is sent again is no new one. */
export function seenBefore(operation: object): boolean {
  if (SEEN in operation) return true
  Object.defineProperty(operation, SEEN, { value: true })
  return false
}
