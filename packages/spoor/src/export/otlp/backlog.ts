import type { EncodedBatch } from '../batch-types.ts'
import { Spill, type SpilledRequest } from './spill.ts'

/** Milliseconds between attempts to send what lies on disk. */
const RESEND_DELAY = 30_000
/** Milliseconds after the start when what an earlier process has left is sent. */
const FIRST_DELAY = 1000

/** Batches on disk, and the sending of them when the collector is back: oldest first, until it fails once. */
export class Backlog {
  readonly #spill: Spill
  readonly #extension: string
  readonly #send: (request: SpilledRequest) => Promise<boolean>
  #timer: ReturnType<typeof setTimeout> | undefined
  #sending = false
  #closed = false

  /**
   * @param extension of files for new batches: `pb` or `json`
   * @param send makes one attempt; false when the collector cannot take it now
   * @throws {SpoorError} `SPOOR_SPILL_DIRECTORY`
   */
  constructor(
    directory: string,
    limit: number,
    extension: string,
    send: (request: SpilledRequest) => Promise<boolean>,
  ) {
    this.#spill = new Spill(directory, limit)
    this.#extension = extension
    this.#send = send
    if (this.#spill.waiting) this.#later(FIRST_DELAY)
  }

  /** @returns false when the batch could not be kept */
  keep(batch: EncodedBatch): boolean {
    const kept = this.#spill.keep(batch, this.#extension)
    if (kept) this.#later(RESEND_DELAY)
    return kept
  }

  /** The collector takes spans. */
  resume(): void {
    if (this.#spill.waiting && !this.#sending) this.#later(0)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #later(delay: number): void {
    if (this.#closed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#sendAll(), delay)
    this.#timer.unref()
  }

  async #sendAll(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      for (let request = this.#spill.take(); request !== null; request = this.#spill.take()) {
        if (this.#closed || !(await this.#send(request))) {
          request.release()
          this.#later(RESEND_DELAY)
          return
        }
        request.remove()
      }
    } finally {
      this.#sending = false
    }
  }
}
