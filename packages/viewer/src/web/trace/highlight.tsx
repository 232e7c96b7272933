import type { VNode } from 'preact'

/** The text with every place marked that was looked for. */
export function Highlight({ text, query }: { text: string; query: string }): VNode {
  const phrase = query.trim().toLowerCase()
  const lower = text.toLowerCase()
  // Lower case may be longer ("İ"): then positions do not match and nothing is marked.
  if (phrase === '' || lower.length !== text.length) return <>{text}</>
  const parts: (string | VNode)[] = []
  let at = 0
  for (let next = lower.indexOf(phrase); next >= 0; next = lower.indexOf(phrase, at)) {
    parts.push(text.slice(at, next), <mark key={next}>{text.slice(next, next + phrase.length)}</mark>)
    at = next + phrase.length
  }
  return (
    <>
      {parts}
      {text.slice(at)}
    </>
  )
}
