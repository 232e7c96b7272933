/** Parts of a URL that may be sent: no credentials, and secret parameters masked. */

/** Parameters that carry signatures and keys (OpenTelemetry semantic conventions, `url.query`), and common others. */
export const secretParameters: ReadonlySet<string> = new Set([
  ...['awsaccesskeyid', 'signature', 'sig', 'x-goog-signature', 'x-amz-signature', 'x-amz-credential'],
  ...['x-amz-security-token', 'token', 'access_token', 'id_token', 'refresh_token', 'api_key', 'apikey'],
  ...[
    'key',
    'secret',
    'client_secret',
    'password',
    'passwd',
    'pwd',
    'auth',
    'authorization',
    'code',
    'session',
  ],
])

const MASK = 'REDACTED'

/**
 * @param query without its `?`
 * @param secrets lower-case names
 * @returns the same text when nothing in it is secret
 */
export function maskQuery(query: string, secrets: ReadonlySet<string>): string {
  if (query === '' || !query.includes('=')) return query
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 0) return pair
      return secrets.has(decoded(pair.slice(0, equals))) ? `${pair.slice(0, equals)}=${MASK}` : pair
    })
    .join('&')
}

/**
 * Path and query of a request target (RFC 9112, section 3.2). The absolute form, which proxies get, may hold credentials:
 * all before its path is left out.
 */
export function targetPath(target: string): string {
  if (target.charCodeAt(0) === 0x2f) return target
  const scheme = target.indexOf('://')
  if (scheme < 0) return target
  const end = endOfAuthority(target, scheme + 3)
  return target.charCodeAt(end) === 0x2f ? target.slice(end) : `/${target.slice(end)}`
}

/** The path of a request target: without query. */
export function pathOf(target: string): string {
  const path = targetPath(target)
  const mark = path.indexOf('?')
  return mark < 0 ? path : path.slice(0, mark)
}

/** Removes `user:password@` from an absolute URL and masks its secret parameters. */
export function maskUrl(url: string, secrets: ReadonlySet<string>): string {
  const scheme = url.indexOf('://')
  let masked = url
  if (scheme > 0) {
    const hostEnd = endOfAuthority(url, scheme + 3)
    const at = url.lastIndexOf('@', hostEnd)
    if (at > scheme) masked = `${url.slice(0, scheme + 3)}${MASK}:${MASK}@${url.slice(at + 1)}`
  }
  const fragment = masked.indexOf('#')
  if (fragment >= 0) masked = masked.slice(0, fragment)
  const mark = masked.indexOf('?')
  return mark < 0 ? masked : `${masked.slice(0, mark + 1)}${maskQuery(masked.slice(mark + 1), secrets)}`
}

function endOfAuthority(url: string, from: number): number {
  for (let i = from; i < url.length; i += 1) {
    const code = url.charCodeAt(i)
    if (code === 0x2f || code === 0x3f || code === 0x23) return i
  }
  return url.length
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name).toLowerCase()
  } catch {
    return name.toLowerCase()
  }
}

/** Where an origin leads to. */
export interface Host {
  readonly host: string | undefined
  /** The port that it names, or that its scheme implies. */
  readonly port: number | undefined
}

const NOWHERE: Host = { host: undefined, port: undefined }
const MAX_HOSTS = 256
const hosts = new Map<string, Host>()

/**
 * Host and port of an origin such as `http://localhost:3000`; nothing of what is no URL. An application talks to few
 * origins and parsing a URL costs microseconds, so they are kept.
 */
export function hostOf(origin: string): Host {
  const known = hosts.get(origin)
  if (known !== undefined) return known
  const host = readHost(origin)
  if (hosts.size >= MAX_HOSTS) hosts.clear()
  hosts.set(origin, host)
  return host
}

function readHost(origin: string): Host {
  if (!URL.canParse(origin)) return NOWHERE
  const { hostname, port, protocol } = new URL(origin)
  return { host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}
