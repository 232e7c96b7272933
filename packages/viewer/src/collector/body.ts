/** Receives the body of a request, within bounds of its own and of all requests together. */
import type { IncomingMessage } from 'node:http'

/** Bytes that are being received, or wait for the store. */
export class Budget {
  readonly #most: number
  #used = 0

  constructor(most: number) {
    this.#most = most
  }

  /** A request that has everything to itself may take more than there is: it is bounded on its own. */
  take(bytes: number, own = 0): boolean {
    if (this.#used + bytes > this.#most && this.#used > own) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}

export type Received = Uint8Array<ArrayBuffer> | 'too large' | 'busy' | 'gone'

/** How long a client may go on sending what is no longer wanted, so that it gets to read the answer. */
const GRACE_MS = 1000

/**
 * @param limit most bytes as they come, before decompression
 * @param budget the body's bytes are taken from it, and stay so until the caller gives them back
 */
export function receiveBody(request: IncomingMessage, limit: number, budget: Budget): Promise<Received> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) return refuse(request, 'too large')
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0

    const stop = (result: Received | Promise<Received>): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose)
      if (!(result instanceof Uint8Array)) budget.give(length)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      if (length + chunk.length > limit) stop(refuse(request, 'too large'))
      else if (!budget.take(chunk.length, length)) stop(refuse(request, 'busy'))
      else {
        length += chunk.length
        chunks.push(chunk)
      }
    }
    const onEnd = (): void => stop(joined(chunks, length))
    const onClose = (): void => stop('gone')

    request.on('data', onData).on('end', onEnd).on('close', onClose)
    request.on('error', () => {}) // 'close' follows
  })
}

/** Lets the client finish, or at least go on for a while, before it is told that its request is not wanted. */
function refuse(request: IncomingMessage, why: 'too large' | 'busy'): Promise<Received> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      resolve(why)
    }
    const timer = setTimeout(done, GRACE_MS)
    request.on('error', done).on('end', done).on('close', done).resume()
  })
}

// A buffer of its own, because it is handed to another thread and small chunks share one with others.
function joined(chunks: Buffer[], length: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}
