import { noopSpan } from '../../api/noop.ts'
import type { Span } from '../../api/span.ts'
import type { OpenTracer, Tracer } from '../../api/tracer.ts'
import { surrounding } from '../../instrument/admit.ts'
import type { Binding } from '../../instrument/bind.ts'
import { behindProxy } from '../../instrument/forwarded.ts'
import { closeInbound, receive } from '../../instrument/inbound.ts'
import type { InboundRequest } from '../../instrument/inbound-request.ts'
import { isSilent, noteFailure, openSpanOf, serverSpanOf, tellRoute } from '../../instrument/open-requests.ts'
import type { Runtime } from '../../instrument/runtime.ts'
import { ServerPolicy } from '../../instrument/server-policy.ts'
import { report } from '../../log.ts'
import type { Dialect } from '../../semantics/dialect.ts'
import { fullUrl } from './full-url.ts'
import type { LambdaEvent } from './lambda-events.ts'
import { type RequestView, type Seen, type StreamArrival, see } from './request-view.ts'
import { bindingOf, sourceOf } from './sources.ts'

/** What {@link startServerSpan} takes. Everything is optional. */
export interface ServerSpanOptions {
  /** By default the global tracer. */
  tracer?: OpenTracer | Tracer
  /** Vocabulary of the tags, where `tracer` is not Spoor's own. Default `opentracing`. */
  dialect?: Dialect
  /** Headers that may name the caller; the first that is there becomes the tag `peer.service`. */
  callerNameHeaders?: readonly string[]
  /** Believe `Forwarded` and `X-Forwarded-*`: only where a proxy of yours sets them. Default false. */
  trustProxy?: boolean
  /** The framework, as it stands in the tag `component`. Default `http`. */
  component?: string
}

/** Whatever a request is: a message of Node.js, a stream, a `Request`, an event of AWS Lambda, or your description. */
export type InboundLike = RequestView | StreamArrival | LambdaEvent | Request | object

/** How a request was answered. */
export interface ServerOutcome {
  /** The status that was sent; a response of Node.js has it as `statusCode`. */
  readonly status?: number | undefined
  readonly statusCode?: number | undefined
  /** What went wrong. */
  readonly error?: unknown
  /** The template of the route, which names the span: `/users/:id`. */
  readonly route?: string | undefined
  /** False when the connection was gone before the response was. Default true. */
  readonly complete?: boolean | undefined
}

interface Started {
  readonly binding: Binding<InboundRequest>
  readonly method: string
  readonly component: string
}

/**
 * Starts the server span of a request: for frameworks of your own, and wherever there is no tracing object. It continues the
 * trace of the caller, else that of the active span; it has all its tags from the start; it is not made active.
 *
 * A request that is traced already keeps its span: that one is returned. Nothing is ever thrown.
 *
 * @example
 * const span = startServerSpan(request)
 * tracer.scopeManager.with(span, () => handle(request))
 *   .then((response) => finishServerSpan(span, { status: response.status }))
 *   .catch((error) => finishServerSpan(span, { status: 500, error }))
 */
export function startServerSpan(request: InboundLike, options: ServerSpanOptions = {}): Span {
  try {
    return start(see(request), request, options)
  } catch (error) {
    report('startServerSpan', 'the request could not be read; it is not traced', error)
    return noopSpan
  }
}

function start({ view, message }: Seen, request: object, options: ServerSpanOptions): Span {
  const present = message === undefined ? null : serverSpanOf(message)
  if (present !== null && (isSilent(present) || openSpanOf(message as object) !== null)) return present
  const { callerNameHeaders = [], trustProxy = false, component = 'http' } = options
  const { runtime } = sourceOf(options.tracer, options.dialect)
  const trusts = trustProxy || runtime.policy?.trustsProxy === true
  const arrival = described(view, trusts ? behindProxy(view) : view, callerNameHeaders, runtime)
  const binding = bindingOf(runtime)
  const carrier = message ?? {}
  const span = receive(binding, arrival, carrier, carrier, {
    policy: plain,
    parent: surrounding(runtime, carrier),
    request,
    component,
  })
  if (span === null) return noopSpan
  started.set(span, { binding, method: view.method, component })
  return span
}

/**
 * Finishes a span of {@link startServerSpan} as every server span is finished: 5xx is an error, 4xx is the client's affair,
 * what went wrong is told once. Safe to call twice; a span that somebody else has started is left for them to finish.
 *
 * @param outcome how the request was answered; a response of Node.js or of the Fetch standard will do
 */
export function finishServerSpan(span: Span, outcome: ServerOutcome | object = {}): void {
  const { error, route, complete = true, status, statusCode } = outcome as ServerOutcome
  const mine = started.get(span)
  started.delete(span)
  // `status` is a method of Express's responses.
  const sent = typeof status === 'number' ? status : typeof statusCode === 'number' ? statusCode : undefined
  try {
    if (!isSilent(span)) {
      if (error !== undefined) noteFailure(span, error)
      if (error !== undefined && sent === undefined) span.setTag('error', true)
      if (mine !== undefined && route !== undefined)
        tellRoute(mine.binding.runtime, span, route, { method: mine.method, framework: mine.component })
    }
  } catch (thrown) {
    report('finishServerSpan', 'the tracer threw when a request was described at its end', thrown)
  }
  if (mine !== undefined) closeInbound(mine.binding, span, sent, complete)
}

/** Spans that are ours to finish. */
const started = new WeakMap<Span, Started>()

/** What is wanted of the request stands in its description. */
const plain = new ServerPolicy({})

/** The request with all that is to be told at start. */
function described(
  seen: Seen['view'],
  view: InboundRequest,
  callerNameHeaders: readonly string[],
  { http, privacy }: Runtime,
): InboundRequest {
  const { headers, method, url, scheme } = view
  const { serverName, serverPort } = seen
  const caller =
    seen.callerName ??
    callerNameHeaders.map((name) => headers[name.toLowerCase()]).find((value) => Boolean(value))
  const host = view.host ?? one(headers['host']) ?? one(headers[':authority'])
  return {
    method,
    url,
    scheme,
    protocolVersion: view.protocolVersion,
    rawHeaders: view.rawHeaders,
    headers,
    remoteAddress: view.remoteAddress,
    remotePort: view.remotePort,
    host,
    // One of the two vocabularies has a single tag for all of the URL. Who starts a span by hand gets it with its query, as
    // `before_request` of opentracing_instrumentation 3.3 gives it.
    fullUrl:
      http.serverUrl.length === 0
        ? undefined
        : fullUrl({ scheme, url, host, serverName, serverPort }, privacy.secretParameters),
    operation: seen.operation,
    callerName: caller === undefined ? undefined : String(caller),
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
