/** Keeps the store within its bounds: deletes whole traces, oldest first, a few at a time. */
import type { Blocks } from './blocks.ts'
import type { Engine, Statement } from './engine.ts'
import type { Rollup } from './rollup.ts'
import { number } from './schema.ts'

export interface Limits {
  /** Bytes in use, after which the oldest traces go. */
  maxBytes: number
  /** Age of a trace since its arrival, in milliseconds. */
  maxAge: number
}

/** So much at a time that a reader who waits does not notice. */
const TRACES_AT_ONCE = 200
const SPANS_AT_ONCE = 2000
/** Once over the bound, some room is made, so that not every batch has to. */
const TARGET = 0.95
/** Pages given back to the file system at a time. */
const PAGES_AT_ONCE = 256

export interface Removed {
  traces: number
  spans: number
}

export class Retention {
  readonly #engine: Engine
  readonly #limits: Limits
  readonly #blocks: Blocks
  readonly #rollup: Rollup
  readonly #oldest: Statement
  readonly #blocksOf: Statement
  readonly #dropSpans: Statement
  readonly #dropTraces: Statement
  readonly #pageSize: number
  #removing = false

  constructor(engine: Engine, limits: Limits, parts: { blocks: Blocks; rollup: Rollup }) {
    this.#engine = engine
    this.#limits = limits
    this.#blocks = parts.blocks
    this.#rollup = parts.rollup
    this.#oldest = engine.prepare(
      `SELECT id, trace_id, arrived, spans FROM trace ORDER BY id LIMIT ${TRACES_AT_ONCE}`,
    )
    this.#blocksOf = engine.prepare(
      'SELECT block, count(*) AS spans FROM span WHERE trace <= ? GROUP BY block',
    )
    this.#dropSpans = engine.prepare('DELETE FROM span WHERE trace <= ?')
    this.#dropTraces = engine.prepare('DELETE FROM trace WHERE id <= ?')
    this.#pageSize = number(engine, 'PRAGMA page_size')
  }

  /** Bytes in use: of the pages, without the free ones. */
  bytes(): number {
    const pages = number(this.#engine, 'PRAGMA page_count') - number(this.#engine, 'PRAGMA freelist_count')
    return pages * this.#pageSize
  }

  /**
   * Deletes the oldest traces, if anything is over its bound. Belongs into a transaction.
   *
   * @returns what went; nothing once all is within its bounds
   */
  step(): Removed {
    const tooMany = this.#isTooLarge()
    const expired = Date.now() - this.#limits.maxAge
    let last: number | undefined
    let spans = 0
    let traces = 0
    for (const row of this.#oldest.all()) {
      if (!tooMany && Number(row['arrived']) >= expired) break
      // The first one goes however large it is.
      if (traces > 0 && spans + Number(row['spans']) > SPANS_AT_ONCE) break
      last = Number(row['id'])
      spans += Number(row['spans'])
      traces++
      this.#rollup.drop(Buffer.from(row['trace_id'] as Uint8Array).toString('latin1'))
    }
    if (last === undefined) return { traces: 0, spans: 0 }
    for (const { block, spans } of this.#blocksOf.all(last))
      this.#blocks.release(Number(block), Number(spans))
    this.#dropSpans.run(last)
    this.#dropTraces.run(last)
    return { traces, spans }
  }

  /** Gives some free pages back to the file system. Belongs outside of a transaction. @returns whether there are more */
  shrink(): boolean {
    const free = number(this.#engine, 'PRAGMA freelist_count')
    if (free === 0) return false
    this.#engine.exec(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`)
    return free > PAGES_AT_ONCE
  }

  #isTooLarge(): boolean {
    const { maxBytes } = this.#limits
    this.#removing = this.bytes() > maxBytes * (this.#removing ? TARGET : 1)
    return this.#removing
  }
}
