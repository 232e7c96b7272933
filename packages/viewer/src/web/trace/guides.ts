/** The lines of the tree: one path per row, from the open ancestors down to the elbow that leads to this span. */
import type { Tree } from './tree.ts'

const WIDEST_STEP = 16
const NARROWEST_STEP = 4
/** From a level's left edge to the middle of its twist, which the line hangs from. */
const AXIS = 8

/** Pixels of indentation per level: deep traces get less, so that names keep half of the column. */
export function indentStep(deepest: number, columnWidth: number): number {
  const room = columnWidth * 0.5
  return Math.max(NARROWEST_STEP, Math.min(WIDEST_STEP, Math.floor(room / Math.max(deepest, 1))))
}

/** Levels drawn at most; what is deeper stays at that indentation, since no column is wide enough for thousands. */
const MOST_LEVELS = 60

export function guides(
  tree: Tree,
  span: number,
  shut: boolean,
  step: number,
  rowHeight: number,
  middle: number,
): { path: string; width: number; level: number } {
  const depth = tree.depths[span]!
  const level = Math.min(depth, MOST_LEVELS)
  let path = ''
  if (depth > 0) {
    const x = axis(level - 1, step)
    path += `M${x} 0V${tree.continues[span] ? rowHeight : middle}M${x} ${middle}H${level * step + (tree.childCounts[span]! > 0 ? 1 : AXIS + 6)}`
    let ancestor = tree.parents[span]!
    for (let at = depth - 1; at > 0; at--) {
      if (at < level && tree.continues[ancestor]) path += `M${axis(at - 1, step)} 0V${rowHeight}`
      ancestor = tree.parents[ancestor]!
    }
  }
  if (!shut && tree.childCounts[span]! > 0) path += `M${axis(level, step)} ${middle + 7}V${rowHeight}`
  return { path, width: axis(level, step) + AXIS, level }
}

/** Half pixels keep a line of one pixel sharp. */
function axis(level: number, step: number): number {
  return Math.min(level * step, MOST_LEVELS * step) + AXIS - 0.5
}
