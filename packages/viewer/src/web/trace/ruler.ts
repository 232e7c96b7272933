/** Round moments for the ruler and its grid lines. */
import { tickLabel } from '../format.ts'
import type { Range } from './view.ts'

export interface Tick {
  readonly at: number
  /** Where it stands in the range, 0 to 1. */
  readonly place: number
  readonly label: string
}

/** @param most how many ticks fit. @returns ticks at multiples of 1, 2 or 5 times a power of ten. */
export function ticks({ from, to }: Range, most: number): Tick[] {
  const width = to - from
  if (!(width > 0) || most < 1) return []
  const step = roundStep(width / most)
  const result: Tick[] = []
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to * (1 + 1e-12); index++) {
    const at = index * step
    result.push({ at, place: (at - from) / width, label: tickLabel(at, step, to) })
  }
  return result
}

function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * 0.999)!
}
