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
  if (href === hrefOf(current.value)) return
  if (replace) {
    replaceSoon(href)
  } else {
    replaceNow()
    // The mark tells `goBack` that the previous entry is ours.
    history.pushState({ inside: true }, '', href)
  }
  const [path = '/', query = ''] = href.split('?', 2)
  current.value = { path, query: new URLSearchParams(query) }
}

/** Back to where the reader came from when that was this page, else to `fallback`. */
export function goBack(fallback: string): void {
  if (history.state?.inside === true) history.back()
  else navigate(fallback)
}

/** Changes some parameters of the present address; '' or null removes one. */
export function setQuery(changes: Record<string, string | null>, options: { replace?: boolean } = {}): void {
  const query = new URLSearchParams(current.value.query)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name)
    else query.set(name, value)
  }
  navigate(hrefOf({ path: current.value.path, query }), options)
}

/** Lets plain links move within the page; a modified click (new tab, download) stays the browser's. */
export function followLinks(root: HTMLElement): void {
  addEventListener('popstate', () => {
    pending = null
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

/** Browsers allow some hundred changes of the history in half a minute; a held key would use them up in seconds. */
const REPLACE_MILLISECONDS = 150

let pending: string | null = null
let resting = false

function replaceSoon(href: string): void {
  pending = href
  if (!resting) replaceNow()
}

function replaceNow(): void {
  if (pending === null) return
  history.replaceState(history.state, '', pending)
  pending = null
  resting = true
  setTimeout(() => {
    resting = false
    replaceNow()
  }, REPLACE_MILLISECONDS)
}

function hrefOf({ path, query }: Place): string {
  const text = query.toString()
  return path + (text && `?${text}`)
}

function read(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) }
}
