/** Tells open pages what has changed: Server-Sent Events, at most four a second. */
import type { ServerResponse } from 'node:http'
import type { TracesChanged } from '../api.ts'

const INTERVAL_MS = 250
/** Proxies and browsers drop streams on which nothing comes. */
const HEARTBEAT_MS = 15_000
const MAX_LISTENERS = 64
const MAX_TRACE_IDS = 100
/** A page that does not read is cut off; its browser connects again. Bytes. */
const MAX_UNREAD = 1024 * 1024

export class Events {
  readonly #listeners = new Set<ServerResponse>()
  readonly #traceIds = new Set<string>()
  #spans = 0
  #timer: NodeJS.Timeout | undefined
  #saidAt = 0
  #heartbeat: NodeJS.Timeout | undefined

  /** @returns false when there are too many listeners already */
  listen(response: ServerResponse): boolean {
    if (this.#listeners.size >= MAX_LISTENERS) return false
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.write('retry: 1000\n\n')
    this.#listeners.add(response)
    response.on('close', () => this.#listeners.delete(response))
    this.#heartbeat ??= setInterval(() => this.#send(': still here\n\n'), HEARTBEAT_MS).unref()
    return true
  }

  changed(traceIds: readonly string[], spans: number): void {
    if (this.#listeners.size === 0) return
    for (const traceId of traceIds) {
      if (this.#traceIds.size > MAX_TRACE_IDS) break
      this.#traceIds.add(traceId)
    }
    this.#spans += spans
    this.#timer ??= setTimeout(() => this.#say(), Math.max(0, this.#saidAt + INTERVAL_MS - Date.now()))
  }

  close(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#heartbeat)
    for (const listener of this.#listeners) listener.end()
  }

  #say(): void {
    const isMany = this.#traceIds.size > MAX_TRACE_IDS
    const change: TracesChanged = { traceIds: isMany ? [] : [...this.#traceIds], spans: this.#spans }
    this.#traceIds.clear()
    this.#spans = 0
    this.#timer = undefined
    this.#saidAt = Date.now()
    this.#send(`event: traces\ndata: ${JSON.stringify(change)}\n\n`)
  }

  #send(text: string): void {
    for (const listener of this.#listeners) {
      if (listener.writableLength > MAX_UNREAD) listener.destroy()
      else listener.write(text)
    }
  }
}
