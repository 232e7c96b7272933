/** From raw measurements to figures: medians over rounds, differences to no tracing, and Spoor against its bounds. */
import { apps } from '../apps/index.mjs'
import { names } from '../micro/cases.mjs'
import { tracers } from '../tracers/index.mjs'
import { median, middleHalf, sum } from './statistics.mjs'

/** What Spoor promises. `cpuMicros` and `share` bound the extra CPU per request, the latter of the cheaper peer's. */
export const bounds = {
  cpuMicros: { A: 4, B: 15, C: 6, D: 35 },
  share: 0.25,
  startMs: 40,
  residentMb: 40,
  unsampledShare: 1 / 3,
  spanNs: 600,
  disabledNs: 50,
}

/** The two that Spoor is held against, each at its cheapest way to trace the same work. */
const peers = ['otel', 'dd']

/**
 * @param {object[]} measurements what `measure()` returned, plus `round`
 * @param {{ round: number, app: string, tracer: string, startMs: number, startCpuMs: number }[]} starts
 * @returns {object[]} one row per application and contestant, in the order of their first measurement
 */
export function summarise(measurements, starts) {
  const pairs = [...new Set(measurements.map(({ app, tracer }) => `${app} ${tracer}`))]
  const rows = pairs.map((pair) => {
    const [app, tracer] = pair.split(' ')
    return { app, tracer, ...row(app, tracer, measurements, starts) }
  })
  for (const one of rows) one.shareOfCheaperPeer = shareOfCheaperPeer(one, rows)
  return rows
}

/**
 * `unclear`: the rounds do not agree on which side of the bound the figure is, or say that tracing costs less than
 * nothing. The machine was not quiet enough, or the bound is nearly met.
 *
 * @param {{ rows: object[], micro?: { contestants: Record<string, Record<string, number>> } }} results
 * @returns {{ app: string, what: string, figure: number, bound: number, unit: string,
 *   verdict: 'kept' | 'MISSED' | 'unclear' }[]}
 */
export function againstBounds({ rows, micro }) {
  const verdicts = []
  const check = (app, what, bound, unit, figure, range = [figure, figure]) => {
    if (figure === undefined) return
    verdicts.push({ app, what, figure, bound, unit, verdict: verdict(bound, range) })
  }
  for (const spoor of rows.filter(({ tracer }) => tracer === 'spoor')) {
    const { app, extraMicros, extraRange, shareOfCheaperPeer: share } = spoor
    const scaled = (by) => extraRange.map((extra) => extra / by)
    check(
      app,
      'extra CPU per request, of the cheaper peer',
      bounds.share,
      '×',
      share,
      scaled(extraMicros / share),
    )
    check(app, 'extra CPU per request', bounds.cpuMicros[app], 'µs', extraMicros, extraRange)
    const unsampled = rows.find((row) => row.app === app && row.tracer === 'spoor-off')
    if (unsampled !== undefined) {
      const { extraMicros: extra, extraRange: range } = unsampled
      const of = (micros) => micros / extraMicros
      check(app, 'unsampled, of sampled', bounds.unsampledShare, '×', of(extra), range.map(of))
    }
    check(app, 'start-up', bounds.startMs, 'ms', spoor.extraStartMs, spoor.extraStartRange)
    check(app, 'resident memory under load', bounds.residentMb, 'MB', spoor.extraResidentMb)
    check(app, 'spans lost', 0, '', spoor.lost)
  }
  const small = micro?.contestants.Spoor ?? {}
  check('', names.span, bounds.spanNs, 'ns', small[names.span])
  check('', names.disabled, bounds.disabledNs, 'ns', small[names.disabled])
  return verdicts
}

function verdict(bound, [least, most]) {
  if (least < 0) return 'unclear'
  if (most <= bound) return 'kept'
  return least > bound ? 'MISSED' : 'unclear'
}

function row(app, tracer, measurements, starts) {
  const of = (name) => measurements.filter((one) => one.app === app && one.tracer === name)
  const mine = of(tracer)
  const none = of('none')
  const middle = (pick) => median(mine.map(pick))
  // Always against the same round: what slows the whole machine down slows both.
  const extras = differences(mine, none, 'cpuMicros')
  const started = (name) => starts.filter((one) => one.app === app && one.tracer === name)
  const later = (figure) => differences(started(tracer), started('none'), figure)
  const spansPerRequest = middle(({ spansPerRequest }) => spansPerRequest)
  return {
    title: tracers[tracer].title,
    cpuMicros: middle(({ cpuMicros }) => cpuMicros),
    extraMicros: median(extras),
    extraRange: [Math.min(...extras), Math.max(...extras)],
    startMs: medianOrNone(started(tracer).map(({ startMs }) => startMs)),
    extraStartMs: medianOrNone(later('startMs')),
    extraStartRange: middleHalf(later('startMs')),
    extraStartCpuMs: medianOrNone(later('startCpuMs')),
    residentMb: middle(({ residentMb }) => residentMb),
    extraResidentMb: median(differences(mine, none, 'residentMb')),
    peakMb: middle(({ peakMb }) => peakMb),
    spansPerRequest,
    spansExpected: sum(mine.map(({ spansExpected }) => spansExpected)),
    lost: sum(mine.map(({ spansExpected, spansReceived }) => Math.max(0, spansExpected - spansReceived))),
    complaint: complaint(app, tracer, mine, spansPerRequest),
    requestsPerSecond: middle(({ requestsPerSecond }) => requestsPerSecond),
    busy: middle(({ busy }) => busy),
  }
}

function differences(mine, none, figure) {
  return mine.map((one) => one[figure] - none.find(({ round }) => round === one.round)[figure])
}

function medianOrNone(values) {
  return values.length > 0 ? median(values) : undefined
}

/** Why the figure of a contestant must not be compared, if so. */
function complaint(app, tracer, mine, spansPerRequest) {
  if (!tracers[tracer].sampled) {
    return spansPerRequest === 0 ? undefined : `sends ${spansPerRequest} spans per request though it is off`
  }
  if (spansPerRequest < apps[app].work) {
    return `sends ${spansPerRequest} spans per request where the work has ${apps[app].work}`
  }
  if (mine.some(({ serversPerRequest }) => serversPerRequest !== 1)) {
    return 'does not send exactly one server span per request'
  }
  return undefined
}

function shareOfCheaperPeer({ app, tracer, extraMicros }, rows) {
  if (tracer === 'none') return undefined
  const costs = peers.map((peer) => rows.find((row) => row.app === app && row.tracer === peer)?.extraMicros)
  // One peer alone would not say which is the cheaper.
  return costs.includes(undefined) ? undefined : extraMicros / Math.min(...costs)
}
