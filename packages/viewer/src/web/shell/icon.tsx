/** The page's few icons, drawn on a grid of 16 with a stroke of the text's colour. */
import type { VNode } from 'preact'

const PATHS = {
  back: 'M10 3 5 8l5 5',
  chevron: 'M6 4l4 4-4 4',
  close: 'M4 4l8 8M12 4l-8 8',
  collapse: 'M3 8h10M8 2v3.5M6 4l2 2 2-2M8 14v-3.5M6 12l2-2 2 2',
  copy: 'M6 6h7v7H6zM3.5 10H3V3h7v.5',
  check: 'M3 8.5 6.5 12 13 4.5',
  download: 'M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10',
  down: 'M4 6l4 4 4-4',
  error: 'M8 4.5v4.5M8 11.2v.4M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z',
  expand: 'M3 8h10M8 6V2M6 3.5 8 1.5l2 2M8 10v4M6 12.5l2 2 2-2',
  keyboard: 'M1.5 4h13v8h-13zM4 7h.01M6.7 7h.01M9.3 7h.01M12 7h.01M5 9.7h6',
  link: 'M6.5 9.5l3-3M7 4.5l1.3-1.3a2.6 2.6 0 0 1 3.7 3.7L10.5 8.5M9 11.5l-1.3 1.3a2.6 2.6 0 0 1-3.7-3.7L5.5 7.5',
  moon: 'M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l8 5-8 5z',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.2 3.2',
  skew: 'M8 4.5V8L5.5 9.5M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z',
  sun: 'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3.050 3.050l1.060 1.060M11.89 11.89l1.060 1.060M3.050 12.95l1.060-1.060M11.89 4.11l1.060-1.060',
  up: 'M4 10l4-4 4 4',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }): VNode {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
