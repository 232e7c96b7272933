import type { ServerOptions } from '../instrument/server-options.ts'
import type { MockTracer } from './mock-tracer.ts'

/**
 * What an adapter brings to the server contract kit: one small application, traced in each of the three ways.
 *
 * | request | what its handler does |
 * |---|---|
 * | `GET /hello` (and `HEAD`) | answers `hello` |
 * | `GET /users/:id` | answers `{"id": …}` |
 * | `GET /tenants/:tenant/users/:id` | the same, in a router that is mounted at `/tenants/:tenant` |
 * | `GET /refused` | answers 404 by itself |
 * | `GET /teapot` | answers 418 by itself |
 * | `GET /failing` | answers 503 by itself |
 * | `GET /thrown` | throws `work.error('thrown')`, synchronously; the application answers 500 |
 * | `GET /passed` | passes `work.error('passed')` on in the framework's way; the application answers 500 |
 * | `GET /rejected` | is asynchronous, and rejects with `work.error('rejected')`; the application answers 500 |
 * | `GET /redirect` | answers 302 to `/hello` |
 * | `GET /streamed` | streams `work.chunks()`, an asynchronous iterable of text |
 * | `GET /endless` | streams `work.endless()` until the client goes away |
 * | `POST /echo` | reads the whole body as text, in the framework's way, awaits `work.child('echo')`, and answers it |
 * | `GET /child` | awaits `work.child('child')`, and answers `done` |
 * | `GET /slow/:id` | awaits `work.slow(id)`, and answers `{"id": …}` |
 * | `GET /tagged` | calls `work.tag(span)` with the span of its request, as the tracing object or the tracer gives it |
 */
export interface ServerUnderTest {
  /** The framework and its major: `express 5`. */
  readonly name: string
  /** What stands in the tag `component`. */
  readonly component: string
  /** Routes that the framework has no notion of; requests there are named by their method alone. */
  readonly routes?: boolean
  /** Routes of the table that it cannot have. */
  readonly lacks?: readonly string[]
  /** Where users find the parameter `id` of a route in a request, as a traced attribute. Default `params.id`. */
  readonly parameter?: string
  start(setup: ServerSetup): Promise<ServerRunning>
}

/** `everything`: by `init()`, without a tracing object. `attached`: by one. `marked`: every handler, by `trace()`. */
export type Way = 'everything' | 'attached' | 'marked'

export interface ServerSetup {
  readonly way: Way
  readonly tracer: MockTracer
  /** For the tracing object, or for `init()`. */
  readonly options: ServerOptions
  readonly work: ServerWork
}

/** What the handlers of the application do. */
export interface ServerWork {
  error(message: string): Error
  chunks(): AsyncIterable<string>
  endless(): AsyncIterable<string>
  /** Does something asynchronous in a span below the active one. */
  child(name: string): Promise<void>
  /** The same for a random time, and notes in whose span it did so. */
  slow(id: string): Promise<void>
  tag(span: unknown): void
}

export interface ServerRunning {
  /** Without a slash at its end. */
  readonly url: string
  /** The tracing object's, where there is one: the span of what the start callback was given as the request. */
  getSpan?(request: any): unknown
  stop(): Promise<void>
}
