import { KIND_INTERNAL } from '../../api/span-kind.ts'
import type { Row } from '../row.ts'

/**
 * For methods that put a callback into a queue: whoever's turn it is when the callback runs, it runs in the context
 * of its own caller. Nothing is recorded.
 */
export const keepContext: Row<any> = {
  does: 'context',
  kind: KIND_INTERNAL,
  name: () => '',
  describe() {},
}
