import { KIND_SERVER } from '../api/span-kind.ts'
import { write } from '../semantics/dialect.ts'
import { NEST_PATTERN } from '../semantics/nest.ts'
import { attempt } from './admit.ts'
import type { Binding } from './bind.ts'
import { isObservable, watchObservable } from './observables.ts'
import { describing, failureOf, noteFailure, serverSpanOf, setServerSpan } from './open-requests.ts'
import type { EngineParent, EngineSpan, Row } from './row.ts'

/** Messages that a framework hands to handlers by their pattern: one server span each, whoever traces them. */

export interface Message {
  readonly framework: string
  /** As the handler was declared: of few values, whatever clients send. */
  readonly pattern: string
  /** What the framework hands over beside the payload: one object per message, which then carries its span. */
  readonly context: object | undefined
  /** Where the sender's context may be; never the payload. May throw. */
  readonly carrier: () => object | undefined
}

/** The row of every message. */
export const inboundMessage: Row<Message> = {
  does: 'span',
  kind: KIND_SERVER,
  name: ({ pattern }) => pattern,
  describe({ framework, pattern }, to, { http }) {
    write(to, http.component, framework)
    to.append(NEST_PATTERN, pattern)
  },
  // There is no status to decide by: an answer that is an error is a failure, whatever a filter made of its cause.
  fail(_, span, error) {
    if (failureOf(span) === undefined) noteFailure(span, error)
    span.setTag('error', true)
  },
}

/**
 * Runs the handler of a message inside its span: until its promise is fulfilled, or the observable that it gives is over.
 *
 * @returns what the handler returns
 */
export function serveMessage(
  binding: Binding<Message>,
  message: Message,
  handler: () => unknown,
  begun?: (span: EngineSpan) => void,
): unknown {
  const { context } = message
  if (!binding.enabled || (context !== undefined && serverSpanOf(context) !== null)) return handler()
  const span = binding.start(message, parentOf(binding, message))
  if (span === null) return handler()
  // A context that cannot be written to is traced all the same.
  if (context !== undefined && Object.isExtensible(context)) setServerSpan(span, context, context)
  if (begun !== undefined) describing(() => begun(span))
  const { scope } = binding.runtime
  let ended = false
  const end = (failed: boolean, outcome?: unknown): void => {
    if (ended) return
    ended = true
    binding.end(span, message, failed, outcome)
  }
  const answered = (result: unknown): unknown => {
    if (isObservable(result)) return watchObservable(result, end, (step) => scope.with(span, step))
    end(false)
    return result
  }
  return attempt(
    () => scope.with(span, handler),
    (error) => end(true, error),
    answered,
  )
}

/** A pattern as text: texts as they are, objects as JSON. */
export function nameOf(pattern: unknown): string {
  if (typeof pattern === 'string') return pattern
  try {
    return JSON.stringify(pattern) ?? String(pattern)
  } catch {
    return String(pattern) // A circular one is for the framework to refuse.
  }
}

/** The sender's span; else one in whose flow the message came, where it has not been finished since. */
function parentOf({ runtime }: Binding<Message>, message: Message): EngineParent {
  const carrier = carrierOf(message)
  const sender = carrier === undefined ? null : runtime.extract(carrier)
  if (sender !== null) return sender
  const active = runtime.scope.activeSpan as EngineSpan | null
  return active === null || active.finished === true ? null : active
}

function carrierOf({ carrier }: Message): object | undefined {
  try {
    return carrier()
  } catch {
    return undefined // Somebody's own transport, with other things under the same names.
  }
}
