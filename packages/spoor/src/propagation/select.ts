import { SpoorError } from '../api/errors.ts'
import type { Propagator } from '../api/propagator.ts'
import { distance } from '../nearest.ts'
import { b3, b3Multi } from './b3.ts'
import { baggage } from './baggage.ts'
import { datadog } from './datadog.ts'
import { jaeger } from './jaeger.ts'
import { ottrace } from './ot.ts'
import { traceContext } from './w3c.ts'
import { xray } from './xray.ts'

/** What `OTEL_PROPAGATORS` means when it is not set (OpenTelemetry, "General SDK Configuration"). */
export const DEFAULT_PROPAGATORS = 'tracecontext,baggage'

const NONE = 'none'

const known: ReadonlyMap<string, Propagator> = new Map(
  [traceContext, baggage, b3, b3Multi, jaeger, datadog, xray, ottrace].map((each) => [each.name, each]),
)

/**
 * The propagators that a value of `OTEL_PROPAGATORS` names: `tracecontext`, `baggage`, `b3`, `b3multi`, `jaeger`,
 * `datadog`, `xray`, `ottrace`, separated by commas; or `none`.
 *
 * @returns each of them once, in the order given; hand them to `composite`
 * @throws {SpoorError} `SPOOR_UNKNOWN_PROPAGATOR` for another name, and for `none` beside other names
 */
export function propagatorsFromNames(names: string | readonly string[]): Propagator[] {
  const list = (typeof names === 'string' ? names.split(',') : names)
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
  if (list.includes(NONE)) {
    if (list.every((name) => name === NONE)) return []
    throw new SpoorError(
      'SPOOR_UNKNOWN_PROPAGATOR',
      `The propagators ${JSON.stringify(list.join(','))} say "none" and name others. Leave out the one or the others.`,
    )
  }
  return [...new Set(list)].map(find)
}

function find(name: string): Propagator {
  const propagator = known.get(name)
  if (propagator !== undefined) return propagator
  const all = [...known.keys(), NONE]
  const nearest = all.reduce((best, each) => (distance(name, each) < distance(name, best) ? each : best))
  throw new SpoorError(
    'SPOOR_UNKNOWN_PROPAGATOR',
    `There is no propagator ${JSON.stringify(name.slice(0, 64))}. Did you mean "${nearest}"? ` +
      `Known are ${all.join(', ')}; set OTEL_PROPAGATORS or the option to a list of these.`,
  )
}
