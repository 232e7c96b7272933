import { KIND_SERVER } from '../../api/span-kind.ts'
import { attend, noteFailure, present, recordingSpanOf, tellRoute } from '../open-requests.ts'
import type { EngineSpan, Row } from '../row.ts'
import type { Runtime } from '../runtime.ts'

/** What a framework's table says of a request that has found its route. */
export interface RouteFacts<Event> {
  /** The request of `node:http` or `node:http2` that opened the server span. */
  readonly request: (event: Event) => object | undefined
  /** The route's template, with the paths of the routers above it: `/users/:id`. Undefined while it is not known. */
  readonly path: (event: Event) => string | undefined
  readonly method: (event: Event) => string | undefined
  readonly framework: string
  /** What the framework's users know as the request, where that is another object. */
  readonly view?: (event: Event) => object | undefined
  /** When the template is known: before the handler, as a rule; else when the response is over. */
  readonly known?: 'start' | 'end'
  /** What the handler threw or passed on. It is told on the span; the status decides whether the request failed. */
  readonly failure?: (event: Event) => unknown
  readonly skip?: (event: Event) => boolean
}

/** The server span is there already: a framework only knows which route it was, and what went wrong in it. */
export function route<Event>(facts: RouteFacts<Event>): Row<Event> {
  const name = (event: Event, span: EngineSpan, runtime: Runtime): void => {
    const path = facts.path(event)
    if (path === undefined) return
    tellRoute(runtime, span, path, { method: facts.method(event), framework: facts.framework })
  }
  const atStart = facts.known !== 'end'
  return {
    does: 'enrich',
    kind: KIND_SERVER,
    name: () => '',
    describe() {},
    ...(facts.skip === undefined ? {} : { skip: facts.skip }),
    target(event, runtime) {
      const span = recordingSpanOf(facts.request(event))
      if (span === null) return null
      const view = facts.view?.(event)
      if (view !== undefined) present(span, view)
      if (atStart) name(event, span, runtime)
      else attend(span, { closing: () => name(event, span, runtime) })
      return span
    },
    ...(facts.failure === undefined ? {} : { failure: facts.failure }),
    fail: (_, span, error) => noteFailure(span, error),
  }
}
