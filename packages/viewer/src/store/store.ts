/**
 * The store, seen from inside its thread: spans go in by transactions, traces come out. Everything is synchronous.
 * A transaction that fails leaves the store as it was before; reading goes on in any case.
 */
import type { SpanDetail, TraceList, TraceSkeleton } from '../api.ts'
import type { Json } from '../collector/codec.ts'
import type { IncomingSpan } from '../collector/request.ts'
import { Blocks } from './blocks.ts'
import { Contexts, Strings } from './dictionary.ts'
import { cannotUse, type Engine, type EngineName, openEngine } from './engine.ts'
import { own } from './owner.ts'
import { type Limits, Retention } from './retention.ts'
import { Rollup } from './rollup.ts'
import { number, prepareSchema } from './schema.ts'
import { SpanWriter } from './span-writer.ts'
import { type ListQuery, TraceLister } from './trace-list.ts'
import { TraceReader } from './trace-reader.ts'

export interface StoreOptions extends Limits {
  /** Of the database file, or `:memory:`. */
  path: string
  /** Instead of the best engine there is. */
  engine?: EngineName
  /** Bytes that the file must never pass. Writing then fails as on a full disk, where `maxBytes` makes room. */
  quota?: number
  /** Whether this thread takes the place of one that has died. */
  inherits?: boolean
}

/** What a commit has changed. */
export interface Commit {
  /** Ids of the traces, in hex. */
  traceIds: string[]
}

export interface Totals {
  traces: number
  spans: number
  bytes: number
  services: string[]
}

const MANY_STRINGS = 50_000
const FEW_SPANS = 100_000
const SWEEP_EVERY_MS = 10 * 60_000

/** @throws ViewerError when the store cannot be had */
export async function openStore(options: StoreOptions): Promise<Store> {
  const release = options.path === ':memory:' ? () => {} : claim(options.path, options.inherits)
  try {
    const engine = await openEngine(options.path, options.engine)
    try {
      prepareSchema(engine, options.path)
      return new Store(engine, options, release)
    } catch (error) {
      engine.close()
      throw error
    }
  } catch (error) {
    release()
    throw error
  }
}

export class Store {
  readonly engineName: string
  readonly #engine: Engine
  readonly #release: () => void
  readonly #strings: Strings
  readonly #resources: Contexts
  readonly #scopes: Contexts
  readonly #blocks: Blocks
  readonly #rollup: Rollup
  readonly #writer: SpanWriter
  readonly #lister: TraceLister
  readonly #reader: TraceReader
  readonly #retention: Retention
  #traces: number
  #spans: number
  #newSpans = 0
  #sweptAt = Date.now()

  constructor(engine: Engine, options: StoreOptions, release: () => void) {
    this.engineName = engine.name
    this.#engine = engine
    this.#release = release
    const strings = (this.#strings = new Strings(engine))
    const resources = (this.#resources = new Contexts(engine, 'resource', strings))
    const scopes = (this.#scopes = new Contexts(engine, 'scope', strings))
    const blocks = (this.#blocks = new Blocks(engine))
    const rollup = (this.#rollup = new Rollup(engine))
    this.#writer = new SpanWriter(engine, { strings, resources, scopes, blocks, rollup })
    this.#lister = new TraceLister(engine, strings)
    this.#reader = new TraceReader(engine, { strings, resources, scopes, blocks })
    this.#retention = new Retention(engine, options, { blocks, rollup })
    this.#traces = number(engine, 'SELECT count(*) FROM trace')
    this.#spans = number(engine, 'SELECT total(spans) FROM trace')
    if (options.quota !== undefined) this.setQuota(options.quota)
  }

  begin(): void {
    this.#engine.exec('BEGIN IMMEDIATE')
  }

  add(span: IncomingSpan): void {
    if (this.#writer.add(span)) this.#newSpans++
  }

  commit(): Commit {
    const { changed, begun } = this.#rollup.flush()
    this.#blocks.flush()
    this.#engine.exec('COMMIT')
    this.#traces += begun
    this.#spans += this.#newSpans
    this.#newSpans = 0
    return { traceIds: changed.map(({ key }) => Buffer.from(key, 'latin1').toString('hex')) }
  }

  /** Undoes the transaction, and forgets all that was learnt in it. */
  rollback(): void {
    try {
      this.#engine.exec('ROLLBACK')
    } catch {
      // SQLite has done so itself: it does on a full disk.
    }
    this.#newSpans = 0
    this.#strings.forget()
    this.#resources.forget()
    this.#scopes.forget()
    this.#writer.forget()
    this.#blocks.reload()
    this.#rollup.reload()
  }

  list(query: ListQuery): TraceList {
    return this.#lister.list(query)
  }

  /** @param traceId in hex @returns undefined when there is no such trace */
  skeleton(traceId: string): TraceSkeleton | undefined {
    return this.#reader.skeleton(traceId)
  }

  span(traceId: string, spanId: string): SpanDetail | undefined {
    return this.#reader.span(traceId, spanId)
  }

  otlp(traceId: string): Json | undefined {
    return this.#reader.otlp(traceId)
  }

  totals(): Totals {
    return {
      traces: this.#traces,
      spans: this.#spans,
      bytes: this.#retention.bytes(),
      services: this.#lister.services(),
    }
  }

  /** Does a little of what keeps the store within its bounds. @returns whether there is more to do */
  maintain(): boolean {
    this.begin()
    const removed = this.#retention.step()
    if (removed.traces > 0) {
      this.commit()
      this.#traces -= removed.traces
      this.#spans -= removed.spans
      this.#sweepIfDue()
      return true
    }
    this.commit()
    return this.#retention.shrink()
  }

  /** See {@link StoreOptions.quota}. */
  setQuota(bytes: number): void {
    const pageSize = number(this.#engine, 'PRAGMA page_size')
    this.#engine.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(bytes / pageSize))}`)
  }

  close(): void {
    try {
      this.#engine.close()
    } finally {
      this.#release()
    }
  }

  /**
   * Forgets names, resources and scopes that no span uses any more. They come and go with the applications that are
   * traced, and those with an id in them must not pile up.
   */
  sweep(): void {
    this.#engine.exec(`
      BEGIN;
      DELETE FROM resource WHERE id NOT IN (SELECT resource FROM span);
      DELETE FROM scope WHERE id NOT IN (SELECT scope FROM span);
      DELETE FROM string WHERE id NOT IN (
        SELECT name FROM span UNION SELECT name FROM trace UNION SELECT service FROM trace
        UNION SELECT service FROM resource
      );
      COMMIT`)
    this.#strings.forget()
    this.#resources.forget()
    this.#scopes.forget()
    this.#writer.forget()
  }

  /** It reads every span, so not often, and in a large store only when it is worth it. */
  #sweepIfDue(): void {
    if (Date.now() - this.#sweptAt < SWEEP_EVERY_MS) return
    this.#sweptAt = Date.now()
    if (this.#spans < FEW_SPANS || number(this.#engine, 'SELECT count(*) FROM string') > MANY_STRINGS)
      this.sweep()
  }
}

function claim(path: string, inherits: boolean | undefined): () => void {
  try {
    return own(path, inherits)
  } catch (error) {
    throw cannotUse(path, error)
  }
}
