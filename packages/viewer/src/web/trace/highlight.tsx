import type { VNode } from 'preact'

/** The text with the words that were looked for marked. */
export function Highlight({ text, query }: { text: string; query: string }): VNode {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return <>{text}</>
  return (
    <>
      {split(text, words).map(({ part, found }, index) =>
        found ? <mark key={index}>{part}</mark> : <span key={index}>{part}</span>,
      )}
    </>
  )
}

function split(text: string, words: readonly string[]): { part: string; found: boolean }[] {
  const lower = text.toLowerCase()
  // Lower case may be longer ("İ"): then positions do not match and nothing is marked.
  if (lower.length !== text.length) return [{ part: text, found: false }]
  const parts: { part: string; found: boolean }[] = []
  let at = 0
  while (at < text.length) {
    const next = words
      .map((word) => ({ word, place: lower.indexOf(word, at) }))
      .filter(({ place }) => place >= 0)
      .sort((a, b) => a.place - b.place || b.word.length - a.word.length)[0]
    if (!next) break
    if (next.place > at) parts.push({ part: text.slice(at, next.place), found: false })
    parts.push({ part: text.slice(next.place, next.place + next.word.length), found: true })
    at = next.place + next.word.length
  }
  if (at < text.length) parts.push({ part: text.slice(at), found: false })
  return parts
}
