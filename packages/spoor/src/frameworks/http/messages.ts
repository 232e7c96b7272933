import type { Exchange } from '../../instrument/serve.ts'
import { requestOf, type Stream, type StreamHeaders } from '../../instrument/streams.ts'

/** A request of the streams API of `node:http2`, as attributes and callbacks get it: a stream alone tells nothing of it. */
export interface StreamRequest {
  readonly stream: object
  readonly headers: StreamHeaders
  readonly method: string
  readonly url: string
}

/**
 * Finds the request in what a handler is called with: `(request, response)`, with an error first and with more behind; or
 * `(stream, headers)`.
 */
export function exchangeOf(args: readonly any[]): Exchange | null {
  const [request, response, next] = args[0] instanceof Error ? args.slice(1) : args
  if (!isObject(request) || !isObject(response)) return null
  if (isStream(request)) return streamExchange(request, response as StreamHeaders)
  if (!('headers' in request) || !isEmitter(request) || !isEmitter(response)) return null
  return {
    message: request,
    response,
    // Who hands over a `next`, or a response with Next's `status()`, answers for what is thrown.
    throwEnds: typeof next !== 'function' && !hasMethod(response, 'status'),
    route: () => routeOf(request),
    ...(hasMethod(request, 'getRoute') ? { framework: 'restify' } : {}),
  }
}

/** What a handler is called with, with a `next` that tells of the error it is given: anything but the words of Express. */
export function watchNext(args: readonly any[], passed: (error: unknown) => void): readonly any[] {
  const next: unknown = args.at(-1)
  if (typeof next !== 'function') return args
  const watched = function (this: unknown, ...given: unknown[]): unknown {
    const [error] = given
    if (error && error !== 'route' && error !== 'router') passed(error)
    return next.apply(this, given)
  }
  return [...args.slice(0, -1), Object.defineProperties(watched, Object.getOwnPropertyDescriptors(next))]
}

/** Restify and Express leave the route on the request. */
export function routeOf(request: object): string | undefined {
  const { route, baseUrl = '' } = request as Routed
  const path = route?.path
  return path === undefined ? undefined : `${baseUrl}${String(path)}`
}

interface Routed {
  readonly route?: { readonly path?: unknown }
  readonly baseUrl?: string
}

export function streamExchange(
  stream: Stream,
  headers: StreamHeaders,
  flags?: number,
  rawHeaders?: readonly string[],
): Exchange {
  const view = requestOf(stream, headers, flags, rawHeaders)
  const request: StreamRequest = { stream, headers, method: view.method, url: view.url }
  return { message: stream, response: stream, request, view }
}

/** The message that carries the span of a request: a request of streams is an object of ours. */
export function messageOf(request: object): object | undefined {
  const { stream, headers } = request as Partial<StreamRequest>
  return stream !== undefined && headers !== undefined && !isEmitter(request) ? stream : request
}

/** Streams of servers, and nothing else, can begin a response of HTTP/2. */
function isStream(value: object): value is Stream {
  return hasMethod(value, 'respond') && 'pushAllowed' in value
}

function isEmitter(value: object): boolean {
  return hasMethod(value, 'emit')
}

function hasMethod(value: object, name: string): boolean {
  return typeof (value as { [name: string]: unknown })[name] === 'function'
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
