import { subscribe } from 'node:diagnostics_channel'
import type { ScopeManager } from '../api/scope.ts'

/**
 * What was active when a request came in from its socket. A server that began to listen inside a span has that span
 * around all of its requests, though it is the parent of none; a span that somebody opens around `app(request, response)`
 * is. Where an application is called the two look the same, so it is noted before anybody sees the request: Node.js
 * publishes `http.server.request.start` right before the event `request` (lib/_http_server.js, since 18.8).
 */

const SURROUNDINGS: unique symbol = Symbol.for('spoor.surroundings')

type Surrounded = { [SURROUNDINGS]?: readonly unknown[] }

/** Who wants to know, as long as they live: what they see as active is theirs alone. */
const watchers = new Set<WeakRef<Watcher>>()

export interface Watcher {
  /** Null while it has none. */
  readonly scope: ScopeManager | null
}

/** Notes from now on what is active where requests arrive. */
export function watchArrivals(watcher: Watcher): void {
  if (watchers.size === 0) subscribe('http.server.request.start', noteArrival)
  watchers.add(new WeakRef(watcher))
}

function noteArrival(message: unknown): void {
  const { request, response } = message as { request: object; response: object }
  for (const reference of watchers) {
    const watcher = reference.deref()
    if (watcher === undefined) watchers.delete(reference)
    else if (watcher.scope !== null) noteSurroundings(watcher.scope, request, response)
  }
}

/** Notes what is active now, if anything is. */
export function noteSurroundings({ activeSpan }: ScopeManager, request: object, response: object): void {
  if (activeSpan === null || wasActiveAtArrival(request, activeSpan)) return
  const spans = [...((request as Surrounded)[SURROUNDINGS] ?? []), activeSpan]
  ;(request as Surrounded)[SURROUNDINGS] = spans
  ;(response as Surrounded)[SURROUNDINGS] = spans
}

/** @param message a request or its response */
export function wasActiveAtArrival(message: object, span: object): boolean {
  return (message as Surrounded)[SURROUNDINGS]?.includes(span) === true
}
