/** Where the page is: the address bar is the only state that a reload or a shared link brings back. */
import { type ReadonlySignal, signal } from '@preact/signals'

export interface Place {
  readonly path: string
  readonly query: URLSearchParams
}

const current = signal<Place>(read())

export const place: ReadonlySignal<Place> = current

/** @param replace do not leave an entry in the history: for changes nobody would want to go back through. */
export function navigate(href: string, { replace = false }: { replace?: boolean } = {}): void {
  if (href === location.pathname + location.search) return
  if (replace) history.replaceState(history.state, '', href)
  // The mark tells `goBack` that the previous entry is ours.
  else history.pushState({ inside: true }, '', href)
  current.value = read()
}

/** Back to where the reader came from when that was this page, else to `fallback`. */
export function goBack(fallback: string): void {
  if (history.state?.inside === true) history.back()
  else navigate(fallback)
}

/** Changes some parameters of the present address; '' or null removes one. */
export function setQuery(changes: Record<string, string | null>, options: { replace?: boolean } = {}): void {
  const query = new URLSearchParams(location.search)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name)
    else query.set(name, value)
  }
  const text = query.toString()
  navigate(location.pathname + (text && `?${text}`), options)
}

/** Lets plain links move within the page; a modified click (new tab, download) stays the browser's. */
export function followLinks(root: HTMLElement): void {
  addEventListener('popstate', () => {
    current.value = read()
  })
  root.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = (event.target as Element).closest('a')
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
    if (link.pathname.startsWith('/api/')) return
    event.preventDefault()
    navigate(link.pathname + link.search)
  })
}

function read(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) }
}
