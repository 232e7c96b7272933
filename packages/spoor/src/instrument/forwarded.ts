import type { InboundRequest } from './inbound-request.ts'

/**
 * What proxies say of the client that they speak for. Anybody can send such headers: they are read where the application
 * says that a proxy of its own sets them, and nowhere else.
 */

/** What was said; undefined for what was not, or cannot be read. */
export interface Origin {
  readonly scheme?: string | undefined
  readonly host?: string | undefined
  /** An IP address, without port. */
  readonly client?: string | undefined
  readonly clientPort?: number | undefined
}

/** The request as the client made it to the outermost proxy. */
export function behindProxy(request: InboundRequest): InboundRequest {
  return new ForwardedRequest(request, originOf(request.headers))
}

/**
 * Reads `Forwarded` (RFC 7239), and `X-Forwarded-Proto`, `-Host` and `-For` for what is not in it. Each lists the proxies
 * in turn; the first is the one that saw the client.
 */
export function originOf(headers: InboundRequest['headers']): Origin {
  const forwarded = firstElement(text(headers['forwarded']))
  const node = nodeOf(forwarded.get('for') ?? first(text(headers['x-forwarded-for'])))
  return {
    scheme: schemeOf(forwarded.get('proto')) ?? schemeOf(first(text(headers['x-forwarded-proto']))),
    host: hostOf(forwarded.get('host')) ?? hostOf(first(text(headers['x-forwarded-host']))),
    client: node?.address,
    clientPort: node?.port,
  }
}

class ForwardedRequest implements InboundRequest {
  readonly #request: InboundRequest
  readonly #origin: Origin

  constructor(request: InboundRequest, origin: Origin) {
    this.#request = request
    this.#origin = origin
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    return this.#request.url
  }

  get scheme(): string {
    return this.#origin.scheme ?? this.#request.scheme
  }

  get protocolVersion(): string {
    return this.#request.protocolVersion
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders
  }

  get headers(): InboundRequest['headers'] {
    return this.#request.headers
  }

  get remoteAddress(): string | undefined {
    return this.#origin.client ?? this.#request.remoteAddress
  }

  /** The port of the socket is the proxy's. */
  get remotePort(): number | undefined {
    return this.#origin.client === undefined ? this.#request.remotePort : this.#origin.clientPort
  }

  get host(): string | undefined {
    return this.#origin.host ?? this.#request.host
  }

  get fullUrl(): string | undefined {
    return this.#request.fullUrl
  }

  get operation(): string | undefined {
    return this.#request.operation
  }

  get callerName(): string | undefined {
    return this.#request.callerName
  }
}

/** No proxy writes more, and nobody should make us read it. */
const MOST_CHARACTERS = 4096

function text(header: string | string[] | undefined): string {
  const joined = Array.isArray(header) ? header.join(',') : (header ?? '')
  return joined.slice(0, MOST_CHARACTERS)
}

function first(list: string): string | undefined {
  const [item = ''] = list.split(',', 1)
  return item.trim() === '' ? undefined : item.trim()
}

/** `token=token` or `token="quoted \" string"`, and what comes after it. */
const PAIR = /^\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;=]*))\s*([;,]|$)/

/** The pairs of the first element; none when it is not what RFC 7239, section 4, says. */
function firstElement(header: string): Map<string, string> {
  const pairs = new Map<string, string>()
  let rest = header
  while (rest !== '') {
    const match = PAIR.exec(rest)
    if (match === null) return new Map()
    const [whole, name = '', quoted, plain = '', end] = match
    pairs.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'))
    if (end !== ';') break
    rest = rest.slice(whole.length)
  }
  return pairs
}

function schemeOf(value: string | undefined): string | undefined {
  const scheme = value?.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

function hostOf(value: string | undefined): string | undefined {
  return value !== undefined && /^[\w.\-:[\]]{1,255}$/.test(value) ? value : undefined
}

/** `192.0.2.1`, `192.0.2.1:4711`, `[2001:db8::1]:4711`, `2001:db8::1`; not `unknown`, nor `_hidden`. */
function nodeOf(value: string | undefined): { address: string; port: number | undefined } | undefined {
  if (value === undefined) return undefined
  const match =
    /^\[([\da-f:.]{2,45})\](?::(\d{1,5}))?$/i.exec(value) ??
    /^(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?$/.exec(value) ??
    /^([\da-f:.]*:[\da-f:.]*:[\da-f:.]*)$/i.exec(value)
  if (match === null) return undefined
  const [, address = '', port] = match
  return { address, port: port === undefined ? undefined : Number(port) }
}
