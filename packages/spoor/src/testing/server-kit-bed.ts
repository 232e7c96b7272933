import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import type { Span } from '../api/span.ts'
import type { ServerOptions } from '../instrument/server-options.ts'
import { check, checkSame } from './check.ts'
import type { MockSpan } from './mock-span.ts'
import { MockTracer } from './mock-tracer.ts'
import type { ServerRunning, ServerUnderTest, ServerWork, Way } from './server-setup.ts'

/** One case of the server kit. */
export interface ServerCase {
  /** Begins with the identifiers of what it proves. */
  readonly title: string
  /** Routes that it asks for, as they stand in the table of `ServerUnderTest`. */
  readonly needs: readonly string[]
  /** For the tracing object, or for `init()`. */
  readonly options?: ServerOptions
  /** The ways in which it makes sense; by default all of them. */
  readonly ways?: readonly Way[]
  run(bed: ServerBed): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Asking {
  readonly method?: string
  readonly headers?: { readonly [name: string]: string | readonly string[] }
  /** Sent piece by piece. */
  readonly body?: readonly string[]
  readonly agent?: Agent
}

/** What an observer saw in one request for `/slow/:id`. */
export interface Sight {
  readonly before: Span | null
  readonly after: Span | null
}

/** What the handlers do, and what they saw. */
export class KitWork implements ServerWork {
  readonly errors: Map<string, Error> = new Map()
  readonly sights: Map<string, Sight> = new Map()
  readonly tagged: unknown[] = []
  /** When the last of the chunks was about to be handed over, by the tracer's clock. */
  lastChunk = 0
  stopped = false
  readonly #tracer: MockTracer

  constructor(tracer: MockTracer) {
    this.#tracer = tracer
  }

  error(message: string): Error {
    const error = new Error(message)
    // Frameworks print it to the client: it should not differ by the frames that tracing adds.
    error.stack = `Error: ${message}\n    at the application`
    this.errors.set(message, error)
    return error
  }

  async *chunks(): AsyncIterable<string> {
    for (const chunk of ['one ', 'two ', 'three']) {
      await this.child(`chunk ${chunk.trim()}`)
      this.lastChunk = this.#tracer.now()
      yield chunk
    }
  }

  async *endless(): AsyncIterable<string> {
    while (!this.stopped) {
      yield 'again '
      await pause(2)
    }
  }

  async child(name: string): Promise<void> {
    await null
    await this.#tracer.startActiveSpan(name, () => pause(1))
  }

  async slow(id: string): Promise<void> {
    const before = this.#tracer.activeSpan
    const span = this.#tracer.startSpan('slow', { tags: { id } })
    await pause(Math.random() * 8)
    this.sights.set(id, { before, after: this.#tracer.activeSpan })
    span.finish()
  }

  tag(span: unknown): void {
    this.tagged.push(span)
    if (span !== null && span !== undefined) (span as Span).setTag('tagged', true)
  }
}

/** One application under test, and a client that nobody traces. */
export class ServerBed {
  readonly tracer: MockTracer = new MockTracer()
  readonly work: KitWork = new KitWork(this.tracer)
  readonly server: ServerUnderTest
  readonly way: Way
  #running: ServerRunning | null = null

  constructor(server: ServerUnderTest, way: Way) {
    this.server = server
    this.way = way
  }

  get running(): ServerRunning {
    check(this.#running !== null, 'the application runs')
    return this.#running
  }

  get url(): string {
    return this.running.url
  }

  /** Starts the application, anew if it runs already. */
  async start(options: ServerOptions = {}): Promise<void> {
    await this.stop()
    const { way, tracer, work } = this
    work.stopped = false
    this.#running = await this.server.start({ way, tracer, options, work })
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = null
    this.work.stopped = true
    await running?.stop()
  }

  /** Makes a request, and reads the whole answer. */
  ask(
    path: string,
    { method = 'GET', headers = {}, body = [], agent = untraced }: Asking = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.url}${path}`,
        { method, headers: headers as OutgoingHttpHeaders, agent },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => (text += chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          )
        },
      )
      outgoing.on('error', reject)
      void sendAll(outgoing, body)
    })
  }

  /** Asks, reads a little of the answer, and goes away. */
  leave(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.url}${path}`, { agent: untraced }, (response) => {
        response.on('error', () => {})
        response.once('data', () => outgoing.destroy())
        response.once('close', resolve)
      })
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  /** Sends text as it is, and gives all that comes back until the server closes the connection. */
  async raw(text: string): Promise<string> {
    const { hostname, port } = new URL(this.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.setEncoding('latin1')
    socket.write(text, 'latin1')
    for await (const chunk of socket) answer += chunk
    return answer
  }

  /** All spans, once none is open any more, in the order of their end. */
  async spans(): Promise<MockSpan[]> {
    for (let waits = 0; this.tracer.unfinishedSpans().length > 0 && waits < 1000; waits += 1) await pause(5)
    const open = this.tracer.unfinishedSpans().map(({ operationName }) => operationName)
    check(open.length === 0, `no span stays open: [${open.join(', ')}]`)
    await pause(1) // for one too many
    return this.tracer.finishedSpans()
  }

  /** The one server span that there is. */
  async serverSpan(): Promise<MockSpan> {
    return only(servers(await this.spans()))
  }

  /** Asks, and gives the span of that request; further spans are its children, as a rule. */
  async visit(path: string, asking?: Asking): Promise<{ span: MockSpan; answer: Answer; spans: MockSpan[] }> {
    this.tracer.reset()
    const answer = await this.ask(path, asking)
    const spans = await this.spans()
    return { span: only(servers(spans)), answer, spans }
  }

  /** Checks that a request leaves no trace, and is answered all the same. */
  async ignored(path: string, asking?: Asking, status = 200): Promise<void> {
    this.tracer.reset()
    const answer = await this.ask(path, asking)
    checkSame(answer.status, status, `the status of ${path}`)
    checkSame(namesOf(await this.spans()), '', `the spans of ${path}`)
  }
}

/** Requests through it are not traced: the kit may run in the very process that `init()` traces. */
const untraced: Agent = untracedAgent()

export function untracedAgent(options: { keepAlive?: boolean; maxSockets?: number } = {}): Agent {
  return Object.assign(new Agent(options), { [Symbol.for('spoor.untraced')]: true })
}

async function sendAll(outgoing: ReturnType<typeof request>, body: readonly string[]): Promise<void> {
  for (const piece of body) {
    outgoing.write(piece)
    await pause(2)
  }
  outgoing.end()
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

export function servers(spans: readonly MockSpan[]): MockSpan[] {
  return spans.filter(({ tags }) => tags['span.kind'] === 'server')
}

export function only(spans: readonly MockSpan[]): MockSpan {
  const [span] = spans
  check(span !== undefined && spans.length === 1, `there is exactly one server span: [${namesOf(spans)}]`)
  return span
}

export function named(spans: readonly MockSpan[], name: string): MockSpan {
  const span = spans.find(({ operationName }) => operationName === name)
  check(span !== undefined, `there is a span "${name}": [${namesOf(spans)}]`)
  return span
}

export function namesOf(spans: readonly MockSpan[]): string {
  return spans.map(({ operationName }) => operationName).join(', ')
}

/** Logs of one event. */
export function logsOf(span: MockSpan, event: string): { readonly [key: string]: unknown }[] {
  return span.logs.map(({ fields }) => fields).filter((fields) => fields['event'] === event)
}

export function checkChild(child: MockSpan, parent: MockSpan): void {
  const what = `"${child.operationName}" below "${parent.operationName}"`
  checkSame(child.traceId, parent.traceId, `the trace of ${what}`)
  checkSame(child.parentSpanId, parent.spanId, `the parent of ${what}`)
}

/** Templates of routes in one notation: `{id}` is `:id`. */
export function template(text: unknown): string {
  return String(text).replace(/\{(\w+)\??\}/g, ':$1')
}
