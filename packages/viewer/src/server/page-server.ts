/** The viewer's own address: the page, its JSON API (`../api.ts`), and the stream of changes. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { ApiError, Status } from '../api.ts'
import { ViewerError } from '../errors.ts'
import { isSameOrigin, isTrustedHost } from '../hosts.ts'
import type { StoreClient } from '../store/client.ts'
import type { ListQuery } from '../store/trace-list.ts'
import type { Events } from './events.ts'
import type { StaticFiles } from './static.ts'

export interface PageServerOptions {
  store: Pick<StoreClient, 'list' | 'trace' | 'span' | 'otlp'>
  events: Events
  files: StaticFiles
  /** Names, besides those of this machine, by which the viewer may be called. Without a port. */
  allowedHosts: readonly string[]
  status(): Promise<Status>
}

class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export function pageServer(options: PageServerOptions): RequestListener {
  return (request, response) => {
    response.setHeader('x-content-type-options', 'nosniff')
    serve(request, response, options).catch((error: unknown) => sendError(response, error))
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: PageServerOptions,
): Promise<void> {
  admit(request, options.allowedHosts)
  const url = addressOf(request)
  if (!/^\/api(\/|$)/.test(url.pathname)) {
    options.files.send(request, response, url.pathname)
    return
  }
  if (url.pathname === '/api/events' && request.method === 'GET') {
    if (!options.events.listen(response)) {
      throw new Refusal(503, 'too_many_listeners', 'too many pages listen already: close some of them')
    }
    return
  }
  const { json, headers } = await answer(url, options)
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(json),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(json)
}

/** See hosts.ts for what this keeps out. */
function admit(request: IncomingMessage, allowedHosts: readonly string[]): void {
  const { host, origin } = request.headers
  if (!isTrustedHost(host, allowedHosts)) {
    const remedy = 'open it as localhost, or allow the name with --allow-host'
    throw new Refusal(
      403,
      'forbidden_host',
      `the viewer does not go by the name ${host ?? '(none)'}: ${remedy}`,
    )
  }
  if (origin !== undefined && !isSameOrigin(origin, host)) {
    throw new Refusal(403, 'forbidden_origin', `pages from ${origin} may not read traces`)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new Refusal(405, 'method_not_allowed', 'only GET and HEAD are allowed here')
  }
}

function addressOf(request: IncomingMessage): URL {
  try {
    return new URL(`http://viewer${request.url}`)
  } catch {
    throw new Refusal(400, 'bad_request', 'the address cannot be understood')
  }
}

interface Answer {
  json: string
  headers?: Record<string, string>
}

async function answer(url: URL, { store, status }: PageServerOptions): Promise<Answer> {
  const [, , resource, traceId, part, spanId, ...rest] = url.pathname.split('/').map(decode)
  if (rest.length === 0) {
    if (resource === 'status' && traceId === undefined) return { json: JSON.stringify(await status()) }
    if (resource === 'traces') {
      if (traceId === undefined) return { json: await store.list(listQuery(url.searchParams)) }
      if (part === undefined) return { json: found(await store.trace(traceId), 'trace') }
      if (part === 'spans' && spanId !== undefined)
        return { json: found(await store.span(traceId, spanId), 'span') }
      if (part === 'otlp' && spanId === undefined) {
        const json = found(await store.otlp(traceId), 'trace')
        return { json, headers: { 'content-disposition': `attachment; filename="trace-${traceId}.json"` } }
      }
    }
  }
  throw new Refusal(404, 'not_found', `there is no ${url.pathname}`)
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Refusal(400, 'bad_request', 'the address cannot be understood')
  }
}

function found(json: string | undefined, what: string): string {
  if (json !== undefined) return json
  throw new Refusal(
    404,
    'not_found',
    `there is no such ${what}: it has not arrived yet, or was removed to make room`,
  )
}

function listQuery(params: URLSearchParams): ListQuery {
  const query: ListQuery = {}
  const limit = params.get('limit')
  if (limit !== null) {
    if (!/^\d{1,9}$/.test(limit)) throw new Refusal(400, 'bad_request', 'limit must be a whole number')
    query.limit = Number(limit)
  }
  for (const name of ['cursor', 'service', 'search'] as const) {
    const value = params.get(name)
    if (value) query[name] = value.slice(0, 500)
  }
  if (params.get('error') === 'true') query.error = true
  return query
}

function sendError(response: ServerResponse, error: unknown): void {
  const { status, code, message } = refusalOf(error)
  const body: ApiError = { error: { code, message } }
  const json = JSON.stringify(body)
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (status === 405) response.setHeader('allow', 'GET, HEAD')
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(json),
    'cache-control': 'no-store',
  })
  response.end(json)
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (!(error instanceof ViewerError)) return new Refusal(500, 'internal', (error as Error).message)
  if (error.code === 'SPOOR_BAD_OPTION') return new Refusal(400, 'bad_request', error.message)
  if (error.code === 'SPOOR_TRACE_TOO_LARGE') return new Refusal(413, 'too_large', error.message)
  return new Refusal(503, 'store_unavailable', error.message)
}
