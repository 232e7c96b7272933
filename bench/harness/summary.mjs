/** From raw measurements to figures: medians over rounds, differences to no tracing, and Spoor against its bounds. */
import { apps } from '../apps/index.mjs'
import { tracers } from '../tracers/index.mjs'
import { median, sum } from './statistics.mjs'

/** What Spoor promises. `cpuMicros` and `share` bound the extra CPU per request, the latter of the cheaper peer's. */
export const bounds = {
  cpuMicros: { A: 4, B: 15, C: 6, D: 35 },
  share: 0.25,
  startMs: 40,
  residentMb: 40,
  unsampledShare: 1 / 3,
}

/** The two that Spoor is held against, each at its cheapest way to trace the same work. */
const peers = ['otel', 'dd']

/**
 * @param {object[]} measurements what `measure()` returned, plus `round`
 * @param {{ app: string, tracer: string, startMs: number }[]} starts
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

/** @returns {{ app: string, what: string, figure: number, bound: number, unit: string, kept: boolean }[]} */
export function againstBounds(rows) {
  const verdicts = []
  const check = (app, what, figure, bound, unit) => {
    if (figure !== undefined) verdicts.push({ app, what, figure, bound, unit, kept: figure <= bound })
  }
  for (const spoor of rows.filter(({ tracer }) => tracer === 'spoor')) {
    const { app } = spoor
    const unsampled = rows.find((row) => row.app === app && row.tracer === 'spoor-off')
    check(app, 'extra CPU per request, of the cheaper peer', spoor.shareOfCheaperPeer, bounds.share, '×')
    check(app, 'extra CPU per request', spoor.extraMicros, bounds.cpuMicros[app], 'µs')
    check(
      app,
      'unsampled, of sampled',
      unsampled && unsampled.extraMicros / spoor.extraMicros,
      bounds.unsampledShare,
      '×',
    )
    check(app, 'start-up', spoor.extraStartMs, bounds.startMs, 'ms')
    check(app, 'resident memory under load', spoor.extraResidentMb, bounds.residentMb, 'MB')
    check(app, 'spans lost', spoor.lost, 0, '')
  }
  return verdicts
}

function row(app, tracer, measurements, starts) {
  const of = (name) => measurements.filter((one) => one.app === app && one.tracer === name)
  const mine = of(tracer)
  const none = of('none')
  const middle = (pick, from = mine) => median(from.map(pick))
  // Against the measurement of the same round: what slows the whole machine down slows both.
  const extras = mine.map(({ round, cpuMicros }) => {
    const base = none.find((one) => one.round === round)
    return cpuMicros - base.cpuMicros
  })
  const startOf = (name) => {
    const times = starts.filter((one) => one.app === app && one.tracer === name).map(({ startMs }) => startMs)
    return times.length > 0 ? median(times) : undefined
  }
  const startMs = startOf(tracer)
  const spansPerRequest = middle(({ spansPerRequest }) => spansPerRequest)
  return {
    title: tracers[tracer].title,
    cpuMicros: middle(({ cpuMicros }) => cpuMicros),
    extraMicros: median(extras),
    extraRange: [Math.min(...extras), Math.max(...extras)],
    startMs,
    extraStartMs: startMs === undefined ? undefined : startMs - startOf('none'),
    residentMb: middle(({ residentMb }) => residentMb),
    extraResidentMb: middle(({ residentMb }) => residentMb) - middle(({ residentMb }) => residentMb, none),
    peakMb: middle(({ peakMb }) => peakMb),
    spansPerRequest,
    spansExpected: sum(mine.map(({ spansExpected }) => spansExpected)),
    lost: sum(mine.map(({ spansExpected, spansReceived }) => Math.max(0, spansExpected - spansReceived))),
    complaint: complaint(app, tracer, mine, spansPerRequest),
    requestsPerSecond: middle(({ requestsPerSecond }) => requestsPerSecond),
    busy: middle(({ busy }) => busy),
  }
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
