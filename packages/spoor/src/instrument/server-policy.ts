import type { Span } from '../api/span.ts'
import { guarded } from '../guarded.ts'
import { type IgnoreDecision, ignoring } from './ignore.ts'
import type { InboundRequest } from './inbound-request.ts'
import { attend, failureOf } from './open-requests.ts'
import type { EngineSpan } from './row.ts'
import type { ServerOptions } from './server-options.ts'
import { readAttributes, type TracedAttribute } from './traced-attributes.ts'

/**
 * What its users want to know of each request, and which they do not want to know of. One policy serves one tracing
 * object, or the whole process; what it calls is the user's, and cannot change a response.
 */
export class ServerPolicy {
  readonly traceAll: boolean
  /** Whether `Forwarded` and `X-Forwarded-*` are believed. */
  readonly trustsProxy: boolean
  readonly #options: ServerOptions
  readonly #ignore: IgnoreDecision | null
  readonly #attributes: readonly TracedAttribute[]
  /** A request may pass its policy more than once: in an application, in one below it, in a marked handler. */
  readonly #attended = new WeakSet<EngineSpan>()

  /** @param options that have been checked */
  constructor(options: ServerOptions) {
    this.#options = options
    this.traceAll = options.traceAll !== false
    this.trustsProxy = options.trustProxy === true
    this.#ignore = ignoring(options.ignore)
    this.#attributes = readAttributes(options.tracedAttributes)
  }

  /** Whether a request that has just arrived is nobody's business. */
  ignores(request: object, view: InboundRequest): boolean {
    return this.#ignore?.atArrival(request, view) === true
  }

  /**
   * The server span of a request is there: tells it what is wanted, and waits for what is known later.
   *
   * @param response a function where the response is made later than the request
   * @param isFinal whether `request` is what the users know: else a framework may still present that
   * @returns false where that has been done before
   */
  begin(
    span: EngineSpan,
    view: InboundRequest,
    request: object,
    response: object | (() => object | undefined),
    isFinal: boolean,
  ): boolean {
    if (this.#attended.has(span)) return false
    this.#attended.add(span)
    const { startSpanCallback, finishSpanCallback, callerNameHeaders = [] } = this.#options
    const caller = callerNameHeaders.map((name) => view.headers[name.toLowerCase()]).find(Boolean)
    if (caller !== undefined) span.setTag('peer.service', String(caller))
    let missing = tell(span, request, this.#attributes)
    const named = this.#name(span, request)
    if (startSpanCallback !== undefined) call('startSpanCallback', () => startSpanCallback(span, request))
    if (this.#ignore?.waits === true) span.hold?.()

    let known = request
    let ignored = false
    attend(span, {
      presented: (asKnown) => {
        if (!isFinal) known = asKnown
      },
      routed: (route) => {
        if (this.#ignore?.waits === true) {
          ignored = this.#ignore.atRoute(known, route)
          if (ignored) mute(span)
          else span.release?.()
        }
        // Not only at the end: Express takes the parameters away when an error is on its way.
        missing = tell(span, known, missing)
      },
      closing: () => {
        if (ignored) return
        tell(span, known, missing)
        if (!named) this.#name(span, known)
        if (finishSpanCallback !== undefined) {
          call('finishSpanCallback', () => {
            const sent = typeof response === 'function' ? response() : response
            return finishSpanCallback(span, known as object, sent as object, failureOf(span))
          })
        }
        span.release?.()
      },
    })
    return true
  }

  /** @returns whether it has a name now */
  #name(span: Span, request: object): boolean {
    const { operationName } = this.#options
    if (operationName === undefined) return true
    const name =
      typeof operationName === 'string' ? operationName : call('operationName', () => operationName(request))
    if (typeof name !== 'string' || name === '') return false
    span.setOperationName(name)
    return true
  }
}

/** Tells a span of further attributes: those of a marked handler. */
export function tellAttributes(
  span: EngineSpan,
  request: object,
  attributes: readonly TracedAttribute[],
): void {
  const missing = tell(span, request, attributes)
  if (missing.length > 0) attend(span, { closing: () => void tell(span, request, missing) })
}

/** Sends nothing of this request, whoever's tracer has its span. */
export function mute(span: EngineSpan): void {
  if (span.mute === undefined) span.setTag('sampling.priority', 0)
  else span.mute()
}

/** @returns the attributes that had no value yet */
function tell(span: Span, request: object, attributes: readonly TracedAttribute[]): TracedAttribute[] {
  const missing: TracedAttribute[] = []
  for (const attribute of attributes) {
    const value = attribute.read(request)
    if (value === undefined) missing.push(attribute)
    else span.setTag(attribute.tag, value)
  }
  return missing
}

function call(name: string, callback: () => unknown): unknown {
  const message = `${name} threw; the response is not affected, the span goes on without it`
  return guarded(`server.${name}`, message, callback)
}
