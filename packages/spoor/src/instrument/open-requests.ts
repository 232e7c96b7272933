import { shared } from '../api/global.ts'
import { isSilentSpan } from '../api/noop.ts'
import { errorFields } from '../api/span.ts'
import { KIND_SERVER } from '../api/span-kind.ts'
import { report } from '../log.ts'
import { methodName } from '../semantics/http.ts'
import { NEST_CONTROLLER, NEST_HANDLER } from '../semantics/nest.ts'
import { rename, tellFramework } from './names.ts'
import type { EngineSpan } from './row.ts'
import type { Runtime } from './runtime.ts'

/**
 * Requests that are open, and what is known of them. There is one server span per request, whoever traces it: its span is kept on the
 * request and on the response under a symbol that all copies and all adapters of this package know.
 */

const SERVER_SPAN = Symbol.for('spoor.server-span')

type Carrier = { [SERVER_SPAN]?: EngineSpan }

/** The server span of a request or a response; null when nobody traces it. */
export function serverSpanOf(message: object): EngineSpan | null {
  return (message as Carrier)[SERVER_SPAN] ?? open.sealed?.get(message) ?? null
}

/** The server span of a request, if it keeps what it is told. */
export function recordingSpanOf(request: object | undefined): EngineSpan | null {
  const span = request === undefined ? null : serverSpanOf(request)
  return span === null || span.recording === false ? null : span
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

/**
 * What is known of a request beside its span. All copies of this package share it: one may have opened the span,
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

/** Whether anything went wrong that was told. */
export function hasFailed(span: EngineSpan): boolean {
  return open.failures.has(span)
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
export function tellEnd(span: EngineSpan): void {
  if (!open.attended) return
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

/** Notes in which words a span is told what is known later, where its tracer is not the one that the rows know. */
export function noteVocabulary(span: EngineSpan, http: Runtime['http']): void {
  open.vocabularies.set(span, http)
}

/** Notes that a span is finished, where it does not tell so itself. */
export function noteClosed(span: EngineSpan): void {
  if (span.finished === undefined) open.closed.add(span)
}

/** Tells a span something outside of a row, which would be guarded: a tracer that throws harms no request. */
export function describing(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    notTold(error)
  }
}

/** @param error what the tracer threw */
export function notTold(error: unknown): void {
  report('inbound', 'the tracer threw when a request was described; its span goes on as it is', error)
}
