import { wasActiveAtArrival } from './arrivals.ts'
import { Binding } from './bind.ts'
import { receive } from './inbound.ts'
import { correctOrigin, type InboundRequest, inboundRequest } from './inbound-request.ts'
import { attend, describing, isSilent, openSpanOf, present, tellRoute } from './open-requests.ts'
import type { EngineParent, EngineSpan } from './row.ts'
import type { Runtime } from './runtime.ts'
import { mute, type ServerPolicy, tellAttributes } from './server-policy.ts'
import type { TracedAttribute } from './traced-attributes.ts'

/** How a handler is traced. */
export interface Serving {
  readonly framework: string
  readonly policy: ServerPolicy
  /** Told beside those of the policy. */
  readonly attributes?: readonly TracedAttribute[]
  /** Nobody answers for a handler that throws: its span ends there. By default the response ends it. */
  readonly throwEnds?: boolean
}

/** A request at the door, whatever form it has. */
export interface Arrival {
  /** What carries the span. */
  readonly message: object
  readonly response: object
  readonly view: InboundRequest
  /** What the framework's users know as the request and the response. */
  readonly request: object
  readonly reply: object | (() => object | undefined)
  /** The route's template, as soon as it is known. */
  readonly route?: (() => string | undefined) | undefined
  /** When that can be relied on: at once, as a rule; else when the response is over. */
  readonly known?: 'start' | 'end' | undefined
}

/** The row of all who bring requests themselves. */
export function serverBinding(runtime: Runtime): Binding<InboundRequest> {
  return new Binding(inboundRequest, runtime, 'server')
}

/**
 * Opens the server span of a request that has none, and tells it what is wanted.
 *
 * @returns null when the request is not traced
 */
export function admit(
  binding: Binding<InboundRequest>,
  arrival: Arrival,
  { framework, policy, attributes }: Serving,
): EngineSpan | null {
  const { runtime } = binding
  const { message, response, view, request, reply } = arrival
  const parent = surrounding(runtime, message)
  const span = receive(binding, view, message, response, {
    policy,
    parent,
    request,
    response: reply,
    component: framework,
  })
  if (span === null || isSilent(span)) return span
  describing(() => {
    if (attributes !== undefined) tellAttributes(span, request, attributes)
    watchRoute(runtime, span, arrival, framework)
  })
  return span
}

/** Somebody else has opened the span. What is wanted of it holds all the same. */
export function join(
  { runtime }: Binding<InboundRequest>,
  span: EngineSpan,
  arrival: Arrival,
  { framework, policy, attributes }: Serving,
): void {
  const { message, view, request, reply } = arrival
  if (openSpanOf(message) === null) return
  if (policy.ignores(request, view)) {
    describing(() => mute(span))
    return
  }
  describing(() => {
    if (policy.trustsProxy && runtime.policy?.trustsProxy !== true) correctOrigin(runtime, span, view)
    if (request !== message) present(span, request)
    // Whoever comes late may have missed the route.
    if (policy.begin(span, view, request, reply, true)) watchRoute(runtime, span, arrival, framework)
    if (attributes !== undefined) tellAttributes(span, request, attributes)
  })
}

/**
 * Runs a handler, and tells how it ends. For promises there is one of ours in place of theirs: to listen to theirs would
 * keep its rejection from crashing the process.
 *
 * @param answered may put something else in place of what the handler returns or resolves to
 */
export function attempt<Result>(
  handler: () => Result,
  failed: (error: unknown) => void,
  answered?: (result: unknown) => unknown,
): Result {
  let result: Result
  try {
    result = handler()
  } catch (error) {
    failed(error)
    throw error
  }
  if (!(result instanceof Promise)) return answered === undefined ? result : (answered(result) as Result)
  return result.then(answered, (error: unknown) => {
    failed(error)
    throw error
  }) as Result
}

/** A span in whose flow the request was made or handed on, in this process; not one in which the server was started. */
export function surrounding({ scope }: Runtime, message: object): EngineParent {
  const active = scope.activeSpan as EngineSpan | null
  const isStartOfServer =
    active === null ||
    active.finished === true ||
    wasActiveAtArrival(message, active) ||
    // Nobody tells when those of HTTP/2 arrive, as messages or as streams.
    isOfSession(message) ||
    isOfSession((message as { stream?: unknown }).stream)
  return isStartOfServer ? null : active
}

function isOfSession(value: unknown): boolean {
  return (value as { session?: unknown } | null | undefined)?.session !== undefined
}

/** Frameworks that say nothing when a route is found are asked: at once, and at the end. */
function watchRoute(
  runtime: Runtime,
  span: EngineSpan,
  { route, known, view: { method } }: Arrival,
  framework: string,
): void {
  if (route === undefined) return
  let told = false
  const look = (): void => {
    const path = told ? undefined : route()
    if (path !== undefined) tellRoute(runtime, span, path, { method, framework })
  }
  const routed = (): void => {
    told = true
  }
  attend(span, { routed, closing: look })
  if (known !== 'end') look()
}
