import { KIND_CLIENT } from '../../api/span-kind.ts'
import { write } from '../../semantics/dialect.ts'
import { methodName, writeMethod } from '../../semantics/http.ts'
import type { Row } from '../row.ts'
import { maskUrl } from '../url.ts'
import { errorType } from './database.ts'

/** What a table says of one outgoing HTTP request. */
export interface HttpClientFacts<Event> {
  readonly method: (event: Event) => string
  /** The absolute URL. Credentials and secret parameters are masked before it is sent. */
  readonly url: (event: Event) => string
  readonly host: (event: Event) => string | undefined
  readonly port: (event: Event) => number | undefined
  /** At the end: the status of the response, undefined when none came. */
  readonly status: (event: Event) => number | undefined
  readonly protocolVersion?: (event: Event) => string | undefined
  readonly component: string
  /** A header of the request, by its lower-case name. */
  readonly header?: (event: Event, name: string) => unknown
  /** What the library knows as the request, for callbacks. */
  readonly request?: (event: Event) => object
  readonly skip?: (event: Event) => boolean
}

/** One outgoing HTTP request. For a client, 4xx is an error as well as 5xx (OpenTelemetry, "HTTP client span"). */
export function httpClient<Event>(facts: HttpClientFacts<Event>): Row<Event> {
  return {
    does: 'span',
    kind: KIND_CLIENT,
    name: (event) => methodName(facts.method(event)),
    ...(facts.skip === undefined ? {} : { skip: facts.skip }),
    describe(event, to, { http, privacy }) {
      write(to, http.component, facts.component)
      writeMethod(to, http, facts.method(event))
      write(to, http.fullUrl, maskUrl(facts.url(event), privacy.secretParameters))
      write(to, http.serverAddress, facts.host(event))
      write(to, http.serverPort, facts.port(event))
    },
    began(event, span, { clients }) {
      if (clients === null) return
      const { method, header, request } = facts
      clients.begin(span, methodName(method(event)), (name) => header?.(event, name), request?.(event) ?? {})
    },
    conclude(event, span, { http }) {
      const status = facts.status(event)
      const { error } = event as { error?: unknown }
      for (const key of http.protocolVersion) span.setTag(key, facts.protocolVersion?.(event))
      if (status !== undefined) for (const key of http.status) span.setTag(key, status)
      if (error !== undefined) for (const key of http.errorType) span.setTag(key, errorType(error))
      else if (status !== undefined && status >= 400) {
        span.setTag('error', true)
        for (const key of http.errorType) span.setTag(key, String(status))
      }
    },
  }
}
