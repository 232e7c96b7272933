/** The tables, as data: a heading, columns and rows of text. `text.mjs` and `document.mjs` only print them. */
import { apps } from '../apps/index.mjs'
import { againstBounds } from './summary.mjs'

/** @returns {{ title: string, columns: string[], rows: string[][], notes: string[] }[]} */
export function applicationTables(rows) {
  return Object.keys(apps)
    .filter((app) => rows.some((row) => row.app === app))
    .map((app) =>
      applicationTable(
        app,
        rows.filter((row) => row.app === app),
      ),
    )
}

/** @param {{ rows: object[], micro?: object }} results */
export function boundsTable(results) {
  return {
    title: 'Spoor against its bounds',
    columns: ['application', 'what', 'figure', 'at most', ''],
    rows: againstBounds(results).map(({ app, what, figure, bound, unit, verdict }) => [
      app,
      what,
      `${decimals(figure, unit === '×' ? 2 : 1)} ${unit}`.trim(),
      `${decimals(bound, unit === '×' ? 2 : 0)} ${unit}`.trim(),
      verdict,
    ]),
    notes: [],
  }
}

/** @param {{ cases: string[], contestants: Record<string, Record<string, number>> }} micro */
export function microTable(micro) {
  const names = Object.keys(micro.contestants)
  return {
    title: 'Micro costs, ns',
    columns: ['', ...names],
    rows: micro.cases.map((name) => [
      name,
      ...names.map((contestant) => decimals(micro.contestants[contestant][name], 0)),
    ]),
    notes: [],
  }
}

function applicationTable(app, rows) {
  return {
    title: `${app}: ${apps[app].title}`,
    columns: [
      'contestant',
      'CPU µs/request',
      'extra',
      'range of extra',
      '× cheaper peer',
      'start ms',
      'extra',
      'extra CPU',
      'resident MB',
      'extra',
      'spans/request',
      'lost',
      'requests/s',
      'core busy',
    ],
    rows: rows.map((row) => [
      row.title,
      decimals(row.cpuMicros, 1),
      signed(row.tracer, row.extraMicros, 1),
      row.tracer === 'none' ? '' : row.extraRange.map((extra) => decimals(extra, 1)).join(' … '),
      decimals(row.shareOfCheaperPeer, 2),
      decimals(row.startMs, 0),
      signed(row.tracer, row.extraStartMs, 0),
      signed(row.tracer, row.extraStartCpuMs, 0),
      decimals(row.residentMb, 0),
      signed(row.tracer, row.extraResidentMb, 0),
      row.tracer === 'none' ? '' : decimals(row.spansPerRequest, 0),
      row.spansExpected === 0 ? '' : `${row.lost} of ${row.spansExpected}`,
      decimals(row.requestsPerSecond, 0),
      `${decimals(row.busy * 100, 0)} %`,
    ]),
    notes: rows.filter(({ complaint }) => complaint).map(({ title, complaint }) => `${title} ${complaint}.`),
  }
}

function signed(tracer, number, digits) {
  if (tracer === 'none' || number === undefined) return ''
  return `${number < 0 ? '' : '+'}${decimals(number, digits)}`
}

function decimals(number, digits) {
  if (number === undefined) return ''
  const text = number.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return text.replace('-', '−')
}
