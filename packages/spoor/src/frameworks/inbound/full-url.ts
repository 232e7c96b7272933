import { maskQuery, targetPath } from '../../instrument/url.ts'

/** What a URL is put together from. */
export interface UrlParts {
  readonly scheme: string
  /** The request target. */
  readonly url: string
  /** As the client has it. */
  readonly host: string | undefined
  /** As the server has it. */
  readonly serverName?: string | undefined
  readonly serverPort?: number | string | undefined
}

/**
 * The whole URL of a request, put together as PEP 3333 does ("URL Reconstruction"): the header `Host` as it stands, else the
 * name of the server with its port, where that is not the scheme's own; the path quoted; the query with its secrets masked.
 *
 * @returns undefined where nothing tells the host
 */
export function fullUrl(parts: UrlParts, secrets: ReadonlySet<string>): string | undefined {
  const { scheme, url, host = serverOf(parts) } = parts
  if (host === undefined) return undefined
  const target = targetPath(url)
  const mark = target.indexOf('?')
  if (mark < 0) return `${scheme}://${host}${quoted(target)}`
  const query = maskQuery(target.slice(mark + 1), secrets)
  return `${scheme}://${host}${quoted(target.slice(0, mark))}?${query}`
}

const PORTS: { readonly [scheme: string]: number } = { http: 80, https: 443 }

function serverOf({ scheme, serverName, serverPort }: UrlParts): string | undefined {
  if (serverName === undefined || serverName === '') return undefined
  // An address of IPv6 stands in brackets; its own colons are at least two.
  const name = /^[\da-f.]*:[\da-f.]*:[\da-f:.]*$/i.test(serverName) ? `[${serverName}]` : serverName
  const port = Number(serverPort) || undefined
  return port === undefined || port === PORTS[scheme] ? name : `${name}:${port}`
}

/** What may not stand in a path is quoted; what is quoted already stays as it is. */
function quoted(path: string): string {
  if (path === '*') return '' // `OPTIONS *` asks for the server as a whole
  const rooted = path.startsWith('/') ? path : `/${path}`
  return rooted.replace(/[^\w!$%&'()*+,\-./:;=@~]/gu, (character) => {
    try {
      return encodeURIComponent(character)
    } catch {
      return '%EF%BF%BD' // half of a surrogate pair
    }
  })
}
