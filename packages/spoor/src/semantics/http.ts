import { type Dialect, type FactWriter, type Names, names, write } from './dialect.ts'

/**
 * HTTP, both sides. Sources: OpenTelemetry semantic conventions 1.36, "HTTP spans" (stable); OpenTracing semantic
 * conventions, "Span tags".
 */
const terms = {
  component: { otel: null, opentracing: 'component' },
  method: { otel: 'http.request.method', opentracing: 'http.method' },
  originalMethod: { otel: 'http.request.method_original', opentracing: null },
  route: { otel: 'http.route', opentracing: 'http.route' },
  status: { otel: 'http.response.status_code', opentracing: 'http.status_code' },
  errorType: { otel: 'error.type', opentracing: null },
  fullUrl: { otel: 'url.full', opentracing: 'http.url' },
  serverUrl: { otel: null, opentracing: 'http.url' },
  scheme: { otel: 'url.scheme', opentracing: null },
  path: { otel: 'url.path', opentracing: null },
  query: { otel: 'url.query', opentracing: null },
  serverAddress: { otel: 'server.address', opentracing: 'peer.hostname' },
  serverPort: { otel: 'server.port', opentracing: 'peer.port' },
  localAddress: { otel: 'server.address', opentracing: null },
  localPort: { otel: 'server.port', opentracing: null },
  clientAddress: { otel: 'client.address', opentracing: 'peer.address' },
  clientIpv4: { otel: null, opentracing: 'peer.ipv4' },
  clientIpv6: { otel: null, opentracing: 'peer.ipv6' },
  clientHostname: { otel: null, opentracing: 'peer.hostname' },
  clientPort: { otel: null, opentracing: 'peer.port' },
  callerName: { otel: 'peer.service', opentracing: 'peer.service' },
  userAgent: { otel: 'user_agent.original', opentracing: null },
  protocolVersion: { otel: 'network.protocol.version', opentracing: null },
} as const

export type HttpNames = Names<typeof terms>

export function httpNames(dialect: Dialect): HttpNames {
  return names(terms, dialect)
}

/** Methods that may stand in a span name; any other is `HTTP` there, so that clients cannot invent names. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'QUERY', 'CONNECT', 'TRACE'],
])

/** The name of an HTTP span before its route is known. */
export function methodName(method: string): string {
  return KNOWN_METHODS.has(method) ? method : 'HTTP'
}

export function writeMethod(to: FactWriter, http: HttpNames, method: string): void {
  if (KNOWN_METHODS.has(method)) write(to, http.method, method)
  else {
    write(to, http.method, '_OTHER')
    write(to, http.originalMethod, method)
  }
}

/**
 * Who has sent a request. OpenTracing has a tag for each kind of address; its first libraries wrote names of hosts into the
 * one for IPv4 (opentracing_instrumentation 3.3, `local_span` and `http_server`).
 */
export function writeClient(
  to: FactWriter,
  http: HttpNames,
  {
    remoteAddress,
    remotePort,
  }: { readonly remoteAddress: string | undefined; readonly remotePort?: unknown },
): void {
  write(to, http.clientAddress, remoteAddress)
  if (http.clientIpv4.length === 0 || remoteAddress === undefined || remoteAddress === '') return
  const mapped = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress
  if (IPV4.test(mapped)) write(to, http.clientIpv4, mapped)
  else write(to, remoteAddress.includes(':') ? http.clientIpv6 : http.clientHostname, remoteAddress)
  write(to, http.clientPort, Number(remotePort) || undefined)
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/
