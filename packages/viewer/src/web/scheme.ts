/** Dark or light: the system's, unless the reader chose the other one. */
import { type ReadonlySignal, signal } from '@preact/signals'

export type Scheme = 'dark' | 'light'

const KEY = 'spoor.scheme'
const system = matchMedia('(prefers-color-scheme: dark)')
const present = signal<Scheme>(effective())

/** The scheme on screen. */
export const scheme: ReadonlySignal<Scheme> = present

system.addEventListener('change', () => {
  present.value = effective()
})

/** Choosing what the system says anyway is no choice: the page follows the system again. */
export function toggleScheme(): void {
  const next: Scheme = effective() === 'dark' ? 'light' : 'dark'
  const root = document.documentElement
  if (next === ofSystem()) delete root.dataset['scheme']
  else root.dataset['scheme'] = next
  try {
    if (next === ofSystem()) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  present.value = next
}

function effective(): Scheme {
  const chosen = document.documentElement.dataset['scheme']
  return chosen === 'dark' || chosen === 'light' ? chosen : ofSystem()
}

function ofSystem(): Scheme {
  return system.matches ? 'dark' : 'light'
}
