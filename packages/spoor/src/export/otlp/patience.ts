/** Milliseconds that are left to a process which is about to end. */
const HURRY_TIME = 3000
/** A failure in a hurry speaks for the batches behind it too, for so long. */
const HOPELESS_TIME = 1000
const STUCK_AFTER = 250

/** How long to wait for a collector: patiently as a rule, hardly at all once the process is about to end. */
export class Patience {
  readonly #maxRetryTime: number
  readonly #sleepers = new Set<() => void>()
  #hurriedUntil = 0
  /** An attempt has failed since the hurry began. */
  #failed = false
  /** When the request in flight was sent; 0 when there is none. */
  #attemptBegan = 0

  /** @param maxRetryTime milliseconds that a batch may take as a rule */
  constructor(maxRetryTime: number) {
    this.#maxRetryTime = maxRetryTime
  }

  /** From now on there is little time. Whoever sleeps is woken for one more attempt. */
  hurry(): void {
    this.#hurriedUntil = Date.now() + HURRY_TIME
    this.#failed = false
    this.wake()
  }

  get isHurried(): boolean {
    return Date.now() < this.#hurriedUntil
  }

  /** In a hurry, after a failure: not worth another attempt. */
  get isHopeless(): boolean {
    return this.isHurried && this.#failed
  }

  /** In a hurry, with a request that has long been waiting for its answer. */
  get isStuck(): boolean {
    return this.isHurried && this.#attemptBegan > 0 && Date.now() - this.#attemptBegan > STUCK_AFTER
  }

  attemptBegins(): void {
    this.#attemptBegan = Date.now()
  }

  attemptEnds(answered: boolean): void {
    // A timeout that was cut to the end of the hurry ends at that very moment.
    if (!answered && this.#attemptBegan < this.#hurriedUntil) {
      this.#failed = true
      this.#hurriedUntil = Math.max(this.#hurriedUntil, Date.now() + HOPELESS_TIME)
    }
    if (answered) this.#failed = false
    this.#attemptBegan = 0
  }

  /** How much of a request's timeout is left to it. */
  timeout(timeout: number): number {
    return this.isHurried ? Math.min(timeout, Math.max(1, this.#hurriedUntil - Date.now())) : timeout
  }

  /** When a batch is given up whose first attempt began at `began`. */
  deadline(began: number): number {
    const patient = began + this.#maxRetryTime
    if (this.isHopeless) return 0
    return this.isHurried ? Math.min(patient, this.#hurriedUntil) : patient
  }

  /** Waits, without keeping the process alive. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, milliseconds)
      timer.unref()
      this.#sleepers.add(wake)
    })
  }

  wake(): void {
    for (const wake of this.#sleepers) wake()
  }
}
