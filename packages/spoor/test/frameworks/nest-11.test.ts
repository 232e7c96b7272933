import * as runner from 'node:test'
import { serverKit } from 'spoor/testing'
import { nestServer } from './support/nest-server.ts'

serverKit(nestServer(11, 'express', 'app'), runner)
serverKit(nestServer(11, 'fastify', 'app'), runner)
serverKit(nestServer(11, 'fastify', 'module'), runner, ['attached'])
