import { promisify } from 'node:util'
import type { Binding } from './bind.ts'
import { contextHeaders } from './context-headers.ts'
import type { Engine } from './engine.ts'
import { withoutHeaders } from './header-list.ts'
import type { Emit } from './requests.ts'
import type { EngineSpan } from './row.ts'
import type { StreamHeaders } from './streams.ts'

/**
 * Client spans for `node:http2`. No channel of Node can inject: the headers are serialised when it tells. The classes
 * are not exported; they are reached through the first session and its first stream.
 */

/** Sees every session that the module makes, whichever form of `connect` makes it. */
export function traceConnect(
  engine: Engine,
  http2: { connect: object },
  binding: Binding<OutboundStream>,
): void {
  const made = (session: object, authority: unknown): void => {
    noteOrigin(session, authority)
    traceSessions(engine, session, binding)
  }
  engine.patchExport('http2', 'connect', (connect: (...args: unknown[]) => object) => {
    return function (this: unknown, ...args: unknown[]): object {
      const session = connect.apply(this, args)
      made(session, args[0])
      return session
    }
  })
  engine.patch(http2.connect, promisify.custom, (connect: (...args: unknown[]) => Promise<object>) => {
    return function (this: unknown, ...args: unknown[]): Promise<object> {
      const connecting = connect.apply(this, args)
      connecting.then(
        (session) => made(session, args[0]),
        () => {},
      )
      return connecting
    }
  })
}

/** One outgoing stream, as the row sees it. */
export interface OutboundStream {
  readonly headers: StreamHeaders
  readonly origin: string
  status?: number
  error?: unknown
}

interface Stream {
  readonly rstCode?: number
}

interface Session {
  [ORIGIN]?: string
  readonly originSet?: readonly string[]
  readonly encrypted?: boolean
  readonly socket?: { readonly remoteAddress?: string; readonly remotePort?: number }
}

type Request = (this: Session, headers?: StreamHeaders | unknown[], ...rest: unknown[]) => Stream

/** A stream on its way. */
interface Journey {
  readonly span: EngineSpan
  readonly caller: EngineSpan | null
  readonly event: OutboundStream
  ended: boolean
}

const JOURNEY = Symbol('spoor.journey')

/** `ClientHttp2Session.prototype.request` is where headers are still open. */
function traceSessions(engine: Engine, session: object, binding: Binding<OutboundStream>): void {
  const { runtime } = binding
  engine.patch(Object.getPrototypeOf(session), 'request', (request: Request): Request => {
    return function (headers, ...rest) {
      if (!binding.enabled) return request.call(this, headers, ...rest)
      const known = recordOf(headers)
      const event: OutboundStream = { headers: known, origin: originOf(this, known) }
      const caller = runtime.scope.activeSpan
      const span = binding.start(event)
      if (span === null) return request.call(this, headers, ...rest)
      let stream: Stream
      try {
        stream = request.call(this, withContext(headers, contextHeaders(runtime, span)), ...rest)
      } catch (error) {
        event.error = error
        binding.end(span, event, true, error)
        throw error
      }
      ;(stream as { [JOURNEY]?: Journey })[JOURNEY] = { span, caller, event, ended: false }
      watchSent(engine, stream, binding)
      return stream
    }
  })
}

/** Streams of clients: their events run in the caller's context, and the last one ends the span. */
function watchSent(engine: Engine, stream: object, binding: Binding<OutboundStream>): void {
  const { scope } = binding.runtime
  engine.patch(Object.getPrototypeOf(stream), 'emit', (emit: Emit): Emit => {
    return function (this: Stream & { [JOURNEY]?: Journey }, event, ...args) {
      const journey = this[JOURNEY]
      if (journey === undefined) return emit.call(this, event, ...args)
      see(binding, journey, this, event, args[0])
      return scope.with(journey.caller, emit, this, event, ...args)
    }
  })
}

function see(
  binding: Binding<OutboundStream>,
  journey: Journey,
  stream: Stream,
  name: string | symbol,
  value: unknown,
): void {
  const { event, span } = journey
  if (name === 'response') event.status = Number((value as StreamHeaders)[':status'])
  else if (name === 'error') event.error = value
  else if (name === 'close' && !journey.ended) {
    journey.ended = true
    // A stream that is cancelled closes without an error (lib/internal/http2/core.js, `_destroy`).
    if (event.error === undefined && stream.rstCode !== 0) event.error = reset(stream.rstCode)
    binding.end(span, event, event.error !== undefined, event.error)
  }
}

function reset(code: number | undefined): Error {
  return Object.assign(new Error(`the stream was closed with code ${code} before it was complete`), {
    code: 'ERR_HTTP2_STREAM_ERROR',
  })
}

/** Ours in place of those of the same name, however those are spelt. */
function withContext(
  headers: StreamHeaders | unknown[] | undefined,
  added: { [name: string]: string },
): StreamHeaders | unknown[] {
  if (Array.isArray(headers)) return [...withoutHeaders(headers, added), ...Object.entries(added).flat()]
  const joined: { [name: string]: unknown } = { ...headers }
  for (const name of Object.keys(joined)) if (name.toLowerCase() in added) delete joined[name]
  return Object.assign(joined, added) as StreamHeaders
}

function recordOf(headers: StreamHeaders | unknown[] | undefined): StreamHeaders {
  if (!Array.isArray(headers)) return headers ?? {}
  const record: { [name: string]: string } = {}
  for (let i = 0; i + 1 < headers.length; i += 2)
    record[String(headers[i]).toLowerCase()] = String(headers[i + 1])
  return record
}

/** Where a session leads to, as it was asked for: before it is connected it does not know by itself. */
const ORIGIN = Symbol('spoor.origin')

/** @param authority first argument of `http2.connect`: a string, a URL, or an object like one */
function noteOrigin(session: object, authority: unknown): void {
  const url =
    authority instanceof URL ? authority.href : String((authority as { href?: unknown }).href ?? authority)
  if (URL.canParse(url)) (session as Session)[ORIGIN] = new URL(url).origin
}

function originOf(session: Session, headers: StreamHeaders): string {
  const known = session[ORIGIN] ?? session.originSet?.[0] ?? remoteOrigin(session)
  const authority = headers[':authority']
  return authority === undefined ? known : `${known.slice(0, known.indexOf('://'))}://${authority}`
}

function remoteOrigin({ encrypted, socket }: Session): string {
  const { remoteAddress = 'localhost', remotePort } = socket ?? {}
  const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress
  return `${encrypted === true ? 'https' : 'http'}://${host}${remotePort === undefined ? '' : `:${remotePort}`}`
}
