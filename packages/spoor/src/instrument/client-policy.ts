import type { Span } from '../api/span.ts'
import { type Checks, check, listOf } from '../checks.ts'
import { guarded } from '../guarded.ts'
import { rename } from './names.ts'
import type { EngineSpan } from './row.ts'

/** What can be said of how outgoing HTTP requests are traced. */
export interface ClientOptions {
  /** Headers of outgoing requests that may name the service called; the first that is there becomes the tag `peer.service`. */
  calleeNameHeaders?: readonly string[]
  /** Headers of outgoing requests that may name the endpoint called; the first that is there names the span: `GET orders.list`. */
  calleeEndpointHeaders?: readonly string[]
  /** Called with the span of an outgoing request before its context goes out: what it sets as baggage travels along. */
  clientSpanCallback?: (span: Span, request: object) => unknown
}

const names = listOf((item) => typeof item === 'string', 'a list of header names')

export const clientChecks: Checks<ClientOptions> = {
  calleeNameHeaders: names,
  calleeEndpointHeaders: names,
  clientSpanCallback: check((value) => typeof value === 'function', 'a function'),
}

/** Finds a header of an outgoing request by its lower-case name. */
export type HeaderOf = (name: string) => unknown

/** What its users want to know of the requests that go out. What they give cannot change a request. */
export class ClientPolicy {
  readonly #names: readonly string[]
  readonly #endpoints: readonly string[]
  readonly #callback: ClientOptions['clientSpanCallback']

  /** @param options that have been checked */
  constructor({ calleeNameHeaders = [], calleeEndpointHeaders = [], clientSpanCallback }: ClientOptions) {
    this.#names = calleeNameHeaders.map((name) => name.toLowerCase())
    this.#endpoints = calleeEndpointHeaders.map((name) => name.toLowerCase())
    this.#callback = clientSpanCallback
  }

  /** The span of a request is there, and its headers are still open. */
  begin(span: EngineSpan, method: string, headerOf: HeaderOf, request: object): void {
    const callee = first(this.#names, headerOf)
    if (callee !== undefined) span.setTag('peer.service', callee)
    const endpoint = first(this.#endpoints, headerOf)
    if (endpoint !== undefined) rename(span, `${method} ${endpoint}`)
    const callback = this.#callback
    if (callback !== undefined)
      guarded('client.clientSpanCallback', CALLBACK_THREW, () => callback(span, request))
  }
}

const CALLBACK_THREW = 'clientSpanCallback threw; the request is not affected, the span goes on without it'

function first(headers: readonly string[], headerOf: HeaderOf): string | undefined {
  for (const name of headers) {
    const value = headerOf(name)
    if (value !== undefined && value !== null && value !== '') return String(value)
  }
  return undefined
}
