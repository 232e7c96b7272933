import type { Instrumentation } from '../instrument/define.ts'
import { express } from './express.ts'
import { fetch } from './fetch.ts'
import { http } from './http.ts'
import { pg } from './pg.ts'

/** Every library that Spoor knows. Adding one is a file, a line here, and a test. */
export const instrumentations: readonly Instrumentation[] = [http, fetch, express, pg]
