// biome-ignore-all lint/a11y/useSemanticElements: rows that come and go with the scroll position cannot be a <table>
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names a row as its active descendant
/**
 * The waterfall: a tree grid of which only the rows in sight exist. Rows have one fixed height, so that the scroll
 * position alone says which ones those are.
 */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from '../shell/icon.tsx'
import { ColumnHandle, treeWidth } from './column-handle.tsx'
import type { SpanDetails } from './details.ts'
import { narrow } from './narrow.ts'
import { SpanRow } from './row.tsx'
import { ticks } from './ruler.ts'
import { type Follow, TimeCursor } from './time-cursor.tsx'
import type { TraceView } from './view.ts'

/** Pixels; the same figures stand in `styles/waterfall.css`. */
export const ROW_HEIGHT = 28
export const NARROW_ROW_HEIGHT = 46

const OVERSCAN = 8
const TICK_PIXELS = 96
/** Events are fetched for rows at rest, not for those that fly past. */
const REST_MILLISECONDS = 150
const MOST_FETCHED = 24

interface WaterfallProps {
  readonly view: TraceView
  readonly details: SpanDetails
  /** The span in the panel, -1 for none. */
  readonly selected: number
  readonly onSelect: (spanId: string) => void
}

export function Waterfall({ view, details, selected, onSelect }: WaterfallProps): VNode {
  const scroller = useRef<HTMLDivElement>(null)
  const ruler = useRef<HTMLDivElement>(null)
  const timeCursor = useRef<Follow>(null)
  const scrollTop = useSignal(0)
  const height = useSignal(0)
  const timeWidth = useSignal(600)
  const rowHeight = narrow.value ? NARROW_ROW_HEIGHT : ROW_HEIGHT

  useLayoutEffect(() => {
    const measure = () => {
      height.value = scroller.current!.clientHeight
      timeWidth.value = ruler.current!.clientWidth
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(scroller.current!)
    observer.observe(ruler.current!)
    scroller.current!.focus({ preventScroll: true })
    return () => observer.disconnect()
  }, [])

  // Only which rows are in sight matters: scrolling within a row renders nothing.
  const first = useComputed(() => Math.max(0, Math.floor(scrollTop.value / rowHeight) - OVERSCAN))
  const most = Math.ceil(height.value / rowHeight) + 2 * OVERSCAN
  const rows = view.rows.value
  const shown = rows.subarray(Math.min(first.value, rows.length), first.value + most)

  useCursorInSight(view, scroller, rowHeight)
  useZoomByWheel(view, scroller, ruler)
  useEffect(() => {
    const timer = setTimeout(() => {
      const { events, spanId } = view.tree.value
      for (const span of [...shown].filter((span) => events[span]! > 0).slice(0, MOST_FETCHED))
        details.of(spanId[span]!)
    }, REST_MILLISECONDS)
    return () => clearTimeout(timer)
  }, [first.value, rows, most])

  const marks = ticks(view.range.value, Math.max(2, Math.floor(timeWidth.value / TICK_PIXELS)))
  const cursorRow = view.rowOf.value[view.cursor.value] ?? -1
  const cursorInSight = cursorRow >= first.value && cursorRow < first.value + shown.length
  return (
    <div
      ref={scroller}
      class={`waterfall ${view.spotlight.value ? 'with-spotlight' : ''}`}
      role="treegrid"
      aria-label="Spans"
      aria-rowcount={rows.length + 1}
      aria-colcount={2}
      aria-activedescendant={cursorInSight ? `span-${view.cursorId.value}` : undefined}
      tabIndex={0}
      style={{ '--tree': narrow.value ? '0px' : `${treeWidth.value}px` }}
      onPointerMove={(event) => timeCursor.current?.(event)}
      onPointerLeave={(event) => timeCursor.current?.(event)}
      onScroll={() => {
        scrollTop.value = scroller.current!.scrollTop
      }}
    >
      <div class="waterfall-head" role="row" aria-rowindex={1}>
        <div class="head-tree" role="columnheader">
          <span>Span</span>
          <BranchButtons view={view} />
          <ColumnHandle />
        </div>
        <div class="head-time" role="columnheader" aria-label="Time" ref={ruler}>
          {marks.map((tick) => (
            <span
              key={tick.at}
              class={`tick ${tick.place > 0.94 ? 'last' : ''}`}
              style={{ left: `${tick.place * 100}%` }}
            >
              {tick.label}
            </span>
          ))}
          <TimeCursor view={view} follow={timeCursor} />
        </div>
      </div>
      <div class="waterfall-body" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
        <div class="grid-lines" role="presentation">
          {marks.map((tick) => (
            <i key={tick.at} style={{ left: `${tick.place * 100}%` }} />
          ))}
        </div>
        {Array.from(shown, (span, index) => (
          <SpanRow
            key={view.tree.value.spanId[span]}
            view={view}
            details={details}
            span={span}
            row={first.value + index}
            rowHeight={rowHeight}
            timeWidth={timeWidth.value}
            selected={span === selected}
            onSelect={onSelect}
          />
        ))}
      </div>
    </div>
  )
}

function BranchButtons({ view }: { view: TraceView }): VNode {
  return (
    <span class="branch-buttons">
      <button
        type="button"
        class="quiet icon-only"
        title="Shut every branch (-)"
        aria-label="Shut every branch"
        onClick={() => view.toggleAll(true)}
      >
        <Icon name="collapse" />
      </button>
      <button
        type="button"
        class="quiet icon-only"
        title="Open every branch (+)"
        aria-label="Open every branch"
        onClick={() => view.toggleAll(false)}
      >
        <Icon name="expand" />
      </button>
    </span>
  )
}

type Element = { readonly current: HTMLElement | null }

/** Scrolls just as far as needed for the cursor's row; a jump to a row out of sight puts it in the middle. */
function useCursorInSight(view: TraceView, scroller: Element, rowHeight: number): void {
  const previous = useRef('')
  useSignalEffect(() => {
    const id = view.cursorId.value
    const row = view.rowOf.value[view.cursor.value] ?? -1
    const box = scroller.current
    if (!box || row < 0 || id === previous.current) return
    previous.current = id
    const head = box.querySelector<HTMLElement>('.waterfall-head')?.offsetHeight ?? 0
    const sight = box.clientHeight - head
    const top = row * rowHeight
    const above = top - box.scrollTop
    if (above >= 0 && above + rowHeight <= sight) return
    if (above > -2 * rowHeight && above < 0) box.scrollTop = top
    else if (above > 0 && above < sight + 2 * rowHeight) box.scrollTop = top + rowHeight - sight
    else box.scrollTop = top - (sight - rowHeight) / 2
  })
}

/** Ctrl or ⌘ with the wheel (which is also what a pinch on a trackpad sends) zooms, a sideways wheel moves along. */
function useZoomByWheel(view: TraceView, scroller: Element, ruler: Element): void {
  useEffect(() => {
    const box = scroller.current!
    const turn = (event: WheelEvent) => {
      const zooming = event.ctrlKey || event.metaKey
      const sideways = view.zoom.value !== null && Math.abs(event.deltaX) > Math.abs(event.deltaY)
      if (!zooming && !sideways) return
      event.preventDefault()
      const { left, width } = ruler.current!.getBoundingClientRect()
      const { from, to } = view.range.value
      if (zooming) {
        const at = from + Math.max(0, Math.min(1, (event.clientX - left) / width)) * (to - from)
        view.zoomBy(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006), at)
      } else {
        const by = (event.deltaX / width) * (to - from)
        view.zoomTo({ from: from + by, to: to + by })
      }
    }
    box.addEventListener('wheel', turn, { passive: false })
    return () => box.removeEventListener('wheel', turn)
  }, [view])
}
