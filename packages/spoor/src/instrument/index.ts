/**
 * `spoor/instrument`: the vocabulary in which an instrumentation is written.
 */
export { type Connection, connectionOf, isQuiet, noteConnection, notePath, noteQuiet } from './connections.ts'
export type { Instrumentation, Patch } from './define.ts'
export { instrumentation } from './define.ts'
export { enterRouter, noteMount, noteMounts, templateOf } from './mounts.ts'
export { ownerOf } from './patch.ts'
export { redisStatement, redisStatus } from './redis.ts'
export type { Call, Row } from './row.ts'
export { type DatabaseFacts, database, type Peer } from './rows/database.ts'
export { type FailureFacts, failure } from './rows/failure.ts'
export { type HandlerFacts, handler } from './rows/handler.ts'
export { type HttpClientFacts, httpClient } from './rows/http-client.ts'
export { keepContext } from './rows/keep-context.ts'
export { type MessageFacts, received, sent } from './rows/message.ts'
export { passing } from './rows/passing.ts'
export { callerOf, rememberCaller, seenBefore } from './rows/remember.ts'
export { type RouteFacts, route } from './rows/route.ts'
