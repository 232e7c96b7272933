import { shared } from '../api/global.ts'
import type { Runtime } from './runtime.ts'

/** What `init()` has started, for those who come later and from other copies of this package. */
export const running: { runtime: Runtime | null } = shared('running.1', () => ({ runtime: null }))
