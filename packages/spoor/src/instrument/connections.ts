import { CarriedSpan } from '../api/carried-span.ts'
import { TraceContext } from '../api/span-context.ts'
import { isSilent, serverSpanOf, untie } from './open-requests.ts'
import type { EngineParent, EngineSpan } from './row.ts'
import type { Runtime } from './runtime.ts'

/**
 * Connections that outlive the request that opened them. What comes over one hours later is no child of that request: each
 * message begins a trace of its own, which links to where the connection was opened. Of that, a connection keeps no more
 * than the ids.
 */
export interface Connection {
  /** What a message continues: a link, the span of an ignored request (below which all is silent), or nothing. */
  readonly origin: EngineParent
  /** Where it was opened to, without query. */
  readonly path: string | undefined
}

const CONNECTION = Symbol.for('spoor.connection')
const QUIET = Symbol.for('spoor.quiet')
const PATH = Symbol.for('spoor.path')

type Connected = { [CONNECTION]?: Connection; [QUIET]?: boolean; [PATH]?: string }

/** Notes where a connection is opened to, as long as only its socket is there. */
export function notePath(socket: object | undefined, url: unknown): void {
  if (socket === undefined || typeof url !== 'string') return
  ;(socket as Connected)[PATH] = url.split('?', 1)[0] as string
}

/** Notes what opened a connection: the request whose socket it has, or whoever is active. */
export function noteConnection(
  owner: object,
  socket: object,
  { scope, tracer }: Runtime,
  url?: unknown,
): void {
  if (connectionOf(owner) !== undefined) return
  if (typeof url === 'string' && URL.canParse(url)) notePath(socket, new URL(url).pathname)
  const opener = serverSpanOf(socket) ?? (scope.activeSpan as EngineSpan | null)
  const connection: Connection = {
    origin: opener === null || isSilent(opener) ? opener : follower(opener, tracer),
    path: (socket as Connected)[PATH],
  }
  Object.defineProperty(owner, CONNECTION, { value: connection })
  // A request may still emit; a socket has nothing more to say of its handshake, and would keep the span for days.
  if ('write' in socket) untie(socket)
}

/** What {@link noteConnection} has noted of a connection, if it has. */
export function connectionOf(owner: object): Connection | undefined {
  return (owner as Connected)[CONNECTION]
}

/** Says that somebody else tells of what goes over a connection: a protocol that has one only to carry its own messages. */
export function noteQuiet(owner: object | undefined): void {
  if (owner !== undefined) Object.defineProperty(owner, QUIET, { value: true, configurable: true })
}

/** Whether somebody else tells of what goes over a connection. */
export function isQuiet(owner: object): boolean {
  return (owner as Connected)[QUIET] === true
}

/** What follows a span without being its child: with our own tracer a new trace with a link. */
function follower(span: EngineSpan, tracer: Runtime['tracer']): EngineParent {
  const context = span.context()
  if (!(context instanceof TraceContext)) return new CarriedSpan(context, tracer, true)
  const { traceId, spanId, traceFlags, traceState, baggage } = context
  const link = new TraceContext(traceId, spanId, traceFlags, traceState, baggage)
  link.relation = 'link'
  return new CarriedSpan(link, tracer, true)
}
