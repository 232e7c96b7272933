import type { TraceContext } from './span-context.ts'

/** How a propagator reads and writes a carrier, so that it needs to know no carrier type. */
export interface CarrierAccess {
  /** The value of a lower-case key, whatever case the carrier uses; repeated values joined by `,`. */
  get(carrier: unknown, key: string): string | undefined
  /** All keys, lower-cased. */
  keys(carrier: unknown): Iterable<string>
  set(carrier: unknown, key: string, value: string): void
}

/** One wire format. Both operations are total: they throw on no input. */
export interface Propagator {
  /** Its name in `OTEL_PROPAGATORS`. */
  readonly name: string
  /** The lower-case keys it reads, prefixes ending in `*`. A carrier with none of them need not be offered. */
  readonly fields: readonly string[]
  inject(context: TraceContext, carrier: unknown, access: CarrierAccess): void
  /**
   * Adds what the carrier says to a context: identifiers, flags and state only while `context.traceId` is still
   * empty, baggage always.
   *
   * @returns whether it found anything
   */
  extract(context: TraceContext, carrier: unknown, access: CarrierAccess): boolean
}
