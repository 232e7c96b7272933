/** The whole trace at a glance. A drag across it zooms the waterfall to that stretch; a double press shows all again. */
import { useSignal, useSignalEffect } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { serviceClass } from '../colour.ts'
import { duration } from '../format.ts'
import { scheme } from '../scheme.ts'
import { Mark } from './tree.ts'
import type { Range, TraceView } from './view.ts'

const HEIGHT = 52
const THICKEST_LINE = 5
/** A press that moves less than this many pixels is a click. */
const SLACK = 4

export function Minimap({ view }: { view: TraceView }): VNode {
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useSignal(0)
  const dragged = useSignal<Range | null>(null)

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width.value = Math.round(entry!.contentRect.width)
    })
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [])
  useSignalEffect(() => {
    void scheme.value
    if (canvas.current && width.value > 0) draw(canvas.current, width.value, view)
  })

  const moment = (event: PointerEvent) => {
    const { left, width } = box.current!.getBoundingClientRect()
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * view.tree.value.duration
  }
  const press = (event: PointerEvent) => {
    if (event.button !== 0) return
    event.preventDefault()
    const start = moment(event)
    const target = event.currentTarget as HTMLElement
    target.setPointerCapture(event.pointerId)
    const move = (moved: PointerEvent) => {
      const now = moment(moved)
      const far = Math.abs(moved.clientX - event.clientX) >= SLACK
      dragged.value = far ? { from: Math.min(start, now), to: Math.max(start, now) } : null
    }
    const end = () => {
      target.removeEventListener('pointermove', move)
      target.removeEventListener('pointerup', end)
      target.removeEventListener('pointercancel', end)
      if (dragged.value) view.zoomTo(dragged.value)
      dragged.value = null
    }
    target.addEventListener('pointermove', move)
    target.addEventListener('pointerup', end)
    target.addEventListener('pointercancel', end)
  }

  const shown = dragged.value ?? view.zoom.value
  const total = Math.max(view.tree.value.duration, 1)
  const percent = (at: number) => `${(at / total) * 100}%`
  return (
    <div class="minimap">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys z and 0 do the same */}
      <div
        class="minimap-box"
        ref={box}
        onPointerDown={press}
        onDblClick={() => view.zoomTo(null)}
        title="Drag to zoom, double-click to show all"
      >
        <canvas ref={canvas} role="img" aria-label={`Overview: ${duration(total)}`} />
        {shown && (
          <>
            <div class="shade" style={{ left: '0%', width: percent(shown.from) }} />
            <div class="shade" style={{ left: percent(shown.to), right: '0%' }} />
            <div
              class="window"
              style={{ left: percent(shown.from), width: percent(shown.to - shown.from) }}
            />
          </>
        )}
      </div>
      {view.zoom.value && (
        <button
          type="button"
          class="reset-zoom"
          title="Show the whole trace (0)"
          onClick={() => view.zoomTo(null)}
        >
          {duration(view.zoom.value.to - view.zoom.value.from)} of {duration(total)} · Reset
        </button>
      )}
    </div>
  )
}

/** Pixel by pixel into one image: 100,000 spans are a loop over bytes, not 100,000 drawing calls. */
function draw(canvas: HTMLCanvasElement, cssWidth: number, view: TraceView): void {
  const { size, preorder, starts, durations, marks, services, duration: total } = view.tree.value
  const scale = devicePixelRatio
  const width = Math.round(cssWidth * scale)
  const height = Math.round(HEIGHT * scale)
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')
  if (!context || size === 0) return
  const image = context.createImageData(width, height)
  const pixels = new Uint32Array(image.data.buffer)
  const colours = readColours(canvas, view)
  const pitch = Math.min(THICKEST_LINE * scale, height / size)
  const thickness = Math.max(1, Math.round(pitch * 0.75))
  const paint = (row: number, colour: number) => {
    const span = preorder[row]!
    const left = Math.min(width - 1, Math.floor((starts[span]! / Math.max(total, 1)) * width))
    const right = Math.max(
      left + 1,
      Math.ceil(((starts[span]! + durations[span]!) / Math.max(total, 1)) * width),
    )
    const top = Math.floor(row * pitch)
    for (let y = top; y < Math.min(top + thickness, height); y++) {
      pixels.fill(colour, y * width + left, y * width + Math.min(right, width))
    }
  }
  for (let row = 0; row < size; row++) paint(row, colours.services.get(services[preorder[row]!]!)!)
  // Failed spans last: among thousands of rows on one line of pixels they are the ones to see.
  for (let row = 0; row < size; row++) if (marks[preorder[row]!]! & Mark.error) paint(row, colours.error)
  context.putImageData(image, 0, 0)
}

function readColours(
  canvas: HTMLCanvasElement,
  view: TraceView,
): { services: Map<string, number>; error: number } {
  const probe = document.createElement('i')
  canvas.parentElement!.append(probe)
  const read = (className: string) => {
    probe.className = `colour-probe ${className}`
    const [red = 0, green = 0, blue = 0] = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ?? []
    // Bytes of an image run red, green, blue, alpha; every machine a browser runs on is little-endian.
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
  }
  const services = new Map<string, number>()
  for (const service of view.tree.value.serviceCounts.keys())
    services.set(service, read(serviceClass(service)))
  const error = read('failed')
  probe.remove()
  return { services, error }
}
