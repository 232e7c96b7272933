import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type Server,
} from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type InitOptions, init, shutdown } from 'spoor'
import { MemorySink, type SpanData } from 'spoor/export'

/** Loads libraries as CommonJS, after tracing has begun, and without their types: several majors have none to share. */
export const load: NodeJS.Require = createRequire(import.meta.url)

/** Starts tracing into memory. */
export function trace(options: InitOptions = {}): MemorySink {
  const sink = new MemorySink()
  init({ exporters: [sink], logLevel: 'silent', ...options })
  return sink
}

export { shutdown }

/** Waits until this many spans have finished, and a moment longer for one too many; returns and forgets them. */
export async function finished(sink: MemorySink, count: number): Promise<SpanData[]> {
  const deadline = Date.now() + 5000
  while (sink.spans.length < count && Date.now() < deadline) await sleep(2)
  await sleep(15)
  const spans = [...sink.spans]
  sink.reset()
  assert.equal(
    spans.length,
    count,
    `expected ${count} spans, got: ${spans.map((span) => `${span.kind} ${span.name}`).join(', ')}`,
  )
  return spans
}

/** The one server span of a request that was made with {@link ask}. */
export async function serverSpan(sink: MemorySink): Promise<SpanData> {
  const [span] = await finished(sink, 1)
  assert.equal(span?.kind, 'server')
  return span as SpanData
}

export interface Listening {
  readonly port: number
  readonly origin: string
  readonly server: Server
  close(): Promise<void>
}

/** Puts a server, or a listener for requests, on a free port of the loopback interface. */
export async function listen(what: Server | RequestListener): Promise<Listening> {
  const server = typeof what === 'function' ? createServer(what) : what
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    server,
    async close() {
      server.closeAllConnections?.()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Requests of the tests themselves are not traced, as those of the exporter are not. */
const untraced: Agent = Object.assign(new Agent(), { [Symbol.for('spoor.untraced')]: true })

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Makes a request from outside of every trace, and reads the whole answer. */
export function ask(
  origin: string,
  path: string = '/',
  options: { method?: string; headers?: { [name: string]: string | string[] }; body?: string } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const outgoing = request(`${origin}${path}`, { method, headers, agent: untraced }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Sends bytes as they are, and returns all that comes back until the server closes or `until` has been seen. */
export async function raw(port: number, bytes: string | Buffer, until?: string | RegExp): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1')
  socket.write(bytes)
  for await (const chunk of socket) {
    text += chunk
    if (until !== undefined && text.search(until) >= 0) break
  }
  socket.destroy()
  return text
}

/** Attributes that must not be in a span, wherever. */
export function assertNoSecret(spans: readonly SpanData[], ...secrets: string[]): void {
  const text = JSON.stringify(spans, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} is in ${text}`)
}
