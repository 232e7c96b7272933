import type { ScopeManager } from '../api/scope.ts'
import type { SpanContext } from '../api/span-context.ts'
import type { Tracer } from '../api/tracer.ts'
import type { DatabaseNames } from '../semantics/database.ts'
import type { HttpNames } from '../semantics/http.ts'
import type { MessagingNames } from '../semantics/messaging.ts'
import type { ClientPolicy } from './client-policy.ts'
import type { EngineParent, EngineSpan, Row } from './row.ts'
import type { ServerPolicy } from './server-policy.ts'

/** What the engine runs on; `init` makes one for its tracer, our own or a foreign one. */
export interface Runtime {
  /** The global tracer, late-bound. */
  readonly tracer: Tracer
  readonly scope: ScopeManager
  readonly http: HttpNames
  readonly database: DatabaseNames
  readonly messaging: MessagingNames
  readonly privacy: Privacy
  /** Opens a span of a row. The row describes the event only if somebody keeps what it says. */
  open<Event>(row: Row<Event>, event: Event, parent: EngineParent): EngineSpan
  /** A span that says nothing, nor does anything below it: for requests that are ignored. */
  silent(parent: EngineParent): EngineSpan
  /** What was said at start of all requests; null for nothing. */
  readonly policy: ServerPolicy | null
  /** What was said at start of requests that go out; null for nothing. */
  readonly clients: ClientPolicy | null
  /** Reads a context from request headers; null for none. Never throws. */
  extract(headers: object): SpanContext | null
  /** Adds headers for a context to a carrier. Never throws. */
  inject(span: EngineSpan, carrier: { [key: string]: string }): void
  /** Lower-case names of the headers that `extract` looks at; null when any header may matter. */
  readonly inboundHeaders: readonly string[] | null
}

/** What may leave the process. Everything is off until somebody names it. */
export interface Privacy {
  /** Send SQL as it is written, literals included. */
  readonly statements: boolean
  /** Query parameters whose values are masked, lower-case. */
  readonly secretParameters: ReadonlySet<string>
}
