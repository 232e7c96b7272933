/**
 * Blocks hold what the columns of a span do not: its attributes, events and links, encoded as they came. Some
 * hundred spans together compress ten times better than one by one. A block is open until it is large enough; what
 * it holds is in `part` by then, so that nothing waits in memory when the process dies.
 */
import * as zlib from 'node:zlib'
import { Reader, Writer } from '../collector/wire.ts'
import { ViewerError } from '../errors.ts'
import type { Engine, Statement } from './engine.ts'

/** Spans after which a block is closed. Larger blocks compress little better, and are slower to look into. */
const FULL_SPANS = 512
/** A block with few but huge spans is closed too. Bytes. */
const FULL_BYTES = 1024 * 1024
/** At the end of a transaction a block this full is closed rather than written twice. */
const ENOUGH_SPANS = 256

const CODEC_DEFLATE = 1
const CODEC_ZSTD = 2
/** Inflated blocks kept, for those who look at one span of a trace after the other. */
const CACHED = 8

export class Blocks {
  readonly #append: Statement
  readonly #seal: Statement
  readonly #addPart: Statement
  readonly #dropParts: Statement
  readonly #find: Statement
  readonly #parts: Statement
  readonly #release: Statement
  readonly #remove: Statement
  readonly #newest: Statement
  readonly #cache = new Map<number, Buffer>()
  readonly #open = new Writer(FULL_BYTES / 4)
  #openId = 0
  /** Spans in the open block; since the last commit: spans added, spans released, where the new bytes begin. */
  #spans = 0
  #fresh = 0
  #released = 0
  #freshAt = 0

  constructor(engine: Engine) {
    this.#append = engine.prepare(
      'INSERT INTO block (id, live) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET live = live + ?2',
    )
    this.#seal = engine.prepare(
      'INSERT INTO block (id, live, codec, data) VALUES (?1, ?2, ?3, ?4) ' +
        'ON CONFLICT (id) DO UPDATE SET live = live + ?2, codec = ?3, data = ?4',
    )
    this.#addPart = engine.prepare('INSERT INTO part (data) VALUES (?)')
    this.#dropParts = engine.prepare('DELETE FROM part')
    this.#find = engine.prepare('SELECT codec, data FROM block WHERE id = ?')
    this.#parts = engine.prepare('SELECT data FROM part ORDER BY id')
    this.#release = engine.prepare('UPDATE block SET live = live - ? WHERE id = ?')
    this.#remove = engine.prepare('DELETE FROM block WHERE id = ? AND live <= 0 AND codec IS NOT NULL')
    this.#newest = engine.prepare('SELECT id, codec FROM block ORDER BY id DESC LIMIT 1')
    this.reload()
  }

  /** The open block, which the next span goes to, and its place there. */
  get id(): number {
    return this.#openId
  }

  get position(): number {
    return this.#spans
  }

  /** Adds a span: the ranges of `body` that `rest` lists pair by pair. */
  append(body: Buffer, rest: readonly number[]): void {
    let length = 0
    for (let i = 0; i < rest.length; i += 2) length += rest[i + 1]! - rest[i]!
    this.#open.varint(length)
    for (let i = 0; i < rest.length; i += 2) this.#open.raw(body, rest[i]!, rest[i + 1]!)
    this.#spans++
    this.#fresh++
    if (this.#spans >= FULL_SPANS || this.#open.length >= FULL_BYTES) this.#close()
  }

  /** Puts down what the transaction has added. Belongs right before its commit. */
  flush(): void {
    if (this.#fresh === 0 && this.#released === 0) return
    if (this.#spans >= ENOUGH_SPANS) {
      this.#close()
      return
    }
    this.#append.run(this.#openId, this.#fresh - this.#released)
    if (this.#fresh > 0) this.#addPart.run(this.#open.written().subarray(this.#freshAt))
    this.#fresh = this.#released = 0
    this.#freshAt = this.#open.length
  }

  /** Reads from the database again where the open block stands: at the start, and after a rollback. */
  reload(): void {
    this.#open.clear()
    this.#cache.clear()
    this.#spans = this.#fresh = this.#released = 0
    const newest = this.#newest.get()
    if (newest && newest['codec'] === null) {
      this.#openId = Number(newest['id'])
      for (const { data } of this.#parts.all()) this.#open.raw(data as Uint8Array)
      this.#spans = count(this.#open.written())
    } else this.#openId = Number(newest?.['id'] ?? 0) + 1
    this.#freshAt = this.#open.length
  }

  /** Says that so many spans no longer point to a block. */
  release(id: number, spans: number): void {
    if (id === this.#openId) {
      this.#released += spans
      return
    }
    this.#release.run(spans, id)
    if (this.#remove.run(id) > 0) this.#cache.delete(id)
  }

  /** @returns the encoded fields of one span */
  read(id: number, position: number): Buffer {
    return nth(id === this.#openId ? this.#open.written() : this.#load(id), position)
  }

  #close(): void {
    const [codec, data] = compress(this.#open.written())
    this.#seal.run(this.#openId, this.#fresh - this.#released, codec, data)
    this.#dropParts.run()
    // Retention may have emptied it while it was open.
    this.#remove.run(this.#openId)
    this.#openId++
    this.#open.clear()
    this.#spans = this.#fresh = this.#released = this.#freshAt = 0
  }

  #load(id: number): Buffer {
    const cached = this.#cache.get(id)
    if (cached) return cached
    const row = this.#find.get(id)
    const block = row ? decompress(Number(row['codec']), row['data'] as Uint8Array) : Buffer.alloc(0)
    this.#cache.set(id, block)
    if (this.#cache.size > CACHED) this.#cache.delete(this.#cache.keys().next().value!)
    return block
  }
}

// zstd came to node:zlib with Node 22.15 and 23.8: faster and smaller than deflate, so used where there is.
function compress(bytes: Buffer): [codec: number, data: Buffer] {
  if (typeof zlib.zstdCompressSync === 'function') return [CODEC_ZSTD, zlib.zstdCompressSync(bytes)]
  return [CODEC_DEFLATE, zlib.deflateRawSync(bytes, { level: 3 })]
}

function decompress(codec: number, data: Uint8Array): Buffer {
  if (codec === CODEC_DEFLATE) return zlib.inflateRawSync(data)
  if (codec === CODEC_ZSTD && typeof zlib.zstdDecompressSync === 'function')
    return zlib.zstdDecompressSync(data)
  throw new ViewerError(
    'SPOOR_STORE_CODEC',
    'the details of this span were stored by a newer Node and this one cannot decompress them: run the viewer with Node 22.15 or later',
  )
}

function nth(block: Buffer, position: number): Buffer {
  const reader = new Reader(block)
  for (let i = 0; reader.at < block.length; i++) {
    const stop = reader.stop(block.length)
    if (i === position) return block.subarray(reader.at, stop)
    reader.at = stop
  }
  return Buffer.alloc(0)
}

function count(block: Buffer): number {
  const reader = new Reader(block)
  let spans = 0
  for (; reader.at < block.length; spans++) reader.at = reader.stop(block.length)
  return spans
}
