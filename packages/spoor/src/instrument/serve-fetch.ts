import { type Arrival, admit, attempt, join, type Serving, serverBinding } from './admit.ts'
import type { Binding } from './bind.ts'
import { closeInbound } from './inbound.ts'
import type { InboundRequest } from './inbound-request.ts'
import { isSilent, noteFailure, serverSpanOf } from './open-requests.ts'
import type { EngineSpan } from './row.ts'
import type { Runtime } from './runtime.ts'

/** One request of the Fetch standard, as a framework hands it to a handler. */
export interface FetchExchange {
  /** Carries the span. */
  readonly fetch: Request
  /** What the framework's users know as the request, where that is another object. */
  readonly request?: object
  /** The framework, where one tracing object serves several. */
  readonly framework?: string
  /** The route's template, as soon as it is known. */
  readonly route?: () => string | undefined
  /** When that can be relied on: at once, as a rule; else when the response is over. */
  readonly known?: 'start' | 'end'
  /** Where the framework keeps a response that a handler makes and does not return. */
  readonly kept?: {
    get(): Response | undefined
    set(response: Response): void
  }
}

/**
 * Server spans where there are no messages of Node.js: Bun, Deno, workers, and applications that are called with a
 * `Request`. Such a span is finished when somebody has read the response's body to its end, gives it up, or sees it fail.
 */
export class FetchServer {
  readonly #binding: Binding<InboundRequest>

  constructor(runtime: Runtime) {
    this.#binding = serverBinding(runtime)
  }

  /**
   * Runs a handler inside the server span of its request.
   *
   * @returns what the handler returns; in place of a response with a body, one that is the same but for being watched.
   *   Where a handler returns none, that one is put where the framework keeps it.
   */
  serve<Result>(exchange: FetchExchange, serving: Serving, handler: () => Result): Result {
    const answer: Answer = { sent: undefined }
    const arrival = arrivalOf(exchange, answer)
    const other = serverSpanOf(exchange.fetch)
    if (other !== null) {
      join(this.#binding, other, arrival, serving)
      return attempt(handler, (error) => isSilent(other) || noteFailure(other, error))
    }
    const span = admit(this.#binding, arrival, serving)
    if (span === null) return handler()
    const visit = new Visit(this.#binding, span, exchange, answer)
    return this.#binding.runtime.scope.with(span, () => visit.run(handler))
  }
}

/** The response, which is made later than the request. */
interface Answer {
  sent: Response | undefined
}

function arrivalOf({ fetch, request = fetch, route, known, kept }: FetchExchange, answer: Answer): Arrival {
  const view = new FetchRequestView(fetch)
  return {
    message: fetch,
    response: fetch,
    view,
    request,
    reply: () => answer.sent ?? kept?.get(),
    route,
    known,
  }
}

/** From the arrival of a request to the last byte of its response. */
class Visit {
  readonly #binding: Binding<InboundRequest>
  readonly #span: EngineSpan
  readonly #exchange: FetchExchange
  readonly #answer: Answer
  #over = false

  constructor(binding: Binding<InboundRequest>, span: EngineSpan, exchange: FetchExchange, answer: Answer) {
    this.#binding = binding
    this.#span = span
    this.#exchange = exchange
    this.#answer = answer
  }

  run<Result>(handler: () => Result): Result {
    // Whoever asked may be gone before there is any response.
    this.#exchange.fetch.signal?.addEventListener('abort', this.#gone)
    return attempt(
      handler,
      (error) => this.#failed(error),
      (result) => this.#answered(result),
    )
  }

  #answered(result: unknown): unknown {
    const { kept } = this.#exchange
    if (isResponse(result)) return this.#watched(result)
    const response = kept?.get()
    if (!isResponse(response)) this.#end(undefined, true)
    else {
      const watched = this.#watched(response)
      if (watched !== response) kept?.set(watched)
    }
    return result
  }

  /** Nobody below answers for it, and what is above does not tell. */
  #failed(error: unknown): void {
    if (this.#over) return
    if (!isSilent(this.#span)) {
      noteFailure(this.#span, error)
      this.#span.setTag('error', true)
    }
    this.#end(undefined, true)
  }

  /** The same response, with a body that tells when it is over. */
  #watched(response: Response): Response {
    this.#answer.sent = response
    const { body, status } = response
    if (this.#over) return response
    // Servers do not read the body of what answers a HEAD, and nobody but its reader reads one that is locked.
    if (!body || body.locked || this.#exchange.fetch.method === 'HEAD') {
      this.#end(status, true)
      return response
    }
    const watched = copyOf(response, this.#stream(body, status))
    if (watched === null) {
      this.#end(status, true)
      return response
    }
    this.#answer.sent = watched
    return watched
  }

  /** What the body gives, when it is asked for it: not a chunk earlier. */
  #stream(body: ReadableStream<Uint8Array>, status: number): ReadableStream<Uint8Array> {
    const { scope } = this.#binding.runtime
    const inside = <Value>(step: () => Value): Value => scope.with(this.#span, step)
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    const source = (): ReadableStreamDefaultReader<Uint8Array> => {
      reader ??= body.getReader()
      return reader
    }
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const { done, value } = await inside(() => source().read())
            if (!done) {
              controller.enqueue(value)
              return
            }
            controller.close()
            this.#end(status, true)
          } catch (error) {
            if (!isSilent(this.#span) && !this.#over) noteFailure(this.#span, error)
            this.#end(status, false)
            controller.error(error)
          }
        },
        cancel: (reason) => {
          this.#end(status, false)
          return inside(() => source().cancel(reason))
        },
      },
      { highWaterMark: 0 },
    )
  }

  readonly #gone = (): void => this.#end(this.#answer.sent?.status, false)

  #end(status: number | undefined, complete: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#exchange.fetch.signal?.removeEventListener('abort', this.#gone)
    closeInbound(this.#binding, this.#span, status, complete)
  }
}

/** By its looks: adapters bring classes of their own. */
function isResponse(value: unknown): value is Response {
  const { status, headers, body } = (value ?? {}) as Partial<Response>
  return typeof status === 'number' && typeof headers === 'object' && body !== undefined
}

/** What a response knows and cannot be told when it is made. */
const GIVEN = ['url', 'redirected', 'type'] as const

/** Null for what looks like a response and is none: nothing of it has been touched then. */
function copyOf(response: Response, body: ReadableStream<Uint8Array>): Response | null {
  try {
    const copy = new Response(body, response)
    for (const name of GIVEN) {
      const value = response[name]
      if (copy[name] !== value) Object.defineProperty(copy, name, { configurable: true, value })
    }
    return copy
  } catch {
    return null
  }
}

/** A `Request` as the engine reads it. Accessors, so that what nobody reads costs nothing. */
export class FetchRequestView implements InboundRequest {
  readonly #request: Request
  #rawHeaders: readonly string[] | null = null

  constructor(request: Request) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    const { url } = this.#request
    const fragment = url.indexOf('#')
    return fragment < 0 ? url : url.slice(0, fragment)
  }

  get scheme(): string {
    const { url } = this.#request
    return url.slice(0, url.indexOf(':'))
  }

  /** The standard does not tell. */
  get protocolVersion(): string {
    return ''
  }

  get rawHeaders(): readonly string[] {
    this.#rawHeaders ??= this.#readHeaders()
    return this.#rawHeaders
  }

  get headers(): InboundRequest['headers'] {
    const { rawHeaders } = this
    const headers: { [name: string]: string } = {}
    for (let i = 0; i < rawHeaders.length; i += 2)
      headers[rawHeaders[i] as string] = rawHeaders[i + 1] as string
    return headers
  }

  get remoteAddress(): undefined {
    return undefined
  }

  #readHeaders(): string[] {
    const { headers, url } = this.#request
    const raw: string[] = []
    for (const [name, value] of headers) raw.push(name, value)
    // A request that was made in this process has its host in the URL alone.
    if (!headers.has('host') && URL.canParse(url)) raw.push('host', new URL(url).host)
    return raw
  }
}
