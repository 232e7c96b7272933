import { columns, padTo, truncate, visible } from './terminal.ts'

/** What a waterfall needs to know of a span. Spans of any source will do. */
export interface WaterfallSpan {
  spanId: string
  /** `''` for a root; an id that is not among the spans makes a root too. */
  parentSpanId: string
  name: string
  service?: string | undefined
  /** Milliseconds on any one clock. */
  startTime: number
  endTime: number
  error?: boolean | undefined
  /** What went wrong, or anything else worth a remark. */
  message?: string | undefined
}

export interface WaterfallOptions {
  /** Columns of the terminal, 100 by default. */
  width?: number | undefined
  /** Whether to print ANSI colours, false by default. */
  color?: boolean | undefined
  /** The line above; made from the spans by default. */
  title?: string | undefined
  /** How many spans are drawn at most; the rest is counted. Default 500. */
  rows?: number | undefined
}

interface Row {
  span: WaterfallSpan
  /** Branches of the tree, drawn. */
  branch: string
}

/**
 * Draws the spans of one trace as text: the tree on the left, the durations, and bars on a common time scale.
 * The text ends with a line end. Hostile names cannot get at the terminal; cycles and missing parents do no harm.
 *
 * @example
 * process.stdout.write(renderWaterfall(spans, { width: process.stdout.columns, color: process.stdout.isTTY }))
 */
export function renderWaterfall(spans: readonly WaterfallSpan[], options: WaterfallOptions = {}): string {
  if (spans.length === 0) return ''
  const paint = options.color === true ? colored : uncolored
  const width = Math.max(40, options.width ?? 100)
  const rows = treeRows(spans)
  const drawn = rows.slice(0, options.rows ?? 500)

  const [from, to] = extent(spans)
  const services = [...new Set(spans.map((span) => span.service ?? ''))]
  const serviceWidth = services.length > 1 ? Math.min(16, Math.max(...services.map(textColumns)) + 1) : 0
  const durations = drawn.map(({ span }) => formatDuration(span.endTime - span.startTime))
  const durationWidth = Math.max(...durations.map((text) => text.length))
  // The bars get a third of the line; names take what they need of the rest, and the bars what names leave over.
  const fixed = serviceWidth + durationWidth + 2
  const longest = Math.max(...drawn.map((row) => row.branch.length + textColumns(row.span.name) + 2))
  const nameWidth = Math.max(12, Math.min(longest, width - fixed - Math.floor(width / 3)))
  const barWidth = Math.max(4, width - fixed - nameWidth)

  const lines = drawn.map(({ span, branch }, index) => {
    const failed = span.error === true
    const name = padTo(branch + (failed ? '✗ ' : '') + visible(span.name), nameWidth)
    const color = COLORS[services.indexOf(span.service ?? '') % COLORS.length] as Color
    const service = serviceWidth === 0 ? '' : padTo(visible(span.service ?? ''), serviceWidth)
    const duration = (durations[index] as string).padStart(durationWidth)
    const bar = drawBar(span, from, to, barWidth)
    return (
      paint(service, color) +
      (failed ? paint(name, 'red') : paintBranch(name, branch.length, paint)) +
      ` ${paint(duration, 'dim')} ${paint(bar, failed ? 'red' : color)}${remark(span, bar, barWidth, paint)}`
    ).trimEnd()
  })
  const hidden = rows.length - drawn.length
  if (hidden > 0) lines.push(paint(`… and ${hidden.toLocaleString('en')} more spans`, 'dim'))
  const heading = truncate(visible(options.title ?? title(rows, services, to - from)), width)
  return `${paint(heading, 'bold')}\n${lines.join('\n')}\n`
}

/** A duration for people: three significant digits and a unit. */
export function formatDuration(milliseconds: number): string {
  if (!(milliseconds > 0)) return '0 ms' // also for NaN
  if (milliseconds < 1) return `${digits(milliseconds * 1000)} µs`
  if (milliseconds < 1000) return `${digits(milliseconds)} ms`
  if (milliseconds < 60_000) return `${digits(milliseconds / 1000)} s`
  return `${digits(milliseconds / 60_000)} min`
}

function digits(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return String(Number(value.toPrecision(3)))
}

/**
 * The spans in tree order. Works without recursion, for a chain may be thousands deep, and visits each span once,
 * for hostile input may have cycles and repeated ids.
 */
function treeRows(spans: readonly WaterfallSpan[]): Row[] {
  const ids = new Set(spans.map((span) => span.spanId))
  const children = new Map<string, WaterfallSpan[]>()
  const roots: WaterfallSpan[] = []
  for (const span of [...spans].sort((one, other) => one.startTime - other.startTime)) {
    if (span.parentSpanId === '' || span.parentSpanId === span.spanId || !ids.has(span.parentSpanId)) {
      roots.push(span)
    } else {
      const siblings = children.get(span.parentSpanId)
      if (siblings) siblings.push(span)
      else children.set(span.parentSpanId, [span])
    }
  }
  const rows: Row[] = []
  const visited = new Set<WaterfallSpan>()
  for (const root of roots) walk(root)
  if (visited.size < spans.length) for (const span of spans) if (!visited.has(span)) walk(span) // cycles
  return rows

  function walk(root: WaterfallSpan): void {
    const stack = [{ span: root, branch: '', below: '' }]
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (visited.has(next.span)) continue
      visited.add(next.span)
      rows.push({ span: next.span, branch: next.branch })
      const inner = children.get(next.span.spanId) ?? []
      children.delete(next.span.spanId) // a second span of the same id does not get them again
      for (let index = inner.length - 1; index >= 0; index--) {
        const last = index === inner.length - 1
        stack.push({
          span: inner[index] as WaterfallSpan,
          branch: `${next.below}${last ? '└ ' : '├ '}`,
          below: next.below.length < MAX_INDENT ? `${next.below}${last ? '  ' : '│ '}` : next.below,
        })
      }
    }
  }
}

/** Deeper levels are drawn at this one. */
const MAX_INDENT = 40

function extent(spans: readonly WaterfallSpan[]): [from: number, to: number] {
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const span of spans) {
    if (span.startTime < from) from = span.startTime
    if (span.endTime > to) to = span.endTime
  }
  return Number.isFinite(from) && to > from ? [from, to] : [from, from]
}

function drawBar(span: WaterfallSpan, from: number, to: number, width: number): string {
  const scale = to > from ? width / (to - from) : 0
  const offset = clamp(Math.floor((span.startTime - from) * scale), width - 1)
  const length = Math.max(1, clamp(Math.round((span.endTime - span.startTime) * scale), width - offset))
  return ' '.repeat(offset) + (scale === 0 || length > 1 ? '━' : '╸').repeat(length)
}

function clamp(value: number, limit: number): number {
  return value > 0 ? Math.min(value, limit) : 0 // NaN becomes 0
}

/** What went wrong stands behind the bar if there is room, else on a line of its own. */
function remark(span: WaterfallSpan, bar: string, barWidth: number, paint: Paint): string {
  if (!span.message) return ''
  const text = visible(span.message)
  const room = barWidth - bar.length - 1
  const color = span.error === true ? 'red' : 'dim'
  if (columns(text) <= room) return ` ${paint(text, color)}`
  return `\n    ${paint(truncate(text, 200), color)}`
}

function title(rows: readonly Row[], services: readonly string[], duration: number): string {
  const errors = rows.filter((row) => row.span.error === true).length
  const named = services.filter((service) => service !== '')
  return [
    (rows[0] as Row).span.name,
    named.length === 1 ? named[0] : named.length > 1 ? `${named.length} services` : '',
    rows.length === 1 ? '1 span' : `${rows.length} spans`,
    errors === 0 ? '' : errors === 1 ? '1 error' : `${errors} errors`,
    formatDuration(duration),
  ]
    .filter(Boolean)
    .join(' · ')
}

function textColumns(text: string): number {
  return columns(visible(text))
}

type Color = 'cyan' | 'magenta' | 'blue' | 'yellow' | 'green' | 'red' | 'dim' | 'bold'
type Paint = (text: string, color: Color) => string

/** Colours of services in turn. Red is kept for errors. */
const COLORS: readonly Color[] = ['cyan', 'magenta', 'yellow', 'green', 'blue']

const SGR: Record<Color, number> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
}

function colored(text: string, color: Color): string {
  return text === '' ? '' : `\u001b[${SGR[color]}m${text}\u001b[0m`
}

function uncolored(text: string): string {
  return text
}

function paintBranch(name: string, length: number, paint: Paint): string {
  return paint(name.slice(0, length), 'dim') + name.slice(length)
}
