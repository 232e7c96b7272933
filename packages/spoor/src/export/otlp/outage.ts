import { forget, report, warn } from '../../log.ts'
import type { Diagnosis } from './diagnosis.ts'

/** An outage is told again only after this time, so that a flapping collector does not fill the log. */
const TELL_AGAIN_AFTER = 5 * 60_000

/** The time during which a collector does not take spans, and what has been said of it. */
export class Outage {
  /** Spans given up in its course. */
  lost = 0
  /** No connection, or no answer, at the last attempt. */
  isUnreachable = false
  readonly #url: string
  /** When each cause was told. */
  readonly #toldAt = new Map<string, number>()
  /** Something has been told that needs its end told too. */
  #open = false

  constructor(url: string) {
    this.#url = url
  }

  /** @param consequence what becomes of the spans */
  tell({ cause, what, remedy }: Diagnosis, consequence: string): void {
    const key = `otlp ${this.#url} ${cause}`
    const toldAt = this.#toldAt.get(key) ?? Number.POSITIVE_INFINITY
    if (!this.#open && Date.now() - toldAt > TELL_AGAIN_AFTER) forget(key)
    if (!report(key, `${what}; ${consequence}. ${remedy}`)) return
    this.#toldAt.set(key, Date.now())
    this.#open = true
  }

  /** The collector takes spans. */
  end(): void {
    const { lost } = this
    this.lost = 0
    if (!this.#open) return
    this.#open = false
    const loss = lost === 0 ? 'nothing was lost' : `${lost} spans were lost meanwhile`
    warn(`the collector at ${this.#url} takes spans again; ${loss}`)
  }
}
