import * as runner from 'node:test'
import { serverKit } from 'spoor/testing'
import { httpServer } from './support/http-server.ts'

serverKit(httpServer, runner)
