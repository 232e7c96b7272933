/**
 * What a reader does with one trace: which branches are shut, where the cursor stands, what is open, zoomed, looked
 * for. Spans are remembered by id, since their indexes change whenever more of a live trace arrives.
 */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { Mark, type Tree } from './tree.ts'

/** Nanoseconds from the trace's start. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Zooming stops here: 100 ns across the screen. */
const NARROWEST = 100
/** Fewer characters than these are no part of a span id, only some number that happens to be in it. */
const SHORTEST_ID = 6

export class TraceView {
  readonly tree: Signal<Tree>
  readonly cursorId: Signal<string>
  readonly query: Signal<string> = signal('')
  readonly zoom: Signal<Range | null> = signal(null)
  /** A service whose spans stand out while the others fade; '' for none. */
  readonly spotlight: Signal<string> = signal('')
  readonly #shut: Signal<ReadonlySet<string>> = signal(new Set())

  constructor(tree: Tree, cursorId: string) {
    this.tree = signal(tree)
    this.cursorId = signal(cursorId)
    if (this.cursor.value < 0) this.cursorId.value = tree.spanId[tree.preorder[0] ?? -1] ?? ''
    else this.reveal(this.cursor.value)
  }

  readonly #indexes: ReadonlySignal<ReadonlyMap<string, number>> = computed(
    () => new Map(this.tree.value.spanId.map((id, index) => [id, index])),
  )

  /** Index of the span under the cursor, -1 when it is not here. */
  readonly cursor: ReadonlySignal<number> = computed(() => this.indexOf(this.cursorId.value))

  readonly #closed: ReadonlySignal<Uint8Array> = computed(() => {
    const closed = new Uint8Array(this.tree.value.size)
    for (const id of this.#shut.value) {
      const span = this.indexOf(id)
      if (span >= 0) closed[span] = 1
    }
    return closed
  })

  /** The spans that have a row, from top to bottom. */
  readonly rows: ReadonlySignal<Int32Array> = computed(() => {
    const { preorder, branchEnd, size } = this.tree.value
    const closed = this.#closed.value
    const rows = new Int32Array(size)
    let count = 0
    for (let at = 0; at < size; ) {
      const span = preorder[at]!
      rows[count++] = span
      at = closed[span] ? branchEnd[span]! : at + 1
    }
    return rows.subarray(0, count)
  })

  /** By span: its row, -1 while an ancestor is shut. */
  readonly rowOf: ReadonlySignal<Int32Array> = computed(() => {
    const rowOf = new Int32Array(this.tree.value.size).fill(-1)
    this.rows.value.forEach((span, row) => {
      rowOf[span] = row
    })
    return rowOf
  })

  /** Spans that the search finds, in the order of the rows. */
  readonly matches: ReadonlySignal<readonly number[]> = computed(() => {
    const phrase = this.query.value.trim().toLowerCase()
    if (phrase === '') return []
    const { preorder, names, services, spanId } = this.tree.value
    const found: number[] = []
    for (const span of preorder) {
      const text = `${services[span]} ${names[span]}`.toLowerCase()
      if (text.includes(phrase) || (phrase.length >= SHORTEST_ID && spanId[span]!.startsWith(phrase)))
        found.push(span)
    }
    return found
  })

  readonly #matching: ReadonlySignal<ReadonlySet<number>> = computed(() => new Set(this.matches.value))

  readonly range: ReadonlySignal<Range> = computed(
    () => this.zoom.value ?? { from: 0, to: Math.max(this.tree.value.duration, 1) },
  )

  indexOf(spanId: string): number {
    return this.#indexes.value.get(spanId) ?? -1
  }

  isShut(span: number): boolean {
    return this.#closed.value[span] === 1
  }

  isMatch(span: number): boolean {
    return this.#matching.value.has(span)
  }

  /** Failed spans below this one. */
  errorsBelow(span: number): number {
    const { errorsBefore, position, branchEnd } = this.tree.value
    return errorsBefore[branchEnd[span]!]! - errorsBefore[position[span]! + 1]!
  }

  toggle(span: number, shut: boolean = !this.isShut(span)): void {
    if (this.tree.value.childCounts[span] === 0 || shut === this.isShut(span)) return
    const next = new Set(this.#shut.value)
    if (shut) next.add(this.tree.value.spanId[span]!)
    else next.delete(this.tree.value.spanId[span]!)
    this.#shut.value = next
    // A cursor inside the branch that was shut moves up to it.
    if (shut && this.cursor.value >= 0 && this.rowOf.value[this.cursor.value]! < 0) this.moveTo(span)
  }

  /** Shuts every branch below the roots, or opens them all. */
  toggleAll(shut: boolean): void {
    const { size, childCounts, depths, spanId } = this.tree.value
    const next = new Set<string>()
    for (let span = 0; shut && span < size; span++) {
      if (childCounts[span]! > 0 && depths[span]! > 0) next.add(spanId[span]!)
    }
    this.#shut.value = next
    let at = this.cursor.value
    while (at >= 0 && this.rowOf.value[at]! < 0) at = this.tree.value.parents[at]!
    if (at >= 0) this.moveTo(at)
  }

  /** Opens whatever hides the span. */
  reveal(span: number): void {
    const { parents, spanId } = this.tree.value
    if (this.rowOf.value[span]! >= 0) return
    const next = new Set(this.#shut.value)
    for (let at = parents[span]!; at >= 0; at = parents[at]!) next.delete(spanId[at]!)
    this.#shut.value = next
  }

  moveTo(span: number): void {
    const id = this.tree.value.spanId[span]
    if (id !== undefined) this.cursorId.value = id
  }

  /** To a span that may be hidden. */
  goTo(span: number): void {
    this.reveal(span)
    this.moveTo(span)
  }

  /** Moves the cursor by so many rows, stopping at the ends. */
  moveBy(rows: number): void {
    const { value } = this.rows
    const row = this.rowOf.value[this.cursor.value] ?? 0
    this.moveTo(value[Math.max(0, Math.min(value.length - 1, row + rows))]!)
  }

  /** To the next (1) or previous (-1) of `spans`, given in row order, around the end; opens what hides it. */
  moveAmong(spans: readonly number[], direction: 1 | -1): void {
    if (spans.length === 0) return
    const { position } = this.tree.value
    const here = this.cursor.value < 0 ? -1 : position[this.cursor.value]!
    const ahead =
      direction === 1
        ? (spans.find((span) => position[span]! > here) ?? spans[0]!)
        : (spans.findLast((span) => position[span]! < here) ?? spans.at(-1)!)
    this.goTo(ahead)
  }

  /** Failed spans in the order of the rows. */
  errors(): number[] {
    const { preorder, marks } = this.tree.value
    return Array.from(preorder).filter((span) => marks[span]! & Mark.error)
  }

  /** Shows this stretch, cut to the trace; null shows it all. */
  zoomTo(range: Range | null): void {
    const { duration } = this.tree.value
    if (range === null) {
      this.zoom.value = null
      return
    }
    const width = Math.max(NARROWEST, Math.min(range.to - range.from, duration))
    const from = Math.max(0, Math.min(range.from, duration - width))
    this.zoom.value = width >= duration ? null : { from, to: from + width }
  }

  /** @param factor below 1 zooms in. @param at the moment that stays where it is. */
  zoomBy(factor: number, at: number): void {
    const { from, to } = this.range.value
    this.zoomTo({ from: at - (at - from) * factor, to: at + (to - at) * factor })
  }

  zoomToSpan(span: number): void {
    const { starts, durations } = this.tree.value
    const margin = durations[span]! * 0.05
    this.zoomTo({ from: starts[span]! - margin, to: starts[span]! + durations[span]! + margin })
  }
}
