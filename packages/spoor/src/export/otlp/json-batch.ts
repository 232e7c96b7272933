import type { FinishedSpan } from '../../tracer/finished-span.ts'
import type { BatchEncoder } from '../batch.ts'
import type { EncodedBatch } from '../batch-types.ts'
import { type PlainAttributes, snapshot } from '../span-data.ts'
import { encodeJsonSpan, JSON_TAIL, jsonHead } from './json.ts'

/** Collects spans as OTLP JSON, for collectors that read no protobuf and for people who read the wire. */
export class JsonBatchEncoder implements BatchEncoder {
  readonly #head: () => string
  readonly #utf8 = new TextEncoder()
  #pending: string[] = []
  bytes = 0

  /** @param resource asked for when the first batch is taken: detecting the resource costs start-up time otherwise */
  constructor(resource: () => PlainAttributes) {
    let head: string | undefined
    this.#head = () => (head ??= jsonHead(resource()))
  }

  get spans(): number {
    return this.#pending.length
  }

  add(span: FinishedSpan): void {
    const text = encodeJsonSpan(snapshot(span))
    this.#pending.push(text)
    this.bytes += text.length + 1
  }

  take(): EncodedBatch {
    const spans = this.#pending
    this.#pending = []
    this.bytes = 0
    return this.#batch(spans)
  }

  #batch(spans: readonly string[]): EncodedBatch {
    const body = this.#utf8.encode(this.#head() + spans.join(',') + JSON_TAIL)
    return {
      chunks: [body],
      bytes: body.length,
      spans: spans.length,
      split: () => {
        const middle = spans.length >> 1
        return middle === 0 ? null : [this.#batch(spans.slice(0, middle)), this.#batch(spans.slice(middle))]
      },
    }
  }
}
