import type { Binding } from './bind.ts'
import { closeInbound, receive } from './inbound.ts'
import type { InboundRequest } from './inbound-request.ts'
import { serverSpanOf } from './open-requests.ts'
import { type Emit, HttpRequestView } from './requests.ts'
import type { EngineSpan } from './row.ts'

/**
 * Server spans for the events `upgrade` and `connect`, which bring a socket instead of a response. The span stands for the
 * handshake and not for what is spoken afterwards: it ends when the first line of an answer is written.
 */

/** Whether an event of a server hands its socket over. Without a listener for `upgrade` Node.js makes a request of it. */
export function bringsSocket(event: string | symbol): boolean {
  return event === 'upgrade' || event === 'connect'
}

/** Emits the event inside a server span of its own; inside the one that it has, if somebody traces it already. */
export function emitUpgrade(
  binding: Binding<InboundRequest>,
  emit: Emit,
  server: unknown,
  event: string | symbol,
  args: unknown[],
): boolean {
  const [request, socket] = args
  if (!isObject(request) || !isObject(socket) || serverSpanOf(request) !== null)
    return emit.call(server, event, ...args)
  // The span is tied to the socket too: by it, those who speak over the connection know where they come from.
  const span = receive(binding, new HttpRequestView(request), request, socket)
  if (span === null) return emit.call(server, event, ...args)
  followHandshake(binding, span, socket)
  return binding.runtime.scope.with(span, emit, server, event, ...args)
}

/** What we use of a socket. */
interface Wire {
  once?(event: string, listener: () => void): unknown
  off?(event: string, listener: () => void): unknown
}

/** Ends a span with the answer to its handshake. There are as many as connections: a closure for each costs nothing that matters. */
export function followHandshake(binding: Binding<InboundRequest>, span: EngineSpan, socket: Wire): void {
  let open = true
  const close = (status: number | undefined, complete: boolean): void => {
    if (!open) return
    open = false
    for (const undo of undos) undo()
    closeInbound(binding, span, status, complete)
  }
  const hear = (chunk: unknown): void => {
    const status = statusIn(chunk)
    // 100 and 103 only announce the answer.
    if (status === undefined || status >= 200 || status === 101) close(status, true)
  }
  const gone = (): void => close(undefined, false)
  const undos = [overhear(socket, 'write', hear), overhear(socket, 'end', hear)]
  socket.once?.('close', gone)
  undos.push(() => socket.off?.('close', gone))
}

type Write = (this: unknown, ...args: unknown[]) => unknown

/** Listens to a method until it is undone. What was written is heard after it is written. */
function overhear(socket: object, name: 'write' | 'end', hear: (chunk: unknown) => void): () => void {
  const own = Object.getOwnPropertyDescriptor(socket, name)
  const original = (socket as { [name: string]: unknown })[name]
  if (typeof original !== 'function') return () => {}
  const value: Write = function (this: unknown, ...args) {
    const result: unknown = (original as Write).apply(this, args)
    hear(args[0])
    return result
  }
  const placed = Reflect.defineProperty(socket, name, {
    configurable: true,
    writable: true,
    enumerable: false,
    value,
  })
  return () => {
    // Somebody may have wrapped us in the meantime; then ours stays below theirs, and hears for nothing.
    if (!placed || (socket as { [name: string]: unknown })[name] !== value) return
    if (own === undefined) delete (socket as { [name: string]: unknown })[name]
    else Reflect.defineProperty(socket, name, own)
  }
}

/** The status in the first line of an answer; undefined when what is written is none. */
function statusIn(chunk: unknown): number | undefined {
  const text =
    typeof chunk === 'string'
      ? chunk.slice(0, 12)
      : chunk instanceof Uint8Array
        ? Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(12, chunk.byteLength)).toString('latin1')
        : ''
  const digits = /^HTTP\/\d\.\d (\d{3})/.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
