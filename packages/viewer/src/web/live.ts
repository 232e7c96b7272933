/** The page's ear on the store: one Server-Sent Events stream for all of it, reopened for as long as it takes. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { TracesChanged } from '../api.ts'

export type Connection = 'connecting' | 'open' | 'lost'

const state = signal<Connection>('connecting')
const listeners = new Set<(changed: TracesChanged) => void>()
const RETRY_MILLISECONDS = 1500
const EVERYTHING: TracesChanged = { traceIds: [], spans: 0 }

export const connection: ReadonlySignal<Connection> = state

/** @returns how to stop listening. After a reconnection the listener hears "many changed": nobody knows what was missed. */
export function onTracesChanged(listener: (changed: TracesChanged) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function listen(): void {
  const source = new EventSource('/api/events')
  source.addEventListener('open', () => {
    const missed = state.value === 'lost'
    state.value = 'open'
    if (missed) tell(EVERYTHING)
  })
  source.addEventListener('traces', (event) => {
    tell(JSON.parse((event as MessageEvent<string>).data) as TracesChanged)
  })
  source.addEventListener('error', () => {
    state.value = 'lost'
    // The browser retries a dropped stream by itself, but gives up for good when the answer was an HTTP error.
    if (source.readyState !== EventSource.CLOSED) return
    setTimeout(listen, RETRY_MILLISECONDS)
  })
}

function tell(changed: TracesChanged): void {
  for (const listener of listeners) listener(changed)
}
