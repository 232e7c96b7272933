/** How times, sizes and counts are written: short, three significant digits, never a bare exponent. */

const UNITS: readonly [nanoseconds: number, name: string][] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
]

/** @param nanoseconds a duration, may be negative. @returns `850 ns`, `12.3 µs`, `4.56 ms`, `1.23 s`, `2 m 05 s`, `3 h 07 m` */
export function duration(nanoseconds: number): string {
  if (nanoseconds < 0) return `−${duration(-nanoseconds)}`
  if (nanoseconds === 0) return '0 ms'
  const seconds = Math.round(nanoseconds / 1e9)
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} m`
  if (seconds >= 60) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`
  const [size, name] = unitOf(nanoseconds)
  return `${significant(nanoseconds / size)} ${name}`
}

/** A moment told by its distance from another: `+12.3 ms`, or `−5 ns` where clocks disagree. */
export function offset(nanoseconds: number): string {
  return nanoseconds < 0 ? duration(nanoseconds) : `+${duration(nanoseconds)}`
}

/** A ruler's label: like {@link duration}, but every tick of one ruler in the same unit, without rounding noise. */
export function tickLabel(nanoseconds: number, step: number, largest: number): string {
  const [size, name] = unitOf(largest)
  const digits = Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9))
  return `${(nanoseconds / size).toFixed(Math.min(digits, 9))} ${name}`
}

/** @returns `just now`, `42 s ago`, `5 min ago`, `3 h ago`, then the day. */
export function ago(nanoseconds: string, now: number): string {
  const milliseconds = toMilliseconds(nanoseconds)
  const seconds = Math.round((now - milliseconds) / 1000)
  if (seconds < -5) return clock(nanoseconds)
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return new Date(milliseconds).toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
}

/** @returns the local time of day to the millisecond, `14:03:07.214`. */
export function clock(nanoseconds: string): string {
  const date = new Date(toMilliseconds(nanoseconds))
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':')
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** @returns the whole moment in local time, for titles: `2026-11-20 14:03:07.214123456 (+01:00)`. */
export function moment(nanoseconds: string): string {
  const date = new Date(toMilliseconds(nanoseconds))
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-')
  const fraction = nanoseconds.padStart(9, '0').slice(-9)
  const east = -date.getTimezoneOffset()
  const zone = `${east < 0 ? '−' : '+'}${pad(Math.floor(Math.abs(east) / 60))}:${pad(Math.abs(east) % 60)}`
  return `${day} ${clock(nanoseconds).slice(0, 8)}.${fraction} (${zone})`
}

export function count(value: number): string {
  return value.toLocaleString('en')
}

export function plural(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`
  if (value < 1e6) return `${significant(value / 1e3)} kB`
  if (value < 1e9) return `${significant(value / 1e6)} MB`
  return `${significant(value / 1e9)} GB`
}

function unitOf(nanoseconds: number): readonly [number, string] {
  // 999.6 µs would print as "1000 µs": a value that rounds up to the next unit is written in that unit.
  return UNITS.find(([size]) => nanoseconds >= size * 0.9995) ?? [1, 'ns']
}

function significant(value: number): string {
  return value >= 99.95 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

function toMilliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds || '0') / 1_000_000n)
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
