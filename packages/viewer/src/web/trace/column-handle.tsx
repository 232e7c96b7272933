/** The line between tree and timeline, to be dragged or moved with the arrow keys. */
import { type Signal, signal } from '@preact/signals'
import type { VNode } from 'preact'

const KEY = 'spoor.tree-width'
const LEAST = 180
const MOST = 900
const STEP = 24

export const treeWidth: Signal<number> = signal(initial())

export function ColumnHandle(): VNode {
  const press = (event: PointerEvent) => {
    event.preventDefault()
    const target = event.currentTarget as HTMLElement
    const before = treeWidth.value
    target.setPointerCapture(event.pointerId)
    const move = (moved: PointerEvent) => set(before + moved.clientX - event.clientX)
    const end = () => {
      target.removeEventListener('pointermove', move)
      target.removeEventListener('pointerup', end)
      target.removeEventListener('pointercancel', end)
    }
    target.addEventListener('pointermove', move)
    target.addEventListener('pointerup', end)
    target.addEventListener('pointercancel', end)
  }
  const nudge = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key]
    if (by === undefined) return
    event.preventDefault()
    set(treeWidth.value + by)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved is no <hr>
    <div
      class="column-handle"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the tree"
      aria-valuenow={treeWidth.value}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      tabIndex={0}
      onPointerDown={press}
      onKeyDown={nudge}
    />
  )
}

function set(width: number): void {
  treeWidth.value = Math.max(LEAST, Math.min(MOST, width))
  try {
    localStorage.setItem(KEY, String(treeWidth.value))
  } catch {
    // Without storage the width lasts as long as the page.
  }
}

function initial(): number {
  let stored = 0
  try {
    stored = Number(localStorage.getItem(KEY))
  } catch {
    // No storage: the width follows from the window.
  }
  if (stored >= LEAST && stored <= MOST) return stored
  return Math.max(240, Math.min(460, Math.round(innerWidth * 0.3)))
}
