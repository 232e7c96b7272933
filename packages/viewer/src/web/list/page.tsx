/** The newest traces. */
import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { plural } from '../format.ts'
import { onTracesChanged } from '../live.ts'
import { place, setQuery } from '../router.ts'
import { onKeys } from '../shell/keys.ts'
import { FailureNotice, Notice } from '../shell/notice.tsx'
import { FilterBar, focusSearch } from './filter-bar.tsx'
import { FirstTrace } from './first-trace.tsx'
import { TraceRow } from './trace-row.tsx'
import {
  admit,
  cursor,
  failure,
  fresh,
  loading,
  loadMore,
  opened,
  paused,
  pointerInside,
  refresh,
  release,
  rows,
  scrolled,
  scrollTop,
  show,
  waitingCount,
} from './traces.ts'

export function ListPage(): VNode {
  const { query } = place.value
  const service = query.get('service') ?? ''
  const errors = query.get('error') === 'true'
  const search = query.get('search') ?? ''
  const list = useRef<HTMLDivElement>(null)

  useEffect(() => {
    document.title = 'Traces · Spoor'
    return onTracesChanged(() => void refresh())
  }, [])
  useEffect(() => {
    void show({ service, errors, search })
  }, [service, errors, search])
  useLayoutEffect(() => {
    const box = list.current!
    box.scrollTop = scrollTop.value
    const row = opened.value && box.querySelector<HTMLElement>(`a.trace[href="/traces/${opened.value}"]`)
    if (row) row.focus({ preventScroll: true })
    return () => {
      pointerInside.value = false
      // The event of the last scroll may be still to come, and comes too late then.
      if (box.isConnected) scrollTop.value = box.scrollTop
    }
  }, [])
  useEffect(
    () =>
      onKeys({
        j: () => step(list.current, 1),
        ArrowDown: () => step(list.current, 1),
        k: () => step(list.current, -1),
        ArrowUp: () => step(list.current, -1),
        '/': focusSearch,
        e: () => setQuery({ error: errors ? null : 'true' }, { replace: true }),
        p: togglePause,
      }),
    [errors],
  )

  const track = () => {
    const top = list.current?.scrollTop ?? 0
    scrollTop.value = top
    scrolled.value = top > 8
    release()
  }
  const filtered = Boolean(service || errors || search)
  return (
    <>
      <FilterBar service={service} errors={errors} search={search} onPause={togglePause} />
      <div class="list-scroll" ref={list} onScroll={track}>
        <WaitingPill scroller={() => list.current} />
        <Content filtered={filtered} />
      </div>
    </>
  )
}

function Content({ filtered }: { filtered: boolean }): VNode {
  if (rows.value.length > 0) return <Rows />
  if (failure.value) {
    return (
      <FailureNotice
        title="The traces could not be read"
        message={failure.value.message}
        retry={() => void refresh()}
      />
    )
  }
  if (loading.value) return <p class="loading">Loading traces…</p>
  if (!filtered) return <FirstTrace />
  return (
    <Notice title="No trace matches">
      <p>New ones that do will appear here by themselves.</p>
      <button type="button" onClick={() => setQuery({ service: null, error: null, search: null })}>
        Clear the filters
      </button>
    </Notice>
  )
}

function Rows(): VNode {
  const slowest = rows.value.reduce((most, row) => Math.max(most, row.duration), 1)
  return (
    <>
      <div class="list-head" aria-hidden="true">
        <span>Trace</span>
        <span>Services</span>
        <span class="number">Spans</span>
        <span class="number">Errors</span>
        <span class="duration-head">Duration</span>
        <span class="number">When</span>
      </div>
      <div
        onPointerEnter={(event) => {
          // A finger leaves no pointer behind; only one that hovers can be about to press.
          pointerInside.value = event.pointerType === 'mouse'
        }}
        onPointerLeave={() => {
          pointerInside.value = false
          release()
        }}
      >
        <ul class="list" aria-label="Traces, newest first">
          {rows.value.map((row) => (
            <TraceRow key={row.traceId} trace={row} slowest={slowest} fresh={fresh.value.has(row.traceId)} />
          ))}
        </ul>
      </div>
      <div class="list-foot">
        {failure.value && <p role="alert">{failure.value.message}</p>}
        {cursor.value !== null ? (
          <button type="button" disabled={loading.value} onClick={() => void loadMore()}>
            {loading.value ? 'Loading…' : 'Load older traces'}
          </button>
        ) : (
          <p>{plural(rows.value.length, 'trace')}, that is all.</p>
        )}
      </div>
    </>
  )
}

function WaitingPill({ scroller }: { scroller: () => HTMLElement | null }): VNode | null {
  if (waitingCount.value === 0) return null
  const letIn = () => {
    paused.value = false
    scroller()?.scrollTo({ top: 0 })
    admit()
  }
  return (
    <div class="waiting" role="status">
      <button type="button" onClick={letIn}>
        Show {plural(waitingCount.value, 'new trace')}
      </button>
    </div>
  )
}

function togglePause(): void {
  paused.value = !paused.value
  if (!paused.value) {
    release()
    void refresh()
  }
}

/** Moves the focus from row to row; from elsewhere it enters at the first. */
function step(list: HTMLElement | null, by: 1 | -1): void {
  const links = [...(list?.querySelectorAll<HTMLElement>('a.trace') ?? [])]
  const here = links.indexOf(document.activeElement as HTMLElement)
  links[here < 0 ? 0 : Math.max(0, Math.min(links.length - 1, here + by))]?.focus()
}
