import type { Binding } from './bind.ts'
import type { Engine } from './engine.ts'
import { receive } from './inbound.ts'
import type { InboundRequest } from './inbound-request.ts'
import { serverSpanOf, setServerSpan } from './open-requests.ts'
import { closeResponse, type Emit, emitRequest, shadowEmit } from './requests.ts'
import type { EngineSpan } from './row.ts'

/**
 * Server spans for `node:http2`. Its classes are not exported: they are reached through what the module makes.
 */

export type StreamHeaders = { readonly [name: string]: string | string[] | number | undefined }

/** What we use of a stream of HTTP/2. */
export interface Stream {
  readonly session?: { readonly socket?: { readonly remoteAddress?: string; readonly remotePort?: number } }
  readonly sentHeaders?: StreamHeaders
  readonly rstCode?: number
  readonly headersSent: boolean
}

/** Server spans: the event `stream` brings every request, for the compatibility API too. */
export function traceStreams(
  engine: Engine,
  Server: { prototype: object },
  binding: Binding<InboundRequest>,
): void {
  const { scope } = binding.runtime
  engine.patch(Server.prototype, 'emit', (emit: Emit): Emit => {
    return function (this: unknown, event, ...args) {
      if (!binding.enabled) return emit.call(this, event, ...args)
      if (event === 'request') return emitCompatible(binding, emit, this, args)
      const [stream] = args as [Stream | undefined]
      if (event !== 'stream' || stream === undefined || serverSpanOf(stream) !== null)
        return emit.call(this, event, ...args)
      const span = receive(binding, requestOf(...(args as Parameters<typeof requestOf>)), stream, stream)
      if (span === null) return emit.call(this, event, ...args)
      watchServed(engine, stream, binding)
      return scope.with(span, emit, this, event, ...args)
    }
  })
}

/** A request of the compatibility API has its span from its stream; one without a stream came by HTTP/1. */
function emitCompatible(
  binding: Binding<InboundRequest>,
  emit: Emit,
  server: unknown,
  args: unknown[],
): boolean {
  const [request, response] = args as [{ stream?: object } | undefined, object | undefined]
  if (request?.stream === undefined || response === undefined)
    return emitRequest(binding, emit, server, 'request', args)
  const span = serverSpanOf(request.stream)
  if (span !== null) setServerSpan(span, request, response)
  return emit.call(server, 'request', ...args)
}

/** Streams of servers: their events run in the span, and the last one ends it. */
function watchServed(engine: Engine, stream: object, binding: Binding<InboundRequest>): void {
  const { scope } = binding.runtime
  engine.patch(Object.getPrototypeOf(stream), 'emit', (emit: Emit): Emit => {
    return function (this: Stream, event, ...args) {
      const span = serverSpanOf(this)
      if (span === null) return emit.call(this, event, ...args)
      if (event === 'close') closeResponse(binding, span, this, this.rstCode === 0)
      if (scope.activeSpan !== null) return emit.call(this, event, ...args)
      return scope.with(span, emit, this, event, ...args)
    }
  })
}

/** The same for one stream, without a patch of its class: for those who bring their own requests. */
export function followStream(binding: Binding<InboundRequest>, span: EngineSpan, stream: object): void {
  const { scope } = binding.runtime
  shadowEmit(stream, (emit, self: Stream, event, args) => {
    if (event === 'close') closeResponse(binding, span, self, self.rstCode === 0)
    if (scope.activeSpan !== null) return emit.call(self, event, ...args)
    return scope.with(span, emit, self, event, ...args)
  })
}

/** A request of the streams API, as the event `stream` tells it. */
export function requestOf(
  stream: Stream,
  headers: StreamHeaders = {},
  _flags?: number,
  rawHeaders?: readonly string[],
): InboundRequest {
  return {
    method: String(headers[':method'] ?? 'GET'),
    url: String(headers[':path'] ?? '/'),
    scheme: String(headers[':scheme'] ?? 'http'),
    protocolVersion: '2',
    rawHeaders: rawHeaders ?? Object.entries(headers).flatMap(([name, value]) => [name, String(value)]),
    headers: headers as InboundRequest['headers'],
    remoteAddress: stream.session?.socket?.remoteAddress,
    remotePort: stream.session?.socket?.remotePort,
  }
}
