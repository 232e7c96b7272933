import type { InboundRequest } from '../../instrument/inbound-request.ts'
import { RoutedRequestView } from '../../instrument/requests.ts'
import { FetchRequestView } from '../../instrument/serve-fetch.ts'
import { requestOf, type Stream, type StreamHeaders } from '../../instrument/streams.ts'
import { report } from '../../log.ts'
import { flat, gathered, type RequestHeaders } from './headers.ts'
import { isHttpEvent, type LambdaEvent, lambdaView } from './lambda-events.ts'

/** A request as you describe it, for frameworks that nobody here knows. Only the first three are needed. */
export interface RequestView {
  readonly method: string
  /** The request target: path and query, or the whole URL. */
  readonly url: string
  readonly headers: RequestHeaders
  /** `https` or `http`. By default that of the URL, else `http`. */
  readonly scheme?: string | undefined
  readonly protocolVersion?: string | undefined
  /** An address, or the name of a host. */
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | string | undefined
  /** What the server calls itself, for requests without `Host`. */
  readonly serverName?: string | undefined
  readonly serverPort?: number | string | undefined
  /** The service that makes the request; by default what `callerNameHeaders` say. */
  readonly callerName?: string | undefined
  /** The name of the span; by default the method. */
  readonly operation?: string | undefined
}

/** A stream of `node:http2` with its headers, as the event `stream` brings them. */
export interface StreamArrival {
  readonly stream: object
  readonly headers: StreamHeaders
}

/** What the engine reads, and what else is known. */
export interface Seen {
  readonly view: InboundRequest & {
    readonly serverName?: string | undefined
    readonly serverPort?: number | string | undefined
  }
  /** What carries the span; undefined for what is only a description. */
  readonly message?: object
}

/** Finds out what a request is, and how to read it. Never throws. */
export function see(request: unknown): Seen {
  const given = (request ?? {}) as Partial<StreamArrival & RequestView & Request & NodeMessage>
  if (given.stream !== undefined && isRecord(given.headers) && typeof given.method !== 'string') {
    const { stream, headers } = given as StreamArrival
    return { view: requestOf(stream as Stream, headers), message: stream }
  }
  if (isHttpEvent(request)) return { view: lambdaView(request as LambdaEvent) }
  if (typeof given.method === 'string' && typeof given.url === 'string') {
    if (Array.isArray(given.rawHeaders)) {
      return { view: new NodeRequestView(given as NodeMessage), message: given }
    }
    if (typeof given.clone === 'function' && typeof given.headers?.get === 'function') {
      return { view: new FetchRequestView(given as Request), message: given }
    }
    return { view: new DescribedRequest(given as RequestView) }
  }
  report(
    'startServerSpan',
    'startServerSpan() got what is no request: it needs method, url and headers. The span tells nothing of it.',
  )
  return { view: new DescribedRequest({ method: '', url: '/', headers: {} }) }
}

interface NodeMessage {
  readonly rawHeaders: readonly string[]
  readonly socket?: { readonly localAddress?: string; readonly localPort?: number }
}

class NodeRequestView extends RoutedRequestView {
  readonly #message: NodeMessage

  constructor(message: NodeMessage) {
    super(message)
    this.#message = message
  }

  get serverName(): string | undefined {
    return this.#message.socket?.localAddress
  }

  get serverPort(): number | undefined {
    return this.#message.socket?.localPort
  }
}

class DescribedRequest implements InboundRequest {
  readonly method: string
  readonly url: string
  readonly scheme: string
  readonly protocolVersion: string
  readonly rawHeaders: readonly string[]
  readonly headers: InboundRequest['headers']
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly serverName: string | undefined
  readonly serverPort: number | string | undefined
  readonly callerName: string | undefined
  readonly operation: string | undefined

  constructor(view: RequestView) {
    this.method = view.method
    this.url = view.url
    this.scheme = view.scheme ?? /^(https?):\/\//i.exec(view.url)?.[1]?.toLowerCase() ?? 'http'
    this.protocolVersion = view.protocolVersion ?? ''
    this.rawHeaders = flat(view.headers ?? {})
    this.headers = gathered(this.rawHeaders)
    this.remoteAddress = view.remoteAddress
    this.remotePort = Number(view.remotePort) || undefined
    this.serverName = view.serverName ?? /^https?:\/\/(?:[^/?#]*@)?([^/?#]+)/i.exec(view.url)?.[1]
    this.serverPort = view.serverPort
    this.callerName = view.callerName
    this.operation = view.operation
  }
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
