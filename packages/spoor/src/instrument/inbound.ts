import { shared } from '../api/global.ts'
import { isSilentSpan } from '../api/noop.ts'
import { errorFields } from '../api/span.ts'
import type { SpanContext } from '../api/span-context.ts'
import { KIND_SERVER } from '../api/span-kind.ts'
import { report } from '../log.ts'
import { type FactWriter, write } from '../semantics/dialect.ts'
import { methodName, writeClient, writeMethod } from '../semantics/http.ts'
import { NEST_CONTROLLER, NEST_HANDLER } from '../semantics/nest.ts'
import { type Binding, finishSpan } from './bind.ts'
import { behindProxy } from './forwarded.ts'
import { noteName, rename, tellFramework } from './names.ts'
import type { EngineParent, EngineSpan, Row } from './row.ts'
import type { Runtime } from './runtime.ts'
import type { ServerPolicy } from './server-policy.ts'
import { maskQuery, targetPath } from './url.ts'

/**
 * The life of one inbound request. There is one server span per request, whoever traces it: its span is kept on the
 * request and on the response under a symbol that all copies and all adapters of this package know.
 */

const SERVER_SPAN = Symbol.for('spoor.server-span')

type Carrier = { [SERVER_SPAN]?: EngineSpan }

/** The server span of a request or a response; null when nobody traces it. */
export function serverSpanOf(message: object): EngineSpan | null {
  return (message as Carrier)[SERVER_SPAN] ?? open.sealed?.get(message) ?? null
}

/** Ties a server span to its request and response. */
export function setServerSpan(span: EngineSpan, request: object, response: object): void {
  tie(span, request)
  tie(span, response)
}

function tie(span: EngineSpan, message: object): void {
  if (Object.isExtensible(message)) (message as Carrier)[SERVER_SPAN] = span
  else (open.sealed ??= new WeakMap()).set(message, span)
}

/** Lets go of a span whose message lives on: a socket may be open for days. */
export function untie(message: object): void {
  delete (message as Carrier)[SERVER_SPAN]
}

/** What is read of a request, whichever protocol brought it. */
export interface InboundRequest {
  readonly method: string
  /** The request target, as it came: path and query as a rule. */
  readonly url: string
  readonly scheme: string
  readonly protocolVersion: string
  /** Names and values in turn, names in any case. */
  readonly rawHeaders: readonly string[]
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly remoteAddress: string | undefined
  readonly remotePort?: number | undefined
  /** The name and port that the client asked for, where that is known better than by the header `Host`. */
  readonly host?: string | undefined
  /** For the dialect that has one tag for the URL; by default put together from scheme, host and path. */
  readonly fullUrl?: string | undefined
  /** The name of the span, where that is not the method. */
  readonly operation?: string | undefined
  /** The service that makes the request. */
  readonly callerName?: string | undefined
}

/** The row of every server span. */
export const inboundRequest: Row<InboundRequest> = {
  does: 'span',
  kind: KIND_SERVER,
  name: ({ operation, method }) => operation ?? methodName(method),
  // What is active where a request arrives is whatever was active when the server began to listen: not its parent.
  parent: () => null,
  describe(request, to, runtime) {
    const { http, privacy } = runtime
    const target = targetPath(request.url)
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    writeMethod(to, http, request.method)
    write(to, http.component, 'http')
    write(to, http.path, path)
    if (mark >= 0) write(to, http.query, maskQuery(target.slice(mark + 1), privacy.secretParameters))
    write(to, http.protocolVersion, request.protocolVersion)
    write(to, http.callerName, request.callerName)
    describeOrigin(request, path, to, runtime)
  },
}

/** Who asks, and for what. */
function describeOrigin(request: InboundRequest, path: string, to: FactWriter, runtime: Runtime): void {
  const { http } = runtime
  write(to, http.scheme, request.scheme)
  writeClient(to, http, request)
  describeHeaders(request, path, to, http)
  write(to, http.serverUrl, request.fullUrl)
}

/** Corrects what a span says of who asks, and for what: another one of those who trace the request believes its proxy. */
export function correctOrigin(runtime: Runtime, span: EngineSpan, request: InboundRequest): void {
  const [path = ''] = targetPath(request.url).split('?')
  describeOrigin(
    behindProxy(request),
    path,
    { append: (key, value) => void span.setTag(key, value) },
    runtime,
  )
}

/** `Host` and `User-Agent`, from the raw list: building the headers object costs more than the rest of the span. */
function describeHeaders(request: InboundRequest, path: string, to: FactWriter, http: Runtime['http']): void {
  const { rawHeaders, host } = request
  let agentSeen = false
  let hostSeen = host !== undefined
  if (host !== undefined) describeHost(host, request, path, to, http)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    // The first of each counts, as it does for Node itself: the same attribute is not written twice.
    if (!agentSeen && name.length === 10 && name.toLowerCase() === 'user-agent') {
      agentSeen = true
      write(to, http.userAgent, rawHeaders[i + 1])
    } else if (!hostSeen && ((name.length === 4 && name.toLowerCase() === 'host') || name === ':authority')) {
      hostSeen = true
      describeHost(rawHeaders[i + 1] as string, request, path, to, http)
    }
  }
}

function describeHost(
  host: string,
  { scheme, fullUrl }: InboundRequest,
  path: string,
  to: FactWriter,
  http: Runtime['http'],
): void {
  const colon = host.lastIndexOf(':')
  const hasPort = colon > 0 && host.charCodeAt(host.length - 1) !== 0x5d // "]" ends an IPv6 address
  write(to, http.localAddress, hasPort ? host.slice(0, colon) : host)
  if (hasPort) write(to, http.localPort, Number(host.slice(colon + 1)) || undefined)
  if (http.serverUrl.length > 0 && fullUrl === undefined)
    write(to, http.serverUrl, `${scheme}://${host}${path}`)
}

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
      open.vocabularies.set(span, runtime.http)
      tellFramework(span, runtime.http, component)
    }
    general?.begin(span, view, known, reply, reception.request !== undefined)
    own?.begin(span, view, known, reply, true)
  } catch (error) {
    notTold(error)
  }
  return span
}

/** Tells a span something outside of a row, which would be guarded: a tracer that throws harms no request. */
export function describing(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    notTold(error)
  }
}

function notTold(error: unknown): void {
  report('inbound', 'the tracer threw when a request was described; its span goes on as it is', error)
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
 * What is known of open requests beside their span. All copies of this package share it: one may have opened the span,
 * another one its tracing object.
 */
interface OpenRequests {
  /** The last thing that went wrong. */
  readonly failures: WeakMap<EngineSpan, { readonly error: unknown }>
  readonly attendants: WeakMap<EngineSpan, Attendant[]>
  /** Whether there ever was an attendant: most processes have none, and a look into the map costs. */
  attended: boolean
  /** Names for what is told of a span later, where its tracer is not the one that the rows of the framework know. */
  readonly vocabularies: WeakMap<EngineSpan, Runtime['http']>
  /** Finished spans of foreign tracers, which do not tell that they are. */
  readonly closed: WeakSet<EngineSpan>
  /** Spans of messages that take no property; null while there never was one. */
  sealed: WeakMap<object, EngineSpan> | null
}

const open: OpenRequests = shared('inbound.1', () => ({
  failures: new WeakMap(),
  attendants: new WeakMap(),
  attended: false,
  vocabularies: new WeakMap(),
  closed: new WeakSet(),
  sealed: null,
}))

/**
 * Notes what a handler threw or passed on. It is told once, however many seams see it pass. Whether the *request* failed
 * is known by its status alone: frameworks turn an error into a 404 or a 422 as a matter of course.
 */
export function noteFailure(span: EngineSpan, error: unknown): void {
  const noted = open.failures.get(span)
  if (noted !== undefined && isSame(noted.error, error)) return
  open.failures.set(span, { error })
  describing(() => span.log(errorFields(error)))
}

/** Frameworks dress the errors of those below them: what Express calls a SyntaxError is Nest's BadRequestException. */
function isSame(noted: unknown, error: unknown): boolean {
  if (noted === error) return true
  return noted instanceof Error && error instanceof Error && noted.message === error.message
}

/** What a handler threw or passed on; undefined when nothing went wrong. */
export function failureOf(span: EngineSpan): unknown {
  return open.failures.get(span)?.error
}

/** Somebody who wants to know how a request goes on. */
export interface Attendant {
  /** There is what the framework's users know as the request. */
  presented?(request: object): void
  /** The route is known. A request may match several, one after the other. */
  routed?(route: string): void
  /** The span is about to be finished, whatever made it finish. */
  closing?(): void
}

export function attend(span: EngineSpan, attendant: Attendant): void {
  open.attended = true
  const others = open.attendants.get(span)
  if (others === undefined) open.attendants.set(span, [attendant])
  else others.push(attendant)
}

/** The last to come is told first: a framework names the route before those who came with the request read it. */
function tellEnd(span: EngineSpan): void {
  const present = open.attendants.get(span) ?? []
  for (let i = present.length - 1; i >= 0; i -= 1) present[i]?.closing?.()
}

/** Shows those who wait for it what the framework's users know as the request. */
export function present(span: EngineSpan, request: object): void {
  if (open.attended) for (const { presented } of open.attendants.get(span) ?? []) presented?.(request)
}

/** The route of a request is known: names its span, where nobody else has, and tells those who wait for it. */
export function tellRoute(
  runtime: Runtime,
  span: EngineSpan,
  route: string,
  { method, framework }: { method: string | undefined; framework: string },
): void {
  const http = (open.attended && open.vocabularies.get(span)) || runtime.http
  rename(span, method === undefined ? route : `${methodName(method)} ${route}`)
  for (const key of http.route) span.setTag(key, route)
  tellFramework(span, http, framework)
  if (open.attended) for (const { routed } of open.attendants.get(span) ?? []) routed?.(route)
}

/** The class and the method that handle a request are known, where a framework has such. */
export function tellHandler(
  runtime: Runtime,
  span: EngineSpan,
  {
    framework,
    controller,
    method,
  }: { framework: string; controller: string | undefined; method: string | undefined },
): void {
  const http = (open.attended && open.vocabularies.get(span)) || runtime.http
  describing(() => {
    tellFramework(span, http, framework)
    if (controller !== undefined) span.setTag(NEST_CONTROLLER, controller)
    if (method !== undefined) span.setTag(NEST_HANDLER, method)
  })
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
    if (open.attended) tellEnd(span)
  } catch (error) {
    notTold(error)
  }
  if (span.finished === undefined) open.closed.add(span)
  finishSpan(span)
}

/** The server span of a request or a response while it is open; null when it is finished, ignored, or never was. */
export function openSpanOf(message: object): EngineSpan | null {
  const span = serverSpanOf(message)
  return span === null || span.finished === true || open.closed.has(span) || isSilent(span) ? null : span
}

/**
 * The server span in whose flow a span is active. Tracers other than ours do not tell what is above a span: theirs is taken
 * for it.
 */
export function serverSpanAbove(active: EngineSpan | null): EngineSpan | null {
  const span = active?.root ?? active
  if (span === null || span.finished === true || open.closed.has(span) || isSilent(span)) return null
  return span.kind === undefined || span.kind === KIND_SERVER ? span : null
}

/** Whether a span stands for a request that is ignored. */
export function isSilent(span: EngineSpan): boolean {
  return isSilentSpan(span) || span.muted === true
}

function conclude({ http }: Runtime, span: EngineSpan, status: number | undefined, complete: boolean): void {
  if (status !== undefined) for (const key of http.status) span.setTag(key, status)
  if (status !== undefined && status >= 500) {
    span.setTag('error', true)
    for (const key of http.errorType) span.setTag(key, String(status))
  } else if (!complete && open.failures.has(span)) span.setTag('error', true)
  if (!complete)
    span.log({ event: 'aborted', message: 'the connection was closed before the response was complete' })
}
