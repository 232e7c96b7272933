import type { Exchange } from '../../instrument/serve.ts'
import type { FetchExchange } from '../../instrument/serve-fetch.ts'

/** A request of the Fetch standard; srvx 1 hangs the messages of Node.js on it, where there are any. */
export interface FetchRequest extends Request {
  readonly runtime?: { readonly node?: { readonly req?: object; readonly res?: object } }
}

/** What handlers of h3 2 are called with. */
export interface H3Event {
  readonly req: FetchRequest
  readonly context: { readonly matchedRoute?: { readonly route?: string } }
}

/**
 * Finds the request in what a handler is called with: `(request, …)`, as srvx and Next's routes have it, or h3's `(event)`.
 * Node's own messages carry the span where there are any: a response is over when it is sent, not when it is made.
 */
export function fetchExchangeOf([given]: readonly any[]): Exchange | FetchExchange | null {
  if (isEvent(given)) {
    const route = (): string | undefined => given.context.matchedRoute?.route
    return { ...carriers(given.req), request: given, framework: 'h3', route, throwEnds: false }
  }
  return isRequest(given) ? { ...carriers(given), request: given, throwEnds: false } : null
}

/** The message that carries the span. */
export function fetchMessageOf(request: object): object | undefined {
  const fetch = isEvent(request) ? request.req : isRequest(request) ? request : undefined
  return fetch && (fetch.runtime?.node?.req ?? fetch)
}

function carriers(
  fetch: FetchRequest,
): { readonly message: object; readonly response: object } | { readonly fetch: Request } {
  const { req, res } = fetch.runtime?.node ?? {}
  return req === undefined || res === undefined ? { fetch } : { message: req, response: res }
}

/** By their looks: adapters bring classes of their own. */
export function isRequest(value: any): value is FetchRequest {
  return typeof value?.url === 'string' && typeof value.headers?.get === 'function'
}

function isEvent(value: any): value is H3Event {
  return typeof value?.context === 'object' && value.context !== null && isRequest(value.req)
}
