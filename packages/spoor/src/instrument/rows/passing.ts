import { KIND_INTERNAL } from '../../api/span-kind.ts'
import type { Row } from '../row.ts'
import type { Runtime } from '../runtime.ts'

/** Does something whenever an event passes, before what the row does; without a row nothing is recorded. */
export function passing<Event>(
  action: (event: Event, runtime: Runtime) => void,
  row: Row<Event> = nothing,
): Row<Event> {
  return {
    ...row,
    target(event, runtime) {
      action(event, runtime)
      return row.target?.(event, runtime) ?? null
    },
  }
}

const nothing: Row<any> = {
  does: 'enrich',
  kind: KIND_INTERNAL,
  name: () => '',
  describe() {},
}
