/** Finds what somebody meant who mistyped it. */

/** @returns the candidate that takes the fewest changes, if they are few enough to be a typing error */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let fewest = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const changes = distance(word.toLowerCase(), candidate.toLowerCase())
    if (changes < fewest) {
      fewest = changes
      best = candidate
    }
  }
  return best
}

/** Levenshtein's: insertions, deletions and replacements. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])))
    }
    row = next
  }
  return row[b.length]!
}
