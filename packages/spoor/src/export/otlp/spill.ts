import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { SpoorError } from '../../api/errors.ts'
import { report } from '../../log.ts'
import type { EncodedBatch } from '../batch-types.ts'

/** A batch on disk that this process has taken for sending. */
export interface SpilledRequest {
  body: Uint8Array
  spans: number
  extension: string
  /** It has been delivered or refused for good. */
  remove(): void
  /** It could not be delivered: leave it for another time. */
  release(): void
}

/**
 * Batches that could not be sent, as files, oldest first. Several processes may share the folder: a file is renamed
 * before it is read, so that one process alone sends it.
 *
 * Everything is synchronous: it happens only while the collector is away, at most once per retry period, and it must
 * work in the `exit` event too.
 */
export class Spill {
  readonly #directory: string
  readonly #limit: number
  /** An estimate, so that an empty folder is not read over and over. */
  #files: number
  #sequence = 0

  /**
   * @param limit bytes that the folder's batches may take; the oldest make room for new ones
   * @throws {SpoorError} `SPOOR_SPILL_DIRECTORY` when the folder cannot be made or read
   */
  constructor(directory: string, limit: number) {
    this.#directory = directory
    this.#limit = limit
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 }) // spans may hold what is nobody else's business
      this.#files = this.#list().length
    } catch (error) {
      throw new SpoorError(
        'SPOOR_SPILL_DIRECTORY',
        `Cannot use ${JSON.stringify(directory)} to set spans aside (${(error as NodeJS.ErrnoException).code}). ` +
          'Give a folder that this process may write to.',
        { cause: error },
      )
    }
  }

  /** Whether there may be something to send. */
  get waiting(): boolean {
    return this.#files > 0
  }

  /** @returns false when the batch could not be kept */
  keep(batch: EncodedBatch, extension: string): boolean {
    if (batch.bytes > this.#limit) return false
    const number = (this.#sequence++).toString(36).padStart(4, '0')
    const stem = `spoor-${Date.now().toString(36).padStart(9, '0')}-${process.pid}-${number}-${batch.spans}`
    const temporary = this.#path(`.${stem}.tmp`)
    try {
      this.#makeRoom(batch.bytes)
      writeFileSync(temporary, Buffer.concat(batch.chunks), { mode: 0o600 })
      renameSync(temporary, this.#path(`${stem}.${extension}`))
      this.#files++
      return true
    } catch (error) {
      rmSync(temporary, { force: true })
      report(
        `spill ${(error as NodeJS.ErrnoException).code}`,
        `cannot set spans aside in ${this.#directory}, they are dropped; look whether the disk is full`,
        error,
      )
      return false
    }
  }

  /** Takes the oldest batch; null when there is none. */
  take(): SpilledRequest | null {
    try {
      for (const name of this.#list()) {
        const claimed = this.#claim(name)
        if (claimed !== null) return claimed
      }
      this.#files = 0
    } catch (error) {
      report('spill read', `cannot read spans set aside in ${this.#directory}`, error)
      this.#files = 0
    }
    return null
  }

  #claim(name: string): SpilledRequest | null {
    const match = NAME.exec(name) as RegExpExecArray
    const original = this.#path(name.replace(CLAIMED, ''))
    const claim = `${original}.${process.pid}.sending`
    try {
      renameSync(this.#path(name), claim)
      const now = new Date()
      utimesSync(claim, now, now)
      return {
        body: readFileSync(claim),
        spans: Number(match[1]),
        extension: match[2] as string,
        remove: () => {
          this.#files--
          rmSync(claim, { force: true })
        },
        release: () => {
          try {
            renameSync(claim, original)
          } catch {
            // It becomes free again when the claim has aged.
          }
        },
      }
    } catch {
      return null // another process was quicker
    }
  }

  /** Our files that are free, oldest first. Other files are none of our business. */
  #list(): string[] {
    return readdirSync(this.#directory)
      .filter((name) => NAME.test(name) && (!CLAIMED.test(name) || this.#isAbandoned(name)))
      .sort()
  }

  /** A process that was killed while it sent leaves its claim behind. */
  #isAbandoned(name: string): boolean {
    try {
      return Date.now() - statSync(this.#path(name)).mtimeMs > ABANDONED_AFTER
    } catch {
      return false
    }
  }

  #makeRoom(bytes: number): void {
    const files = this.#list().map((name) => ({ name, size: sizeOf(this.#path(name)) }))
    let total = files.reduce((sum, file) => sum + file.size, bytes)
    for (const { name, size } of files) {
      if (total <= this.#limit) return
      rmSync(this.#path(name), { force: true })
      total -= size
      report(
        'spill full',
        `the spans set aside in ${this.#directory} take ${this.#limit} bytes, the oldest are dropped; ` +
          'start the collector, or allow more bytes',
      )
    }
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}

/** `spoor-<time>-<pid>-<sequence>-<spans>.<extension>`, followed by who sends it, if anybody does. */
const NAME = /^spoor-[0-9a-z]{9}-\d+-[0-9a-z]{4,}-(\d+)\.(pb|json)(?:\.\d+\.sending)?$/
const CLAIMED = /\.\d+\.sending$/
const ABANDONED_AFTER = 5 * 60_000

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}
