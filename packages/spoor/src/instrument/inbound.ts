import type { SpanContext } from '../api/span-context.ts'
import { type Binding, finishSpan } from './bind.ts'
import { behindProxy } from './forwarded.ts'
import { type InboundRequest, inboundRequest } from './inbound-request.ts'
import { noteName, tellFramework } from './names.ts'
import { hasFailed, noteClosed, noteVocabulary, notTold, setServerSpan, tellEnd } from './open-requests.ts'
import type { EngineParent, EngineSpan } from './row.ts'
import type { Runtime } from './runtime.ts'
import type { ServerPolicy } from './server-policy.ts'

/** The life of one inbound request: received, traced or ignored, finished with what was really sent. */

/** How a request is received; everything may be left out. */
export interface Reception {
  /** What its users want of their requests, beside what the process was told at start. */
  readonly policy?: ServerPolicy
  /** The parent of a request that brings none: a span in whose flow it was made, in this very process. */
  readonly parent?: EngineParent
  /** What the framework's users know as the request and the response, where that is not what Node.js made. */
  readonly request?: object
  readonly response?: object | (() => object | undefined)
  /** The framework, for dialects that name it. */
  readonly component?: string
}

/**
 * Opens the server span of a request that has none, and ties it to its messages: continues the caller's trace, or starts
 * a new one. A request that is to be ignored gets a span that says nothing, and so does everything below it.
 *
 * @returns null when the request is not traced
 */
export function receive(
  binding: Binding<InboundRequest>,
  seen: InboundRequest,
  request: object,
  response: object,
  reception: Reception = {},
): EngineSpan | null {
  const { runtime } = binding
  const { policy: own } = reception
  const { policy: general } = runtime
  if (own === undefined && general !== null && !general.traceAll) return null
  const known = reception.request ?? request
  const view = general?.trustsProxy === true || own?.trustsProxy === true ? behindProxy(seen) : seen
  const ignored = general?.ignores(known, view) === true || own?.ignores(known, view) === true
  const span = ignored
    ? runtime.silent(contextOf(runtime, view))
    : openInbound(binding, view, reception.parent)
  if (span === null) return null
  setServerSpan(span, request, response)
  if (ignored) return span
  const { component } = reception
  const reply = reception.response ?? response
  // Every request passes here and its end: no closure.
  try {
    if (component !== undefined) {
      noteVocabulary(span, runtime.http)
      tellFramework(span, runtime.http, component)
    }
    general?.begin(span, view, known, reply, reception.request !== undefined)
    own?.begin(span, view, known, reply, true)
  } catch (error) {
    notTold(error)
  }
  return span
}

/** Opens the server span of a request: continues the caller's trace, or starts a new one. */
export function openInbound(
  binding: Binding<InboundRequest>,
  request: InboundRequest,
  parent?: EngineParent,
): EngineSpan | null {
  const context = contextOf(binding.runtime, request) ?? parent ?? null
  const span = context === null ? binding.start(request) : binding.start(request, context)
  if (span !== null) noteName(span, inboundRequest.name(request))
  return span
}

function contextOf(runtime: Runtime, request: InboundRequest): SpanContext | null {
  return mayCarryContext(request.rawHeaders, runtime.inboundHeaders) ? runtime.extract(request.headers) : null
}

/** Whether any header could hold a context: most requests from outside have none, and need no headers object. */
function mayCarryContext(rawHeaders: readonly string[], wanted: readonly string[] | null): boolean {
  if (wanted === null) return true
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    for (let k = 0; k < wanted.length; k += 1) {
      const want = wanted[k] as string
      if (name.length === want.length && name.toLowerCase() === want) return true
    }
  }
  return false
}

/**
 * Finishes a server span with what was really sent. 5xx is an error, 4xx is the client's affair.
 *
 * @param status undefined when no status was sent
 * @param complete false when the connection was gone before the response was
 */
export function closeInbound(
  binding: Binding<InboundRequest>,
  span: EngineSpan,
  status: number | undefined,
  complete: boolean,
): void {
  try {
    if (span.recording !== false) conclude(binding.runtime, span, status, complete)
    tellEnd(span)
  } catch (error) {
    notTold(error)
  }
  noteClosed(span)
  finishSpan(span)
}

function conclude({ http }: Runtime, span: EngineSpan, status: number | undefined, complete: boolean): void {
  if (status !== undefined) for (const key of http.status) span.setTag(key, status)
  if (status !== undefined && status >= 500) {
    span.setTag('error', true)
    for (const key of http.errorType) span.setTag(key, String(status))
  } else if (!complete && hasFailed(span)) span.setTag('error', true)
  if (!complete)
    span.log({ event: 'aborted', message: 'the connection was closed before the response was complete' })
}
