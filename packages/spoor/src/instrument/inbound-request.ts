import { KIND_SERVER } from '../api/span-kind.ts'
import { type FactWriter, write } from '../semantics/dialect.ts'
import { methodName, writeClient, writeMethod } from '../semantics/http.ts'
import { behindProxy } from './forwarded.ts'
import type { EngineSpan, Row } from './row.ts'
import type { Runtime } from './runtime.ts'
import { maskQuery, pathOf, targetPath } from './url.ts'

/** What a server span says of its request when it begins. */

/** What is read of a request, whichever protocol brought it. */
export interface InboundRequest {
  readonly method: string
  /** The request target, as it came: path and query as a rule. */
  readonly url: string
  readonly scheme: string
  readonly protocolVersion: string
  /** Names and values in turn, names in any case. */
  readonly rawHeaders: readonly string[]
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly remoteAddress: string | undefined
  readonly remotePort?: number | undefined
  /** The name and port that the client asked for, where that is known better than by the header `Host`. */
  readonly host?: string | undefined
  /** For the dialect that has one tag for the URL; by default put together from scheme, host and path. */
  readonly fullUrl?: string | undefined
  /** The name of the span, where that is not the method. */
  readonly operation?: string | undefined
  /** The service that makes the request. */
  readonly callerName?: string | undefined
}

/** The row of every server span. */
export const inboundRequest: Row<InboundRequest> = {
  does: 'span',
  kind: KIND_SERVER,
  name: ({ operation, method }) => operation ?? methodName(method),
  // What is active where a request arrives is whatever was active when the server began to listen: not its parent.
  parent: () => null,
  describe(request, to, runtime) {
    const { http, privacy } = runtime
    const target = targetPath(request.url)
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    writeMethod(to, http, request.method)
    write(to, http.component, 'http')
    write(to, http.path, path)
    if (mark >= 0) write(to, http.query, maskQuery(target.slice(mark + 1), privacy.secretParameters))
    write(to, http.protocolVersion, request.protocolVersion)
    write(to, http.callerName, request.callerName)
    describeOrigin(request, path, to, runtime)
  },
}

/** Who asks, and for what. */
function describeOrigin(request: InboundRequest, path: string, to: FactWriter, runtime: Runtime): void {
  const { http } = runtime
  write(to, http.scheme, request.scheme)
  writeClient(to, http, request)
  describeHeaders(request, path, to, http)
  write(to, http.serverUrl, request.fullUrl)
}

/** Corrects what a span says of who asks, and for what: another one of those who trace the request believes its proxy. */
export function correctOrigin(runtime: Runtime, span: EngineSpan, request: InboundRequest): void {
  describeOrigin(
    behindProxy(request),
    pathOf(request.url),
    { append: (key, value) => void span.setTag(key, value) },
    runtime,
  )
}

/** `Host` and `User-Agent`, from the raw list: building the headers object costs more than the rest of the span. */
function describeHeaders(request: InboundRequest, path: string, to: FactWriter, http: Runtime['http']): void {
  const { rawHeaders, host } = request
  let agentSeen = false
  let hostSeen = host !== undefined
  if (host !== undefined) describeHost(host, request, path, to, http)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    // The first of each counts, as it does for Node itself: the same attribute is not written twice.
    if (!agentSeen && name.length === 10 && name.toLowerCase() === 'user-agent') {
      agentSeen = true
      write(to, http.userAgent, rawHeaders[i + 1])
    } else if (!hostSeen && ((name.length === 4 && name.toLowerCase() === 'host') || name === ':authority')) {
      hostSeen = true
      describeHost(rawHeaders[i + 1] as string, request, path, to, http)
    }
  }
}

function describeHost(
  host: string,
  { scheme, fullUrl }: InboundRequest,
  path: string,
  to: FactWriter,
  http: Runtime['http'],
): void {
  const colon = host.lastIndexOf(':')
  const hasPort = colon > 0 && host.charCodeAt(host.length - 1) !== 0x5d // "]" ends an IPv6 address
  write(to, http.localAddress, hasPort ? host.slice(0, colon) : host)
  if (hasPort) write(to, http.localPort, Number(host.slice(colon + 1)) || undefined)
  if (http.serverUrl.length > 0 && fullUrl === undefined)
    write(to, http.serverUrl, `${scheme}://${host}${path}`)
}
