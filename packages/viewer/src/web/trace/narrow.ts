import { type ReadonlySignal, signal } from '@preact/signals'

/** The width at which the styles (`@media (max-width: 760px)`) give a span two lines instead of two columns. */
const query = matchMedia('(max-width: 760px)')
const state = signal(query.matches)

query.addEventListener('change', () => {
  state.value = query.matches
})

export const narrow: ReadonlySignal<boolean> = state
