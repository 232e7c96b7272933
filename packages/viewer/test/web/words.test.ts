import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { loadSource } from './source.ts'

let format: {
  duration(nanoseconds: number): string
  ago(nanoseconds: string, now: number): string
  moment(nanoseconds: string): string
  bytes(value: number): string
}
let ruler: {
  ticks(range: { from: number; to: number }, most: number): { at: number; place: number; label: string }[]
}

describe('the words and figures of the page', () => {
  before(async () => {
    format = await loadSource('format.ts')
    ruler = await loadSource('trace/ruler.ts')
  })

  it('writes durations with three significant digits in the unit that fits', () => {
    const expected: [number, string][] = [
      [0, '0 ms'],
      [1, '1 ns'],
      [850, '850 ns'],
      [999.6, '1 µs'],
      [12_345, '12.3 µs'],
      [4_567_000, '4.57 ms'],
      [186_400_000, '186 ms'],
      [999_999_999, '1 s'],
      [1_234_000_000, '1.23 s'],
      [59_400_000_000, '59.4 s'],
      [59_700_000_000, '1 m 00 s'],
      [125_000_000_000, '2 m 05 s'],
      [11_220_000_000_000, '3 h 07 m'],
      [-4_567_000, '−4.57 ms'],
    ]
    for (const [nanoseconds, words] of expected) assert.equal(format.duration(nanoseconds), words)
  })

  it('keeps the nanoseconds of a moment, which no number could hold', () => {
    assert.match(format.moment('1795176000123456789'), /\.123456789 \(/)
  })

  it('says how long ago something was', () => {
    const now = 1_795_176_000_000
    const before = (seconds: number) => format.ago(String(BigInt(now - seconds * 1000) * 1_000_000n), now)
    assert.equal(before(2), 'just now')
    assert.equal(before(42), '42 s ago')
    assert.equal(before(300), '5 min ago')
    assert.equal(before(3 * 3600 + 5), '3 h ago')
  })

  it('puts ruler ticks at round moments, all in one unit', () => {
    const labels = ruler.ticks({ from: 0, to: 211e6 }, 6).map(({ label }) => label)
    assert.deepEqual(labels, ['0 ms', '50 ms', '100 ms', '150 ms', '200 ms'])
    const zoomed = ruler.ticks({ from: 113.42e6, to: 113.81e6 }, 8)
    assert.equal(zoomed[0]!.label, '113.45 ms')
    assert.ok(zoomed.length <= 9 && zoomed.every(({ place }) => place >= 0 && place <= 1))
  })

  it('never floods the ruler, however odd the range', () => {
    for (const to of [1e-3, 1, 7, 1e3, 3.7e9, 1e15, Number.MAX_SAFE_INTEGER]) {
      assert.ok(ruler.ticks({ from: 0, to }, 8).length <= 9, `${to}`)
    }
    assert.deepEqual(ruler.ticks({ from: 5, to: 5 }, 8), [])
  })
})
