/**
 * Serves the built page and answers its API from spans in memory. For what a real viewer is hard to lead into: errors,
 * silence, 50,000 spans at once, hostile strings. `viewer.test.ts` drives the page against the real one.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Status, TraceList } from '../../dist/api.js'
import { groupBy, type PlainSpan, toDetail, toSkeleton, toSummary } from './spans.ts'

const ROOT = fileURLToPath(new URL('../../dist/web/', import.meta.url))
/** The policy that the viewer's own server sends. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

export class PageServer {
  /** When set, every request of the API is answered with this status and an error. */
  failure: number = 0
  /** Why nothing can be stored; '' while all is well. */
  trouble: string = ''
  readonly #traces: Map<string, PlainSpan[]> = new Map()
  /** Made once: what a test measures is the page, not the making of its input. */
  readonly #skeletons: Map<string, string> = new Map()
  readonly #streams: Set<ServerResponse> = new Set()
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.writeHead(500).end())
  })
  #url = ''

  static async start(): Promise<PageServer> {
    const server = new PageServer()
    await server.#listen(0)
    return server
  }

  get url(): string {
    return this.#url
  }

  /** Adds spans and tells every open page, as the viewer does after a commit. */
  add(spans: readonly PlainSpan[]): void {
    const traces = groupBy(spans, (span) => span.traceId)
    for (const [traceId, ours] of traces) {
      const spans = [...(this.#traces.get(traceId) ?? []), ...ours]
      this.#traces.set(traceId, spans)
      this.#skeletons.set(traceId, JSON.stringify(toSkeleton(spans)))
    }
    for (const stream of this.#streams) {
      stream.write(
        `event: traces\ndata: ${JSON.stringify({ traceIds: [...traces.keys()], spans: spans.length })}\n\n`,
      )
    }
  }

  /** Goes away, as when the viewer is stopped; {@link resume} comes back on the same port. */
  async pause(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async resume(): Promise<void> {
    await this.#listen(Number(new URL(this.#url).port))
  }

  async close(): Promise<void> {
    await this.pause()
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.#url)
    if (!url.pathname.startsWith('/api/')) return this.#file(url.pathname, response)
    if (url.pathname === '/api/events') return this.#stream(response)
    if (this.failure)
      return json(response, this.failure, error('store_failed', 'The store could not be read.'))
    if (url.pathname === '/api/traces') return json(response, 200, this.#list(url.searchParams))
    if (url.pathname === '/api/status') return json(response, 200, this.#status())
    const [, traceId = '', rest = ''] = /^\/api\/traces\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ?? []
    const spans = this.#traces.get(traceId)
    if (!spans) return json(response, 404, error('trace_not_found', `There is no trace ${traceId}.`))
    if (rest === '') return json(response, 200, this.#skeletons.get(traceId)!)
    const span = spans.find(({ spanId }) => rest === `spans/${spanId}`)
    if (span) return json(response, 200, toDetail(span))
    json(response, 404, error('span_not_found', 'There is no such span.'))
  }

  #list(query: URLSearchParams): TraceList {
    const words = query.get('search')?.toLowerCase() ?? ''
    const service = query.get('service')
    const found = [...this.#traces.values()]
      .map(toSummary)
      .filter((row) => !service || row.services.includes(service))
      .filter((row) => query.get('error') !== 'true' || row.errors > 0)
      .filter((row) => `${row.name} ${row.services.join(' ')}`.toLowerCase().includes(words))
      .sort((a, b) => (BigInt(a.start) > BigInt(b.start) ? -1 : 1))
    const from = Number(query.get('cursor') ?? 0)
    const to = from + Number(query.get('limit') ?? 50)
    return { traces: found.slice(from, to), cursor: to < found.length ? String(to) : null }
  }

  #status(): Status {
    const spans = [...this.#traces.values()].flat()
    return {
      version: '0.0.0',
      store: ':memory:',
      engine: 'none',
      traces: this.#traces.size,
      spans: spans.length,
      services: [...new Set(spans.map((span) => span.service))],
      otlpUrl: 'http://localhost:4318',
      bytes: 0,
      ...(this.trouble && { trouble: this.trouble }),
      received: { requests: 0, spans: spans.length, rejected: 0, bytes: 0 },
    }
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': hello\n\n')
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const name = path.startsWith('/assets/') ? normalize(path) : '/index.html'
    const content = await readFile(join(ROOT, name))
    response.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    })
    response.end(content)
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

function error(code: string, message: string): unknown {
  return { error: { code, message } }
}
