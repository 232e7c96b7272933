/** Keys for the whole page, wherever the focus is, except where they would type or press something. */

/** An action that answers `false` did not want the key: the browser may have it. */
export type KeyTable = { readonly [key: string]: (event: KeyboardEvent) => unknown }

/** Keys that a focused button, link or field has a use for itself. */
const PRESSING = new Set(['Enter', ' '])
const FIELDS = 'input, textarea, select, [contenteditable]'
const CONTROLS = `button, a[href], summary, ${FIELDS}`

/** @returns how to take the table away again. */
export function onKeys(table: KeyTable): () => void {
  const handle = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const action = table[event.key]
    if (!action || document.querySelector('dialog[open]')) return
    const target = event.target as Element
    if (target.matches?.(FIELDS) && event.key !== 'Escape') return
    if (target.matches?.(CONTROLS) && PRESSING.has(event.key)) return
    if (action(event) !== false) event.preventDefault()
  }
  addEventListener('keydown', handle)
  return () => removeEventListener('keydown', handle)
}
