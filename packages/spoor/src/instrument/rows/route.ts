import { KIND_SERVER } from '../../api/span-kind.ts'
import { methodName } from '../../semantics/http.ts'
import { serverSpanOf } from '../inbound.ts'
import type { Row } from '../row.ts'

/** What a framework's table says of a request that has found its route. */
export interface RouteFacts<Event> {
  /** The request of `node:http` or `node:http2` that opened the server span. */
  readonly request: (event: Event) => object | undefined
  /** The route's template, with the paths of the routers above it: `/users/:id`. Undefined while it is not known. */
  readonly path: (event: Event) => string | undefined
  readonly method: (event: Event) => string | undefined
  readonly framework: string
  /** When the template is known: before the handler, as a rule. */
  readonly known?: 'start' | 'end'
  /** What the handler threw or passed on. */
  readonly failure?: (event: Event) => unknown
}

/** The server span is there already: a framework only knows which route it was, and what went wrong in it. */
export function route<Event>(facts: RouteFacts<Event>): Row<Event> {
  const name: NonNullable<Row<Event>['conclude']> = (event, span, { http }) => {
    const path = facts.path(event)
    if (path === undefined) return
    const method = facts.method(event)
    span.setOperationName(method === undefined ? path : `${methodName(method)} ${path}`)
    for (const key of http.route) span.setTag(key, path)
    for (const key of http.component) span.setTag(key, facts.framework)
  }
  const atStart = facts.known !== 'end'
  return {
    does: 'enrich',
    kind: KIND_SERVER,
    name: () => '',
    describe() {},
    target(event, runtime) {
      const request = facts.request(event)
      const span = request === undefined ? null : serverSpanOf(request)
      if (span !== null && atStart && span.recording !== false) name(event, span, runtime)
      return span
    },
    ...(atStart ? {} : { conclude: name }),
    ...(facts.failure === undefined ? {} : { failure: facts.failure }),
  }
}
