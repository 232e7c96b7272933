import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { TraceSkeleton } from '../../dist/api.js'
import { checkout } from './shop.ts'
import { loadSource } from './source.ts'
import { toSkeleton } from './spans.ts'

interface Tree {
  preorder: Int32Array
  depths: Int32Array
  selfTimes: Float64Array
  marks: Uint8Array
  branchEnd: Int32Array
  position: Int32Array
  childCounts: Int32Array
  deepest: number
  size: number
}

let buildTree: (skeleton: TraceSkeleton) => Tree
let Mark: Record<'error' | 'orphan' | 'early' | 'late' | 'circular', number>

/** Spans as `[parent, start, duration]`. */
function skeleton(...spans: [parent: number, start: number, duration: number][]): TraceSkeleton {
  return {
    traceId: 'a'.repeat(32),
    start: '0',
    duration: 100,
    strings: ['span', 'service'],
    spanId: spans.map((_, index) => index.toString(16).padStart(16, '0')),
    parent: spans.map(([parent]) => parent),
    parentSpanId: spans.map(([parent]) => (parent === -2 ? 'f'.repeat(16) : '')),
    name: spans.map(() => 0),
    service: spans.map(() => 1),
    kind: spans.map(() => 1),
    startOffset: spans.map(([, start]) => start),
    durations: spans.map(([, , duration]) => duration),
    status: spans.map(() => 0),
    events: spans.map(() => 0),
  }
}

describe('the tree of a trace', () => {
  before(async () => {
    ;({ buildTree, Mark } = await loadSource<any>('trace/tree.ts'))
  })

  it('puts every span below its parent, children by start', () => {
    const tree = buildTree(skeleton([-1, 0, 100], [0, 10, 50], [1, 12, 5], [0, 70, 20], [1, 30, 5]))
    assert.deepEqual([...tree.preorder], [0, 1, 2, 4, 3])
    assert.deepEqual([...tree.depths], [0, 1, 2, 1, 2])
    assert.deepEqual([...tree.childCounts], [2, 2, 0, 0, 0])
    assert.equal(tree.branchEnd[1], 4)
  })

  it('counts as self time what no child covers, overlaps once and overhangs not at all', () => {
    const tree = buildTree(skeleton([-1, 0, 100], [0, 10, 30], [0, 20, 40], [0, 90, 50]))
    // 10 to 60 and 90 to 100 are covered.
    assert.equal(tree.selfTimes[0], 40)
    assert.equal(tree.selfTimes[1], 30)
  })

  it('shows spans whose parent is missing as marked roots', () => {
    const tree = buildTree(skeleton([-2, 0, 10], [0, 1, 2]))
    assert.deepEqual([...tree.preorder], [0, 1])
    assert.equal(tree.marks[0]! & Mark.orphan, Mark.orphan)
    assert.equal(tree.depths[1], 1)
  })

  it('shows every span of a circle, which is nonsense that can be sent', () => {
    const tree = buildTree(skeleton([2, 0, 10], [0, 1, 2], [1, 2, 2], [3, 3, 3], [0, 4, 1]))
    assert.deepEqual([...tree.preorder].sort(), [0, 1, 2, 3, 4])
    assert.equal([...tree.marks].filter((mark) => mark & Mark.circular).length, 2)
  })

  it('marks spans that start before their parent or outlive it', () => {
    const ms = 1e6
    const tree = buildTree(
      skeleton([0 - 1, 5 * ms, 10 * ms], [0, 4 * ms, ms], [0, 6 * ms, 20 * ms], [0, 7 * ms, ms]),
    )
    assert.equal(tree.marks[1]! & Mark.early, Mark.early)
    assert.equal(tree.marks[2]! & Mark.late, Mark.late)
    assert.equal(tree.marks[3], 0)
  })

  it('takes a chain of 100,000 spans without overflowing the stack', () => {
    const spans = Array.from({ length: 100_000 }, (_, i): [number, number, number] => [
      i - 1,
      i,
      200_000 - 2 * i,
    ])
    const tree = buildTree(skeleton(...spans.slice(0, 1)))
    const deep = buildTree({ ...skeleton(), ...columns(spans) })
    assert.equal(tree.size, 1)
    assert.equal(deep.deepest, 99_999)
  })

  it('keeps the row order consistent with the branches in a realistic trace', () => {
    const spans = checkout(1_000_000_000n, 3, true)
    const tree = buildTree(toSkeleton(spans))
    assert.equal(new Set(tree.preorder).size, spans.length)
    for (let span = 0; span < tree.size; span++) {
      const row = tree.position[span]!
      assert.ok(tree.branchEnd[span]! > row)
      for (let below = row + 1; below < tree.branchEnd[span]!; below++) {
        assert.ok(tree.depths[tree.preorder[below]!]! > tree.depths[span]!)
      }
    }
  })
})

/** Columns of many spans, without spreading them as arguments. */
function columns(spans: [number, number, number][]): Partial<TraceSkeleton> {
  const zeros = spans.map(() => 0)
  return {
    spanId: spans.map((_, index) => index.toString(16).padStart(16, '0')),
    parent: spans.map(([parent]) => parent),
    parentSpanId: spans.map(() => ''),
    name: zeros,
    service: zeros,
    kind: zeros,
    status: zeros,
    events: zeros,
    startOffset: spans.map(([, start]) => start),
    durations: spans.map(([, , duration]) => duration),
  }
}
