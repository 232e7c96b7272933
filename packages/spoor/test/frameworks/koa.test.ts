import * as runner from 'node:test'
import { serverKit } from 'spoor/testing'
import { koaServer, stacks } from './support/koa-server.ts'

for (const stack of stacks) serverKit(koaServer(stack), runner)
