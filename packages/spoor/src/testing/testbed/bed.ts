import type { Tracer } from '../../api/tracer.ts'
import { type TestedSpan, waitUntilFinished } from '../assertions.ts'

/** What a scenario needs to run once. */
export interface Bed {
  readonly tracer: Tracer
  /** The finished spans, in the order in which they finished. */
  finished(): readonly TestedSpan[]
}

export interface TestbedOptions {
  /** Heads the cases. */
  readonly title?: string
  /** Makes the tracer of one scenario, and says what it has finished. */
  make(): Bed
  /**
   * Whether the active span follows asynchronous flows. If not, scenarios hand it over with `bind`, and those that are
   * about following it are left out. Default true.
   */
  readonly asynchronous?: boolean
  /** How long a scenario waits for its spans, in milliseconds. Default 5000. */
  readonly timeout?: number
}

/** A bed that can be waited for. */
export interface PreparedBed extends Bed {
  /** Resolves when so many spans are finished; rejects when the time is up. */
  wait(count: number): Promise<readonly TestedSpan[]>
}

export function prepareBed({ make, timeout = 5000 }: TestbedOptions): PreparedBed {
  const bed = make()
  const finished = (): readonly TestedSpan[] => bed.finished()
  return { tracer: bed.tracer, finished, wait: (count) => waitUntilFinished(finished, count, timeout) }
}

/** Ties a continuation to the active span where the scope manager does not do that by itself. */
export type Carry = <Callback extends () => unknown>(callback: Callback) => Callback

export function carrier(tracer: Tracer, { asynchronous = true }: TestbedOptions): Carry {
  return (callback) => (asynchronous ? callback : tracer.scopeManager.bind(callback))
}

export function pause(milliseconds = 1): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** Runs a callback some other time, in whatever flow a timer runs in. */
export function later<Result>(callback: () => Result | Promise<Result>, milliseconds = 1): Promise<Result> {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(callback())
      } catch (error) {
        reject(error)
      }
    }, milliseconds)
  })
}
