/** The line that follows the pointer through the waterfall and tells the time under it. */
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { duration } from '../format.ts'
import type { TraceView } from './view.ts'

export type Follow = (event: PointerEvent) => void

interface TimeCursorProps {
  readonly view: TraceView
  /** Receives the function to be called with every movement of the pointer. */
  readonly follow: { current: Follow | null }
}

/** Moved by hand and not by rendering: it follows the pointer, which is faster than any frame. */
export function TimeCursor({ view, follow }: TimeCursorProps): VNode {
  const line = useRef<HTMLDivElement>(null)
  useEffect(() => {
    follow.current = (event) => {
      const cursor = line.current!
      const { left, width } = cursor.parentElement!.getBoundingClientRect()
      const place = (event.clientX - left) / width
      const inside = event.type === 'pointermove' && event.pointerType === 'mouse' && place >= 0 && place <= 1
      cursor.hidden = !inside
      if (!inside) return
      const { from, to } = view.range.peek()
      cursor.style.left = `${place * 100}%`
      cursor.classList.toggle('flipped', place > 0.9)
      cursor.firstElementChild!.textContent = duration(from + place * (to - from))
    }
    return () => {
      follow.current = null
    }
  }, [view])
  return (
    <div class="time-cursor" ref={line} hidden aria-hidden="true">
      <span />
    </div>
  )
}
