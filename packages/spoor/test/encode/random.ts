import { TraceContext } from 'spoor/api'
import { finishedSpan } from '../../dist/esm/testing/finished-span.js'
import type { FinishedSpan, FlatAttributes } from '../../dist/esm/tracer/finished-span.js'

/** Spans that nobody would think of; the same ones in every run. */
export class RandomSpans {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  next(): FinishedSpan {
    const startTime = this.#time()
    return finishedSpan({
      traceId: this.#hex(32),
      spanId: this.#hex(16),
      parentSpanId: this.#chance(0.5) ? this.#hex(16) : '',
      parentIsRemote: this.#chance(0.3),
      traceFlags: this.#below(4) | (this.#chance(0.2) ? 0x300 : 0),
      traceState: this.#chance(0.2) ? `vendor=${this.#hex(this.#below(200))}` : '',
      name: this.#text() || 'unnamed',
      kind: 1 + this.#below(5),
      startTime,
      endTime: startTime + this.#unit() * 1e5,
      attributes: this.#attributes(),
      droppedAttributes: this.#count(),
      events: this.#chance(0.5)
        ? null
        : this.#list(3, () => ({
            name: this.#text() || 'unnamed',
            time: this.#time(),
            attributes: this.#attributes(),
            droppedAttributes: this.#count(),
          })),
      droppedEvents: this.#count(),
      links: this.#chance(0.5)
        ? null
        : this.#list(3, () => ({
            context: new TraceContext(
              this.#hex(32),
              this.#hex(16),
              this.#below(4),
              this.#chance(0.5) ? 'a=b' : '',
              undefined,
              this.#chance(0.5),
            ),
            attributes: this.#attributes(),
          })),
      droppedLinks: this.#count(),
      statusCode: this.#below(3),
      statusMessage: this.#chance(0.5) ? this.#text() : '',
    })
  }

  #attributes(): FlatAttributes {
    const keys = new Set(this.#list(6, () => `k${this.#text().slice(0, 300)}`))
    return [...keys].flatMap((key) => [key, this.#value()])
  }

  #value(): unknown {
    const kinds = [
      () => this.#text(),
      () => this.#chance(0.5),
      () => this.#number(),
      () => this.#bigint(),
      () => this.#list(5, () => this.#text()),
      () => this.#list(5, () => this.#number()),
      () => [true, 1, 'mixed', 1.5, -1n],
    ]
    return (kinds[this.#below(kinds.length)] as () => unknown)()
  }

  #number(): number {
    const all = [0, -0, 1, -1, 127, 128, 16_383, 16_384, -(2 ** 31), 2 ** 31, 2 ** 32, 2 ** 52 + 1]
    const more = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, -(2 ** 63), 1e300, 5e-324, 0.1]
    const odd = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      this.#unit(),
      -this.#unit() * 1e9,
    ]
    const numbers = [...all, ...more, ...odd, Math.floor(this.#unit() * 2 ** this.#below(53))]
    return numbers[this.#below(numbers.length)] as number
  }

  #bigint(): bigint {
    const values = [
      0n,
      -1n,
      2n ** 63n - 1n,
      -(2n ** 63n),
      2n ** 63n,
      -(2n ** 63n) - 1n,
      10n ** 60n,
      2n ** 53n + 1n,
    ]
    return values[this.#below(values.length)] as bigint
  }

  /** Lengths around the steps of a varint, in scripts of one to four bytes, with halves of pairs. */
  #text(): string {
    const lengths = [0, 1, 5, 40, 63, 126, 127, 128, 129, 300, this.#chance(0.05) ? 16_384 : 10]
    const alphabets = ['abc xyz', 'äöü', '日本', '😀', 'a\ud800', '\udc00é', '\0\n\u2028', 'aé日😀\udfff']
    const alphabet = alphabets[this.#below(alphabets.length)] as string
    const length = lengths[this.#below(lengths.length)] as number
    return alphabet.repeat(Math.ceil(length / alphabet.length)).slice(0, length)
  }

  #time(): number {
    return 1_500_000_000_000 + Math.floor(this.#unit() * 4e14) / 1000
  }

  #count(): number {
    return this.#chance(0.7) ? 0 : ([1, 127, 128, 70_000, 2 ** 32 - 1][this.#below(5)] as number)
  }

  #list<Item>(most: number, make: () => Item): Item[] {
    return Array.from({ length: this.#below(most + 1) }, make)
  }

  #hex(digits: number): string {
    return Array.from({ length: digits }, () => this.#below(16).toString(16)).join('')
  }

  #chance(share: number): boolean {
    return this.#unit() < share
  }

  #below(count: number): number {
    return Math.floor(this.#unit() * count)
  }

  /** A linear congruential generator: repeatable, and random enough to make noise. */
  #unit(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return this.#state / 2 ** 32
  }
}
