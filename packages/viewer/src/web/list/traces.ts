/**
 * The list's state. It outlives the page component, so that coming back from a trace shows the list as it was left.
 *
 * News never moves a row that the reader may be about to press: while the pointer is over the list, the list is
 * scrolled, or it is paused, new traces wait and are only counted. Rows already shown keep changing in place, except
 * in a pause, where everything stands still.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { TraceList, TraceSummary } from '../../api.ts'
import { type Failure, fetchTraces, type ListFilter } from '../client.ts'
import { status } from '../shell/status.ts'

export const PAGE_SIZE = 50

const FRESH_MILLISECONDS = 2500
const REFRESH_MILLISECONDS = 300

export const rows: Signal<readonly TraceSummary[]> = signal([])
export const cursor: Signal<string | null> = signal(null)
export const loading: Signal<boolean> = signal(true)
export const failure: Signal<Failure | null> = signal(null)
/** Ids of rows that have just come in. */
export const fresh: Signal<ReadonlySet<string>> = signal(new Set())
export const paused: Signal<boolean> = signal(false)
export const pointerInside: Signal<boolean> = signal(false)
export const scrolled: Signal<boolean> = signal(false)
/** Every service there is: those the viewer names, and those that have come since it was asked. */
export const services: ReadonlySignal<readonly string[]> = computed(() =>
  [...new Set([...(status.value?.services ?? []), ...seen.value])].sort(),
)
/** Where the list was scrolled to when it was left. */
export const scrollTop: Signal<number> = signal(0)

/** The trace that was opened last: coming back, the focus is on its row. */
export const opened: Signal<string> = signal('')

const seen: Signal<ReadonlySet<string>> = signal(new Set())
const waiting: Signal<TraceList | null> = signal(null)
const held: ReadonlySignal<boolean> = computed(() => paused.value || pointerInside.value || scrolled.value)

/** How many new traces wait for the reader. */
export const waitingCount: ReadonlySignal<number> = computed(() => {
  if (waiting.value === null) return 0
  const shown = new Set(rows.value.map((row) => row.traceId))
  return waiting.value.traces.filter((row) => !shown.has(row.traceId)).length
})

let filter: ListFilter = { service: '', errors: false, search: '' }
/** Counts filters, so that an answer to the previous one is thrown away. */
let generation = 0
let refreshing: Promise<void> | null = null
let again = false

/** Starts over with another filter; the same one leaves the list as it is. */
export async function show(next: ListFilter): Promise<void> {
  if (generation > 0 && sameFilter(next, filter)) return refresh()
  filter = next
  const mine = ++generation
  loading.value = true
  waiting.value = null
  scrollTop.value = 0
  try {
    const page = await fetchTraces(filter, PAGE_SIZE, null)
    if (mine !== generation) return
    batch(() => {
      rows.value = page.traces
      cursor.value = page.cursor
      failure.value = null
      fresh.value = new Set()
    })
  } catch (error) {
    if (mine === generation) failure.value = error as Failure
  } finally {
    if (mine === generation) loading.value = false
  }
}

/** Asks again for the first page. Calls that come while one is under way become one more. */
export function refresh(): Promise<void> {
  if (refreshing) {
    again = true
    return refreshing
  }
  refreshing = ask().finally(() => {
    refreshing = null
    if (again) {
      again = false
      setTimeout(refresh, REFRESH_MILLISECONDS)
    }
  })
  return refreshing
}

export async function loadMore(): Promise<void> {
  if (cursor.value === null || loading.value) return
  const mine = generation
  loading.value = true
  try {
    const page = await fetchTraces(filter, PAGE_SIZE, cursor.value)
    if (mine !== generation) return
    batch(() => {
      rows.value = withoutRepeats([...rows.value, ...page.traces])
      cursor.value = page.cursor
      failure.value = null
    })
  } catch (error) {
    if (mine === generation) failure.value = error as Failure
  } finally {
    if (mine === generation) loading.value = false
  }
}

/** Lets the waiting traces in, if nothing holds them back any more. */
export function release(): void {
  if (waiting.value !== null && !held.value) admit()
}

/** Lets the waiting traces in because the reader asked for them. */
export function admit(): void {
  const page = waiting.value
  if (page === null) return
  batch(() => {
    const shown = new Set(rows.value.map((row) => row.traceId))
    const came = page.traces.filter((row) => !shown.has(row.traceId)).map((row) => row.traceId)
    // Rows beyond the first page were asked for by the reader and stay, unless so much is new that a gap would show.
    const more = rows.value.length > PAGE_SIZE && came.length < PAGE_SIZE
    const kept = more ? rows.value.slice(PAGE_SIZE - came.length) : []
    if (kept.length === 0) cursor.value = page.cursor
    rows.value = withoutRepeats([...page.traces, ...kept])
    waiting.value = null
    if (shown.size > 0) markFresh(came)
  })
}

async function ask(): Promise<void> {
  const mine = generation
  try {
    const page = await fetchTraces(filter, PAGE_SIZE, null)
    if (mine !== generation) return
    batch(() => {
      failure.value = null
      waiting.value = page
      noteServices(page.traces)
      if (!held.value || rows.value.length === 0) admit()
      else if (!paused.value) updateInPlace(page.traces)
    })
  } catch (error) {
    if (mine === generation) failure.value = error as Failure
  }
}

function updateInPlace(traces: readonly TraceSummary[]): void {
  const news = new Map(traces.map((row) => [row.traceId, row]))
  rows.value = rows.value.map((row) => news.get(row.traceId) ?? row)
}

function markFresh(ids: readonly string[]): void {
  if (ids.length === 0) return
  fresh.value = new Set([...fresh.value, ...ids])
  setTimeout(() => {
    fresh.value = new Set([...fresh.value].filter((id) => !ids.includes(id)))
  }, FRESH_MILLISECONDS)
}

function noteServices(traces: readonly TraceSummary[]): void {
  const all = new Set([...seen.value, ...traces.flatMap((row) => row.services)])
  if (all.size > seen.value.size) seen.value = all
}

function withoutRepeats(traces: readonly TraceSummary[]): TraceSummary[] {
  const seen = new Set<string>()
  return traces.filter(({ traceId }) => !seen.has(traceId) && seen.add(traceId))
}

function sameFilter(a: ListFilter, b: ListFilter): boolean {
  return a.service === b.service && a.errors === b.errors && a.search === b.search
}
