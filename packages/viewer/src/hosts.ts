/**
 * Who may speak to the viewer from within a browser. Any page on the web can make its visitor's browser send requests
 * to localhost, and with a name that it lets point there (DNS rebinding) read the answers too. So a name must be one
 * that nobody else can give to this machine, and so must the origin of a page that asks.
 */

/** Names that resolvers keep for this machine (RFC 6761, 6.3), and those by which containers call their host. */
const LOCAL_NAME =
  /^(localhost|.+\.localhost|host\.docker\.internal|gateway\.docker\.internal|host\.containers\.internal)$/
const IP_ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * @param host value of the `Host` header
 * @param allowed further names, without a port
 */
export function isTrustedHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined) return false
  const name = host.toLowerCase().replace(/:\d+$/, '')
  // An address needs no resolver, so nobody can have tampered with one.
  return LOCAL_NAME.test(name) || IP_ADDRESS.test(name) || allowed.includes(name)
}

/**
 * @param origin value of the `Origin` header
 * @param allowed further origins: `https://app.example:8443`, or `*` for any
 */
export function isTrustedOrigin(origin: string, allowed: readonly string[]): boolean {
  return isLoopback(origin) || allowed.includes('*') || allowed.includes(origin.toLowerCase())
}

/** Whether a page asks the server it came from. */
export function isSameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.toLowerCase() === `http://${host.toLowerCase()}`
}

function isLoopback(origin: string): boolean {
  const [, name] = /^https?:\/\/(\[[^\]]+\]|[^:/]+)(:\d+)?$/.exec(origin.toLowerCase()) ?? []
  return name !== undefined && LOOPBACK.test(name)
}
