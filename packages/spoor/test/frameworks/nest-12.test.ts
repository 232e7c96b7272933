import * as runner from 'node:test'
import { serverKit } from 'spoor/testing'
import { nestServer } from './support/nest-server.ts'

// The way `everything` comes first: ES modules have to be hooked before they are loaded, and they are loaded once.
serverKit(nestServer(12, 'express', 'app'), runner)
serverKit(nestServer(12, 'fastify', 'app'), runner)
serverKit(nestServer(12, 'express', 'module'), runner, ['attached'])
