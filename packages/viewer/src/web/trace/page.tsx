/** One trace: loads it, keeps it up to date while more of it arrives, and answers the keys. */
import { useSignal } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { Failure, fetchTrace } from '../client.ts'
import { DetailPanel } from '../detail/panel.tsx'
import { onTracesChanged } from '../live.ts'
import { goBack, place, setQuery } from '../router.ts'
import { onKeys } from '../shell/keys.ts'
import { FailureNotice, Notice } from '../shell/notice.tsx'
import { SpanDetails } from './details.ts'
import { TraceHeader } from './header.tsx'
import { traceKeys } from './keys.ts'
import { Minimap } from './minimap.tsx'
import { buildTree } from './tree.ts'
import { TraceView } from './view.ts'
import { Waterfall } from './waterfall.tsx'

/** A growing trace is asked for at most this often, and never for more than a fifth of the time. */
const REFRESH_MILLISECONDS = 400
const REFRESH_SHARE = 5

export function TracePage({ traceId }: { traceId: string }): VNode {
  const view = useSignal<TraceView | null>(null)
  const failure = useSignal<Failure | null>(null)
  const details = useMemo(() => new SpanDetails(traceId), [traceId])

  const load = async () => {
    try {
      const skeleton = await fetchTrace(traceId)
      if (skeleton.spanId.length === 0) throw new Failure('The trace has no spans.', 'trace_not_found', 404)
      const tree = buildTree(skeleton)
      failure.value = null
      if (view.value) view.value.tree.value = tree
      else view.value = new TraceView(tree, place.value.query.get('span') ?? '')
      details.retry()
    } catch (error) {
      failure.value = error as Failure
    }
  }
  useEffect(() => {
    document.title = `Trace ${traceId.slice(0, 8)} · Spoor`
    void load()
    return keepFresh(traceId, load)
  }, [traceId])

  if (!view.value) {
    if (!failure.value) return <p class="loading">Loading the trace…</p>
    if (failure.value.status === 404) return <NotHere traceId={traceId} />
    return <FailureNotice title="The trace could not be read" message={failure.value.message} retry={load} />
  }
  return <OpenTrace view={view.value} details={details} />
}

function OpenTrace({ view, details }: { view: TraceView; details: SpanDetails }): VNode {
  const spanId = place.value.query.get('span') ?? ''
  const selected = spanId === '' ? -1 : view.indexOf(spanId)

  useEffect(() => {
    const title = view.tree.value.names[view.tree.value.preorder[0] ?? -1]
    if (title) document.title = `${title} · Spoor`
  }, [view.tree.value])
  useEffect(() => {
    // Back, forward and links choose a span by the address alone: the cursor goes there. A fast reader may be further
    // already by the time this runs.
    if (selected < 0 || place.peek().query.get('span') !== spanId) return
    view.goTo(selected)
  }, [spanId, selected])
  useEffect(() => {
    // With the panel open, it shows whatever the cursor stands on.
    return view.cursorId.subscribe((id) => {
      if (place.value.query.has('span') && id) setQuery({ span: id }, { replace: true })
    })
  }, [view])
  useEffect(() => onKeys(traceKeys(view, { open, close, leave: () => goBack('/') })), [view])

  const open = (id: string) => setQuery({ span: id }, { replace: place.value.query.has('span') })
  const close = () => setQuery({ span: null })
  return (
    <div class={`trace-page ${spanId ? 'with-detail' : ''}`}>
      <TraceHeader view={view} />
      <Minimap view={view} />
      <Waterfall view={view} details={details} selected={selected} onSelect={open} />
      {spanId && <DetailPanel view={view} details={details} spanId={spanId} onClose={close} />}
    </div>
  )
}

function NotHere({ traceId }: { traceId: string }): VNode {
  return (
    <Notice title="This trace is not here">
      <p>
        No span of <code>{traceId}</code> has arrived yet, or it was removed to make room for newer ones. If
        it still arrives, it will appear here by itself.
      </p>
      <p>
        <a href="/">All traces</a>
      </p>
    </Notice>
  )
}

/** Loads again when the trace changed, and not sooner than its size allows. */
function keepFresh(traceId: string, load: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let pause = REFRESH_MILLISECONDS
  const run = async () => {
    const before = performance.now()
    await load()
    pause = Math.max(REFRESH_MILLISECONDS, (performance.now() - before) * REFRESH_SHARE)
    timer = undefined
  }
  const stop = onTracesChanged(({ traceIds }) => {
    if (traceIds.length > 0 && !traceIds.includes(traceId)) return
    timer ??= setTimeout(() => void run(), pause)
  })
  return () => {
    stop()
    clearTimeout(timer)
  }
}
