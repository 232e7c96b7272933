/** Resolves parents by name to parents by index, and sees to it that the result is a forest. */

/**
 * @param ids of the spans
 * @param parents id of each span's parent, or ''
 * @returns index of each span's parent; -1 for roots; -2 where the parent is not here, or is its own descendant
 */
export function parentsOf(ids: readonly string[], parents: readonly string[]): number[] {
  const indexes = new Map(ids.map((id, index) => [id, index]))
  const result = parents.map((parent) => (parent === '' ? -1 : (indexes.get(parent) ?? -2)))
  cutCycles(result)
  return result
}

/** Nothing that a tracer sends forms a ring, but anybody can send anything, and a page that follows it never ends. */
function cutCycles(parents: number[]): void {
  const seen = new Int32Array(parents.length).fill(-1)
  for (let start = 0; start < parents.length; start++) {
    let at = start
    let before = -1
    while (at >= 0 && seen[at] === -1) {
      seen[at] = start
      before = at
      at = parents[at]!
    }
    // Back on the path that began here: the last step closed a ring.
    if (at >= 0 && seen[at] === start && before >= 0) parents[before] = -2
  }
}
