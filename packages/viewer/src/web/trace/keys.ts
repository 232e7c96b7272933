/** What the keys do in a trace (the words for them are in `shell/help.tsx`). */
import { place } from '../router.ts'
import type { KeyTable } from '../shell/keys.ts'
import { focusFind } from './find.tsx'
import type { TraceView } from './view.ts'

const PAGE_ROWS = 15

interface Actions {
  readonly open: (spanId: string) => void
  readonly close: () => void
  readonly leave: () => void
}

export function traceKeys(view: TraceView, { open, close, leave }: Actions): KeyTable {
  const down = () => view.moveBy(1)
  const up = () => view.moveBy(-1)
  return {
    j: down,
    ArrowDown: outsideDetail(down),
    k: up,
    ArrowUp: outsideDetail(up),
    PageDown: outsideDetail(() => view.moveBy(PAGE_ROWS)),
    PageUp: outsideDetail(() => view.moveBy(-PAGE_ROWS)),
    Home: outsideDetail(() => view.moveBy(-Infinity)),
    End: outsideDetail(() => view.moveBy(Infinity)),
    l: () => stepIn(view),
    ArrowRight: outsideDetail(() => stepIn(view)),
    h: () => stepOut(view),
    ArrowLeft: outsideDetail(() => stepOut(view)),
    Enter: () => open(view.cursorId.value),
    Escape: () => {
      if (place.value.query.has('span')) close()
      else if (view.query.value) view.query.value = ''
      else view.zoomTo(null)
    },
    e: () => view.moveAmong(view.errors(), 1),
    E: () => view.moveAmong(view.errors(), -1),
    '/': focusFind,
    n: () => view.moveAmong(view.matches.value, 1),
    N: () => view.moveAmong(view.matches.value, -1),
    '-': () => view.toggleAll(true),
    '+': () => view.toggleAll(false),
    '=': () => view.toggleAll(false),
    z: () => view.cursor.value >= 0 && void view.zoomToSpan(view.cursor.value),
    '0': () => view.zoomTo(null),
    u: leave,
  }
}

/** In the panel these keys scroll. */
function outsideDetail(action: () => void): (event: KeyboardEvent) => unknown {
  return (event) => ((event.target as Element).closest?.('.detail') ? false : action())
}

function stepIn(view: TraceView): void {
  const span = view.cursor.value
  if (span < 0) return
  if (view.isShut(span)) view.toggle(span, false)
  else if (view.tree.value.childCounts[span]! > 0) view.moveBy(1)
}

function stepOut(view: TraceView): void {
  const span = view.cursor.value
  if (span < 0) return
  const { childCounts, parents } = view.tree.value
  if (childCounts[span]! > 0 && !view.isShut(span)) view.toggle(span, true)
  else if (parents[span]! >= 0) view.moveTo(parents[span]!)
}
