import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import type { Target, TlsMaterial } from './endpoint.ts'

/**
 * Requests through an agent with this property are the library's own and are never traced. It stands on the agent
 * because both the `http` instrumentation and the `http.client.*` diagnostics channels get to see that, and because
 * nothing of it appears on the wire.
 */
export const UNTRACED: unique symbol = Symbol.for('spoor.untraced') as never

export interface Answer {
  status: number
  /** Lower-case, `''` if missing. */
  contentType: string
  retryAfter: string | undefined
  location: string | undefined
  /** At most {@link MAX_ANSWER} bytes. */
  body: Uint8Array
}

/** OTLP asks clients to bound what they read (specification 1.11). */
export const MAX_ANSWER: number = 4 * 1024 * 1024

/** Code of the error with which a request ends that took too long. */
export const TIMEOUT = 'SPOOR_TIMEOUT'

/** Keeps connections to one collector and sends requests over them, without keeping the process alive. */
export class Connection {
  readonly target: Target
  readonly tls: TlsMaterial
  readonly #sockets: number
  #agent: Agent | undefined
  readonly #calls = new Set<(timeout: number) => void>()

  constructor(target: Target, tls: TlsMaterial, sockets: number) {
    this.target = target
    this.tls = tls
    this.#sockets = sockets
  }

  /**
   * Sends one request and reads its answer.
   *
   * @param timeout milliseconds for the whole call
   * @returns rejects with an error that has a `code` when no answer came
   */
  async post(
    chunks: readonly Uint8Array[],
    headers: Record<string, string>,
    timeout: number,
  ): Promise<Answer> {
    try {
      return await this.#post(chunks, headers, timeout)
    } catch (error) {
      if (!wasStale(error)) throw error
      // The server closed an idle connection while we wrote to it: that says nothing about the server's health.
      return await this.#post(chunks, headers, timeout)
    }
  }

  /** Leaves the requests on their way so many milliseconds and no more. */
  hasten(timeout: number): void {
    for (const hasten of this.#calls) hasten(timeout)
  }

  close(): void {
    this.#agent?.destroy()
    this.#agent = undefined
  }

  #post(chunks: readonly Uint8Array[], headers: Record<string, string>, timeout: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { request } = process.getBuiltinModule(
        this.target.protocol === 'https:' ? 'node:https' : 'node:http',
      )
      const call: ClientRequest = request({
        ...this.target,
        method: 'POST',
        headers: { ...headers, 'content-length': chunks.reduce((sum, chunk) => sum + chunk.length, 0) },
        agent: (this.#agent ??= this.#createAgent()),
      })
      const limit = (milliseconds: number): ReturnType<typeof setTimeout> => {
        const error = Object.assign(new Error(`no answer within ${milliseconds} ms`), { code: TIMEOUT })
        return setTimeout(() => call.destroy(error), milliseconds).unref()
      }
      const timer = limit(timeout)
      const hasten = (milliseconds: number): void => {
        call.once('close', clearTimeout.bind(null, limit(milliseconds)))
      }
      this.#calls.add(hasten)
      call.once('close', () => {
        clearTimeout(timer)
        this.#calls.delete(hasten)
      })
      call.on('socket', (socket) => {
        socket.unref()
        // Happy Eyeballs may swap the handle of a connecting socket for a fresh one, which is not unref'd.
        if (socket.connecting) socket.once('connect', () => socket.unref())
      })
      let answering = false
      call.on('response', (response) => {
        answering = true
        void readAnswer(response).then(resolve)
      })
      call.on('error', (error) => {
        if (answering) return // an answer that has begun counts, though the connection breaks
        if (call.reusedSocket) Object.assign(error, { [STALE]: true })
        reject(error)
      })
      for (const chunk of chunks) call.write(chunk)
      call.end()
    })
  }

  #createAgent(): Agent {
    const { Agent: HttpAgent } = process.getBuiltinModule('node:http')
    const options = { keepAlive: true, maxSockets: this.#sockets, maxFreeSockets: this.#sockets }
    const agent =
      this.target.protocol === 'https:'
        ? new (process.getBuiltinModule('node:https').Agent)({ ...options, ...this.tls })
        : new HttpAgent(options)
    return Object.assign(agent, { [UNTRACED]: true })
  }
}

const STALE = Symbol('stale')

function wasStale(error: unknown): boolean {
  return (error as { [STALE]?: boolean })[STALE] === true && (error as { code?: string }).code !== TIMEOUT
}

/** Never rejects: when the connection breaks amid the body, the status alone is the answer. */
function readAnswer(response: IncomingMessage): Promise<Answer> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const finish = (): void => {
      resolve({
        status: response.statusCode ?? 0,
        contentType: (response.headers['content-type'] ?? '').toLowerCase(),
        retryAfter: response.headers['retry-after'],
        location: response.headers.location,
        body: Buffer.concat(chunks),
      })
    }
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_ANSWER) chunks.push(chunk)
      else response.destroy()
    })
    response.on('error', () => {})
    response.on('close', finish)
  })
}
