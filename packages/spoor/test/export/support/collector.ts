import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface ReceivedRequest {
  method: string
  path: string
  headers: IncomingMessage['headers']
  /** Decompressed. */
  body: Buffer
}

export type Behaviour = (request: ReceivedRequest, response: ServerResponse, number: number) => unknown

/** A real HTTP server on loopback that answers as a test wants it to. */
export interface Collector {
  url: string
  port: number
  requests: ReceivedRequest[]
  /** Resolves when so many requests have come. */
  received(count: number): Promise<void>
  /** Names of the spans in the JSON bodies of all requests that were answered with success. */
  spans(): { name: string; spanId: string; traceId: string; attributes: Record<string, unknown> }[]
  close(): Promise<void>
}

export const accept: Behaviour = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
}

/** Answers with these behaviours in turn; the last one stays. */
export function inTurn(...behaviours: Behaviour[]): Behaviour {
  return (request, response, number) => {
    const behaviour = behaviours[Math.min(number, behaviours.length) - 1] as Behaviour
    return behaviour(request, response, number)
  }
}

export function status(code: number, headers: Record<string, string> = {}, body = ''): Behaviour {
  return (_request, response) => {
    response.writeHead(code, headers).end(body)
  }
}

export async function startCollector(
  behaviour: Behaviour = accept,
  options: { port?: number; tls?: { key: string; cert: string } } = {},
): Promise<Collector> {
  const requests: ReceivedRequest[] = []
  const accepted: ReceivedRequest[] = []
  let wake = (): void => {}
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks)
      const received = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw,
      }
      requests.push(received)
      response.on('finish', () => {
        if (response.statusCode < 300) accepted.push(received)
      })
      behaviour(received, response, requests.length)
      wake()
    })
  }
  const server: Server = options.tls
    ? (createSecureServer(options.tls, listener) as unknown as Server)
    : createServer(listener)
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}/v1/traces`,
    port,
    requests,
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (requests.length >= count) resolve()
        }
        wake = look
        look()
      }),
    spans: () => accepted.flatMap(({ body }) => readSpans(body.toString())),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface JsonSpan {
  name: string
  traceId: string
  spanId: string
  attributes: { key: string; value: Record<string, unknown> }[]
}

/** The spans of one OTLP JSON request, with attributes as a record. */
export function readSpans(text: string): ReturnType<Collector['spans']> {
  const request = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: JsonSpan[] }[] }[] }
  return request.resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .map(({ attributes, ...span }) => ({
      ...span,
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
    }))
}
