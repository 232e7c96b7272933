import * as runner from 'node:test'
import { serverKit } from 'spoor/testing'
import { nestServer } from './support/nest-server.ts'

for (const major of [11, 12] as const) {
  for (const platform of ['express', 'fastify'] as const) {
    serverKit(nestServer(major, platform, 'app'), runner)
  }
}
serverKit(nestServer(11, 'fastify', 'module'), runner, ['attached'])
serverKit(nestServer(12, 'express', 'module'), runner, ['attached'])
