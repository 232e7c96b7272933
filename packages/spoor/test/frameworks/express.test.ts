import * as runner from 'node:test'
import { serverKit } from 'spoor/testing'
import { expressServer } from './support/express-server.ts'

for (const major of [5, 4] as const) serverKit(expressServer(major), runner)
