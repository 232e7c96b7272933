/** What the viewer says of itself, asked when the page opens and now and then while somebody looks. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Status } from '../../api.ts'
import { fetchStatus } from '../client.ts'

const EVERY_MILLISECONDS = 10_000

const present = signal<Status | null>(null)

export const status: ReadonlySignal<Status | null> = present

export function watchStatus(): void {
  void ask()
  setInterval(() => {
    if (!document.hidden) void ask()
  }, EVERY_MILLISECONDS)
}

async function ask(): Promise<void> {
  try {
    present.value = await fetchStatus()
  } catch {
    // That the viewer does not answer is said by the event stream, which notices sooner.
  }
}
