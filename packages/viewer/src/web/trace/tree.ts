/**
 * A trace made ready to draw: the skeleton's columns as typed arrays, plus everything that follows from the parent
 * links. Arrays are indexed by span, as in the skeleton (by start), unless they say "row". 100,000 spans take some
 * tens of milliseconds, so a live trace is simply built again.
 */
import type { TraceSkeleton } from '../../api.ts'

export interface Tree {
  readonly traceId: string
  /** Nanoseconds since the epoch, decimal string. */
  readonly start: string
  readonly duration: number
  readonly size: number
  readonly spanId: readonly string[]
  readonly names: readonly string[]
  readonly services: readonly string[]
  readonly kinds: Uint8Array
  /** Nanoseconds from the trace's start. */
  readonly starts: Float64Array
  readonly durations: Float64Array
  /** Nanoseconds in which no child of the span was running. */
  readonly selfTimes: Float64Array
  readonly events: Uint32Array
  /** Bits of {@link Mark}. */
  readonly marks: Uint8Array
  /** Index of the parent, -1 for a root or an orphan. */
  readonly parents: Int32Array
  readonly missingParentIds: readonly string[]
  readonly depths: Int32Array
  readonly childCounts: Int32Array
  /** Place among the siblings, from 0. */
  readonly ordinals: Int32Array
  /** Whether a sibling follows: the parent line goes on. */
  readonly continues: Uint8Array
  /** Spans in the order of their rows, with every branch open. */
  readonly preorder: Int32Array
  /** By span: its row, with every branch open. */
  readonly position: Int32Array
  /** By span: the row after its last descendant. */
  readonly branchEnd: Int32Array
  /** By row, one longer than the rows: how many failed spans stand above that row. */
  readonly errorsBefore: Int32Array
  readonly deepest: number
  /** Spans by service, in order of first appearance. */
  readonly serviceCounts: ReadonlyMap<string, number>
}

export const Mark = {
  error: 1,
  /** Its parent is named but not here. */
  orphan: 2,
  /** It starts before its parent does: the clocks of two machines disagree, or the parent was recorded late. */
  early: 4,
  /** It goes on after its parent has ended: work that nobody waited for. */
  late: 8,
  /** Its parents lead back to itself: nonsense that was sent, shown as a root. */
  circular: 16,
} as const

/** Below this a difference of clocks is not worth a mark: 50 µs. */
const CLOCK_TOLERANCE = 50_000
const STATUS_ERROR = 2
const MISSING = -2

export function buildTree(skeleton: TraceSkeleton): Tree {
  const size = skeleton.spanId.length
  const starts = Float64Array.from(skeleton.startOffset)
  const durations = Float64Array.from(skeleton.durations)
  const marks = new Uint8Array(size)
  const parents = new Int32Array(size)
  for (let i = 0; i < size; i++) {
    const parent = skeleton.parent[i]!
    parents[i] = parent >= 0 && parent < size && parent !== i ? parent : -1
    if (skeleton.status[i] === STATUS_ERROR) marks[i]! |= Mark.error
    if (parent === MISSING) marks[i]! |= Mark.orphan
    if (parent === i) marks[i]! |= Mark.circular
  }
  const links = linkChildren(parents, marks)
  const order = walk(parents, links)
  const errorsBefore = new Int32Array(size + 1)
  for (let row = 0; row < size; row++) {
    errorsBefore[row + 1] = errorsBefore[row]! + (marks[order.preorder[row]!]! & Mark.error)
  }
  markClocks(parents, starts, durations, marks)
  const services = skeleton.service.map((index) => skeleton.strings[index] ?? '')
  return {
    traceId: skeleton.traceId,
    start: skeleton.start,
    duration: Math.max(skeleton.duration, extent(starts, durations)),
    size,
    spanId: skeleton.spanId,
    names: skeleton.name.map((index) => skeleton.strings[index] ?? ''),
    services,
    kinds: Uint8Array.from(skeleton.kind),
    starts,
    durations,
    selfTimes: selfTimes(links, starts, durations),
    events: Uint32Array.from(skeleton.events),
    marks,
    parents,
    missingParentIds: skeleton.parentSpanId,
    childCounts: links.counts,
    ordinals: links.ordinals,
    continues: Uint8Array.from(links.next, (next) => (next >= 0 ? 1 : 0)),
    ...order,
    errorsBefore,
    serviceCounts: countBy(services),
  }
}

interface Links {
  readonly first: Int32Array
  readonly next: Int32Array
  readonly counts: Int32Array
  readonly ordinals: Int32Array
}

/** Children of every span, in order of their start. Cuts circles open first, so that every span has a root. */
function linkChildren(parents: Int32Array, marks: Uint8Array): Links {
  const size = parents.length
  cutCircles(parents, marks)
  const first = new Int32Array(size).fill(-1)
  const last = new Int32Array(size).fill(-1)
  const next = new Int32Array(size).fill(-1)
  const counts = new Int32Array(size)
  const ordinals = new Int32Array(size)
  for (let i = 0; i < size; i++) {
    const parent = parents[i]!
    if (parent < 0) continue
    if (last[parent]! < 0) first[parent] = i
    else next[last[parent]!] = i
    last[parent] = i
    ordinals[i] = counts[parent]!++
  }
  return { first, next, counts, ordinals }
}

function cutCircles(parents: Int32Array, marks: Uint8Array): void {
  // 0 not seen, 1 on the path that is being climbed, 2 known to reach a root
  const state = new Uint8Array(parents.length)
  const path: number[] = []
  for (let i = 0; i < parents.length; i++) {
    let at = i
    while (at >= 0 && state[at] === 0) {
      state[at] = 1
      path.push(at)
      at = parents[at]!
    }
    if (at >= 0 && state[at] === 1) {
      parents[at] = -1
      marks[at]! |= Mark.circular
    }
    for (const span of path) state[span] = 2
    path.length = 0
  }
}

/** Depth first without recursion: a chain of 100,000 spans must not end the page with a stack overflow. */
function walk(
  parents: Int32Array,
  { first, next }: Links,
): {
  preorder: Int32Array
  position: Int32Array
  branchEnd: Int32Array
  depths: Int32Array
  deepest: number
} {
  const size = parents.length
  const preorder = new Int32Array(size)
  const position = new Int32Array(size)
  const branchEnd = new Int32Array(size)
  const depths = new Int32Array(size)
  let row = 0
  let deepest = 0
  for (let root = 0; root < size; root++) {
    if (parents[root]! >= 0) continue
    let at = root
    let depth = 0
    while (at >= 0) {
      position[at] = row
      depths[at] = depth
      preorder[row++] = at
      if (depth > deepest) deepest = depth
      if (first[at]! >= 0) {
        at = first[at]!
        depth++
        continue
      }
      while (at >= 0) {
        branchEnd[at] = row
        if (at === root || next[at]! >= 0) break
        at = parents[at]!
        depth--
      }
      at = at === root ? -1 : next[at]!
    }
  }
  return { preorder, position, branchEnd, depths, deepest }
}

/** The span's time minus the union of its children's, each cut to the span itself. Children come by start. */
function selfTimes({ first, next }: Links, starts: Float64Array, durations: Float64Array): Float64Array {
  const result = new Float64Array(starts.length)
  for (let span = 0; span < starts.length; span++) {
    const end = starts[span]! + durations[span]!
    let covered = 0
    let reached = starts[span]!
    for (let child = first[span]!; child >= 0; child = next[child]!) {
      const from = Math.max(reached, starts[child]!)
      const to = Math.min(end, starts[child]! + durations[child]!)
      if (to <= from) continue
      covered += to - from
      reached = to
    }
    result[span] = durations[span]! - covered
  }
  return result
}

function markClocks(
  parents: Int32Array,
  starts: Float64Array,
  durations: Float64Array,
  marks: Uint8Array,
): void {
  for (let span = 0; span < parents.length; span++) {
    const parent = parents[span]!
    if (parent < 0) continue
    const lateBy = starts[span]! + durations[span]! - (starts[parent]! + durations[parent]!)
    if (starts[parent]! - starts[span]! > CLOCK_TOLERANCE) marks[span]! |= Mark.early
    if (lateBy > CLOCK_TOLERANCE) marks[span]! |= Mark.late
  }
}

function extent(starts: Float64Array, durations: Float64Array): number {
  let end = 0
  for (let i = 0; i < starts.length; i++) end = Math.max(end, starts[i]! + durations[i]!)
  return end
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
