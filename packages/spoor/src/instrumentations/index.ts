import type { Instrumentation } from '../instrument/define.ts'
import { express } from './express.ts'
import { fastify } from './fastify.ts'
import { fetch } from './fetch.ts'
import { h3 } from './h3.ts'
import { hapi } from './hapi.ts'
import { hono } from './hono.ts'
import { http } from './http.ts'
import { http2 } from './http2.ts'
import { ioredis } from './ioredis.ts'
import { koa } from './koa.ts'
import { nest } from './nest.ts'
import { opentracing } from './opentracing.ts'
import { pg } from './pg.ts'
import { redis } from './redis.ts'
import { restify } from './restify.ts'
import { socketIo } from './socket.io.ts'
import { ws } from './ws.ts'

/** Every library that Spoor knows. Adding one is a file, a line here, and a test. */
export const instrumentations: readonly Instrumentation[] = [
  http,
  http2,
  fetch,
  express,
  fastify,
  koa,
  hapi,
  hono,
  nest,
  restify,
  h3,
  pg,
  redis,
  ioredis,
  ws,
  socketIo,
  opentracing,
]
