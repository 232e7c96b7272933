import type { EventEmitter } from 'node:events'
import { serverSpanOf, setServerSpan } from '../../instrument/open-requests.ts'
import { patchMethod, type Undo } from '../../instrument/patch.ts'
import type { Emit } from '../../instrument/requests.ts'
import type { Exchange } from '../../instrument/serve.ts'
import type { Stream, StreamHeaders } from '../../instrument/streams.ts'
import type { Tracing } from '../tracing.ts'
import { isObject, streamExchange } from './messages.ts'

/** What is known of requests beyond their messages. */
export type Completed = (exchange: Exchange) => Exchange

/** Every request of a server of `node:http`, `node:https` or `node:http2` passes the server's own `emit`. */
export function attachServer(
  server: EventEmitter,
  tracing: Tracing,
  completed: Completed = (exchange) => exchange,
): Undo {
  const undo = patchMethod(
    server,
    'emit',
    (emit: Emit): Emit =>
      function (this: EventEmitter, event, ...args) {
        const exchange = broughtBy(this, event, args)
        if (exchange === null) return emit.call(this, event, ...args)
        return tracing.serve(completed(exchange), () => emit.call(this, event, ...args))
      },
    Symbol('spoor.traced'),
  )
  return () => undo?.()
}

function broughtBy(server: EventEmitter, event: string | symbol, args: readonly any[]): Exchange | null {
  const [first, second] = args
  if (!isObject(first) || !isObject(second)) return null
  switch (event) {
    case 'request':
    case 'checkContinue':
    case 'checkExpectation':
      return messages(first, second)
    case 'upgrade':
    case 'connect':
      return { message: first, response: second, handshake: true, throwEnds: false }
    case 'stream':
      return isLeftToRequest(server)
        ? null
        : streamExchange(first as Stream, second as StreamHeaders, args[2], args[3])
    default:
      return null
  }
}

/** A request of HTTP/2's compatibility API has its span from its stream, if that has one. */
function messages(request: object, response: object): Exchange {
  const { stream } = request as { stream?: object }
  const span = isObject(stream) ? serverSpanOf(stream) : null
  if (span !== null && serverSpanOf(request) === null) setServerSpan(span, request, response)
  return { message: request, response }
}

/** Whether the only listener for streams is Node's own, which makes requests and responses of them. */
function isLeftToRequest(server: EventEmitter): boolean {
  return server.listenerCount('request') > 0 && server.listenerCount('stream') === 1
}
