/** Milliseconds since the Unix epoch, with fractions, never running backwards between two adjustments. */
export interface Clock {
  now(): number
  /** The time at the start of a local root. It may adjust to the system clock first: a trace is timed by one setting. */
  begin(): number
}

/** The latest moment that OTLP can name: its nanoseconds are unsigned and have 64 bits. */
const MAX_TIME = 2 ** 64 / 1e6

/** The moment that a user gave, or the present where none was given, or one that cannot be: NaN, 0, nanoseconds. */
export function momentOf(given: number | undefined, clock: Clock): number {
  return isMoment(given) ? given : clock.now()
}

export function isMoment(given: number | undefined): given is number {
  return typeof given === 'number' && given > 0 && given < MAX_TIME
}

/** How far the two clocks may drift apart before the anchor is moved; `Date.now()` itself has steps of one. */
const TOLERANCE_MS = 2
const ADJUST_EVERY_MS = 1000

/**
 * The monotonic clock, anchored to the system clock. `performance.now()` stands still while a laptop sleeps and does
 * not follow time corrections, so the anchor is checked once a second and moved when it is off.
 */
export class SystemClock implements Clock {
  #anchor = Date.now() - performance.now()
  #checked = performance.now()

  now(): number {
    return this.#anchor + performance.now()
  }

  begin(): number {
    // Read once: a reading costs more than everything else that happens here.
    const monotonic = performance.now()
    if (monotonic - this.#checked >= ADJUST_EVERY_MS) this.#adjust(monotonic)
    return this.#anchor + monotonic
  }

  #adjust(monotonic: number): void {
    this.#checked = monotonic
    const drift = Date.now() - (this.#anchor + monotonic)
    if (Math.abs(drift) > TOLERANCE_MS) this.#anchor += drift
  }
}
