import type { Binding } from './bind.ts'
import type { Engine } from './engine.ts'
import { closeInbound, type InboundRequest, openInbound, serverSpanOf, setServerSpan } from './inbound.ts'
import type { EngineSpan } from './row.ts'

/**
 * Both sides of `node:http2`. No channel of Node can inject (the headers are serialised when it tells), and the
 * classes are not exported: they are reached through what the module makes.
 */

type Headers = { readonly [name: string]: string | string[] | number | undefined }

interface Stream {
  readonly session?: { readonly socket?: { readonly remoteAddress?: string }; readonly encrypted?: boolean }
  readonly sentHeaders?: Headers
  readonly rstCode?: number
  emit(event: string | symbol, ...args: unknown[]): boolean
}

type Emit = (this: any, event: string | symbol, ...args: any[]) => boolean

/** Server spans: the event `stream` brings every request, for the compatibility API too. */
export function traceStreams(
  engine: Engine,
  Server: { prototype: object },
  binding: Binding<InboundRequest>,
): void {
  const { scope } = binding.runtime
  engine.patch(Server.prototype, 'emit', (emit: Emit): Emit => {
    return function (this: unknown, event, stream: Stream, headers: Headers, ...rest) {
      if (event !== 'stream' || !binding.enabled || serverSpanOf(stream) !== null) {
        return emit.call(this, event, stream, headers, ...rest)
      }
      const span = openInbound(binding, requestOf(stream, headers))
      if (span === null) return emit.call(this, event, stream, headers, ...rest)
      setServerSpan(span, stream, stream)
      watch(binding.runtime.scope.activeSpan, binding, stream, span, (name) => {
        if (name !== 'close') return
        const status = Number(stream.sentHeaders?.[':status'] ?? 0)
        closeInbound(binding, span, status, stream.rstCode === 0)
      })
      return scope.with(span, emit, this, event, stream, headers, ...rest)
    }
  })
}

/** One outgoing stream, as the row sees it. */
export interface OutboundStream {
  readonly headers: Headers
  readonly origin: string
  status?: number
  error?: unknown
}

interface Session {
  readonly originSet?: readonly string[]
  readonly encrypted?: boolean
  readonly socket?: {
    readonly servername?: string
    readonly remoteAddress?: string
    readonly remotePort?: number
  }
}

/** Client spans: `ClientHttp2Session.prototype.request` is where headers are still open. */
export function traceSessions(engine: Engine, session: object, binding: Binding<OutboundStream>): void {
  const { runtime } = binding
  engine.patch(Object.getPrototypeOf(session), 'request', (request: (...args: unknown[]) => Stream) => {
    return function (this: Session, headers: Headers = {}, ...rest: unknown[]): Stream {
      // A raw list of headers is passed on as it is: it has been laid out for the wire.
      if (!binding.enabled || Array.isArray(headers)) return request.call(this, headers, ...rest)
      const event: OutboundStream = { headers, origin: originOf(this, headers) }
      const caller = runtime.scope.activeSpan
      const span = binding.start(event)
      if (span === null) return request.call(this, headers, ...rest)
      const carried: { [name: string]: string } = {}
      runtime.inject(span, carried)
      let stream: Stream
      try {
        stream = request.call(this, { ...headers, ...carried }, ...rest)
      } catch (error) {
        binding.end(span, event, true, error)
        throw error
      }
      watch(caller, binding, stream, span, (name, value) => {
        if (name === 'response') event.status = Number((value as Headers)[':status'])
        else if (name === 'error') event.error = value
        else if (name === 'close') binding.end(span, event, event.error !== undefined, event.error)
      })
      return stream
    }
  })
}

/** Sees a stream's events as they pass, and lets its listeners run in a context of our choice. */
function watch(
  context: EngineSpan | null,
  binding: Binding<any>,
  stream: Stream,
  span: EngineSpan,
  see: (event: string | symbol, value: unknown) => void,
): void {
  const { scope } = binding.runtime
  const inbound = serverSpanOf(stream) === span
  const { emit } = stream
  Object.defineProperty(stream, 'emit', {
    configurable: true,
    writable: true,
    enumerable: false,
    value(this: Stream, event: string | symbol, ...args: unknown[]) {
      see(event, args[0])
      if (scope.activeSpan !== null) return emit.call(this, event, ...args)
      return scope.with(inbound ? span : context, emit as Emit, this, event, ...args)
    },
  })
}

function requestOf(stream: Stream, headers: Headers): InboundRequest {
  const rawHeaders: string[] = []
  for (const name in headers) rawHeaders.push(name, String(headers[name]))
  return {
    method: String(headers[':method'] ?? 'GET'),
    url: String(headers[':path'] ?? '/'),
    scheme: String(headers[':scheme'] ?? 'http'),
    protocolVersion: '2',
    rawHeaders,
    headers: headers as InboundRequest['headers'],
    remoteAddress: stream.session?.socket?.remoteAddress,
  }
}

function originOf(session: Session, headers: Headers): string {
  const authority = headers[':authority']
  const known = session.originSet?.[0]
  if (authority === undefined && known !== undefined) return known
  const { remoteAddress = 'localhost', remotePort } = session.socket ?? {}
  const host = authority ?? (remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`)
  return `${session.encrypted === true ? 'https' : 'http'}://${host}`
}
