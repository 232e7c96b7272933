/** Asks the viewer's JSON API (`../api.ts`); every failure becomes one `Failure` that can be shown as it is. */
import type { ApiError, SpanDetail, Status, TraceList, TraceSkeleton } from '../api.ts'

export class Failure extends Error {
  /** The API's own code, or `unreachable`, or `unreadable`. */
  readonly code: string
  readonly status: number

  constructor(message: string, code: string, status: number) {
    super(message)
    this.name = 'Failure'
    this.code = code
    this.status = status
  }
}

export interface ListFilter {
  readonly service: string
  readonly errors: boolean
  readonly search: string
}

export function fetchTraces(filter: ListFilter, limit: number, cursor: string | null): Promise<TraceList> {
  const query = new URLSearchParams({ limit: String(limit) })
  if (filter.service) query.set('service', filter.service)
  if (filter.errors) query.set('error', 'true')
  if (filter.search) query.set('search', filter.search)
  if (cursor !== null) query.set('cursor', cursor)
  return get(`/api/traces?${query}`)
}

export function fetchTrace(traceId: string): Promise<TraceSkeleton> {
  return get(`/api/traces/${encodeURIComponent(traceId)}`)
}

export function fetchSpan(traceId: string, spanId: string): Promise<SpanDetail> {
  return get(`/api/traces/${encodeURIComponent(traceId)}/spans/${encodeURIComponent(spanId)}`)
}

export function fetchStatus(): Promise<Status> {
  return get('/api/status')
}

export function downloadHref(traceId: string): string {
  return `/api/traces/${encodeURIComponent(traceId)}/otlp`
}

async function get<T>(path: string): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, { headers: { accept: 'application/json' } })
  } catch {
    throw new Failure('The viewer does not answer. Is spoor-viewer still running?', 'unreachable', 0)
  }
  let body: unknown
  try {
    body = await response.json()
  } catch {
    throw new Failure(`The viewer answered ${response.status} without JSON.`, 'unreadable', response.status)
  }
  if (response.ok) return body as T
  const error = (body as Partial<ApiError>).error
  throw new Failure(
    error?.message ?? `The viewer answered ${response.status}.`,
    error?.code ?? 'unknown',
    response.status,
  )
}
