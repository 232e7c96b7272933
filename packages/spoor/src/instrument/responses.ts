import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Binding } from './bind.ts'
import { contextHeaders } from './context-headers.ts'
import type { Engine } from './engine.ts'
import { type HeaderList, headerIn, withoutHeaders } from './header-list.ts'
import type { Emit } from './requests.ts'
import type { EngineSpan } from './row.ts'

/**
 * Client spans for `node:http` and `node:https`. `_storeHeader` is the one place that every request passes with its
 * headers still open, whatever form they have and whenever they are sent (Node 20 to 26, lib/_http_outgoing.js).
 */

/** One outgoing request, as the row sees it. */
export interface Outbound {
  readonly request: ClientRequest
  /** The value of its `Host` header, where there is one. */
  readonly authority: string | undefined
  /** A header of those that were given as a list, which the request itself does not know. */
  header(name: string): string | undefined
  response?: IncomingMessage
  error?: unknown
}

/** A request on its way, tied to the messages that belong to it. */
export interface Exchange {
  readonly span: EngineSpan
  /** What was active when the request was made: its listeners run in that. */
  readonly caller: EngineSpan | null
  readonly event: Outbound
  ended: boolean
}

const EXCHANGE = Symbol('spoor.exchange')
/** Marks an agent whose requests are our own, or somebody's who wants them untraced. */
const UNTRACED = Symbol.for('spoor.untraced')

type Tied = { [EXCHANGE]?: Exchange }
type StoreHeader = (this: any, firstLine: string, headers: StoredHeaders) => void
/** Lower-case name to `[name, value]`; or a list when the caller gave one. */
type StoredHeaders = { [name: string]: [string, unknown] } | HeaderList | null | undefined

export function traceClient(
  engine: Engine,
  http: { ClientRequest: { prototype: object } },
  binding: Binding<Outbound>,
): void {
  const { runtime } = binding
  engine.patch(http.ClientRequest.prototype, '_storeHeader', (store: StoreHeader): StoreHeader => {
    return function (this: ClientRequest & Tied, firstLine, headers) {
      if (!binding.enabled || this[EXCHANGE] !== undefined || isUntraced(this))
        return store.call(this, firstLine, headers)
      const event: Outbound = new Departure(this, headers)
      const caller = runtime.scope.activeSpan
      const span = binding.start(event)
      if (span === null) return store.call(this, firstLine, headers)
      this[EXCHANGE] = { span, caller, event, ended: false }
      try {
        return store.call(this, firstLine, withHeaders(headers, contextHeaders(runtime, span)))
      } catch (error) {
        // Node refuses a header of the caller's: nothing will be sent.
        end(binding, this[EXCHANGE], error)
        throw error
      }
    }
  })
  engine.patch(http.ClientRequest.prototype, 'emit', (emit: Emit): Emit => {
    return function (this: ClientRequest & Tied, event, ...args) {
      const exchange = this[EXCHANGE]
      if (exchange === undefined) return emit.call(this, event, ...args)
      if (event === 'response' || event === 'upgrade' || event === 'connect') {
        exchange.event.response = args[0]
        if (event === 'response') (args[0] as Tied)[EXCHANGE] = exchange
        else end(binding, exchange)
      } else if (event === 'error') end(binding, exchange, args[0])
      else if (event === 'close' && exchange.event.response === undefined) end(binding, exchange)
      return runtime.scope.with(exchange.caller, emit, this, event, ...args)
    }
  })
}

/** The outgoing request that a message answers. */
export function exchangeOf(message: object): Exchange | undefined {
  return (message as Tied)[EXCHANGE]
}

/** Passes on an event of a response; the last one ends the span. */
export function emitResponse(
  binding: Binding<Outbound>,
  exchange: Exchange,
  emit: Emit,
  response: IncomingMessage,
  event: string | symbol,
  args: unknown[],
): boolean {
  if (event === 'error') end(binding, exchange, args[0])
  else if (event === 'end') end(binding, exchange)
  else if (event === 'close') end(binding, exchange, response.complete ? undefined : cutShort())
  return binding.runtime.scope.with(exchange.caller, emit, response, event, ...args)
}

/** Node makes an error of it only where somebody listens for one. */
function cutShort(): Error {
  return Object.assign(new Error('the connection was closed before the response was complete'), {
    code: 'ECONNRESET',
  })
}

function end(binding: Binding<Outbound>, exchange: Exchange, error?: unknown): void {
  if (exchange.ended) return
  exchange.ended = true
  exchange.event.error = error
  binding.end(exchange.span, exchange.event, error !== undefined, error)
}

/** The headers with ours in place of those of the same name: a proxy passes on what it got, and that is not the parent. */
function withHeaders(headers: StoredHeaders, added: { [name: string]: string }): StoredHeaders {
  if (Array.isArray(headers)) {
    const pairs = Object.entries(added)
    return [...withoutHeaders(headers, added), ...(Array.isArray(headers[0]) ? pairs : pairs.flat())]
  }
  const joined = headers ?? {}
  for (const name in added) joined[name.toLowerCase()] = [name, added[name]]
  return joined
}

class Departure implements Outbound {
  readonly request: ClientRequest
  response?: IncomingMessage
  error?: unknown
  readonly #headers: StoredHeaders

  constructor(request: ClientRequest, headers: StoredHeaders) {
    this.request = request
    this.#headers = headers
  }

  get authority(): string | undefined {
    return this.header('host')
  }

  header(name: string): string | undefined {
    const headers = this.#headers
    if (!Array.isArray(headers)) return text(headers?.[name]?.[1])
    return text(headerIn(headers, name))
  }
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value)
}

function isUntraced(request: ClientRequest): boolean {
  return (request as { agent?: { [UNTRACED]?: boolean } }).agent?.[UNTRACED] === true
}
