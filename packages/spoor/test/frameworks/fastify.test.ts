import * as runner from 'node:test'
import { serverKit } from 'spoor/testing'
import { fastifyServer, majors } from './support/fastify-server.ts'

for (const major of majors) serverKit(fastifyServer(major), runner)
