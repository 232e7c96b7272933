import { KIND_CLIENT } from '../../api/span-kind.ts'
import { databaseType } from '../../semantics/database.ts'
import { write } from '../../semantics/dialect.ts'
import type { EngineSpan, Row } from '../row.ts'
import { sql } from '../sql.ts'

/** What a table says of one database call. Every function gets the event and nothing else. */
export interface DatabaseFacts<Event> {
  /** OpenTelemetry's `db.system.name`: `'postgresql'`, `'redis'`. */
  readonly system: string
  /** SQL as it was written. It names the span, and leaves the process with its literals masked. */
  readonly sql?: (event: Event) => string | undefined
  /** For stores without SQL: the command. */
  readonly operation?: (event: Event) => string
  /** For stores without SQL: the command with its arguments masked. */
  readonly statement?: (event: Event) => string | undefined
  /** Database name or index. */
  readonly namespace?: (event: Event) => string | number | undefined
  readonly user?: (event: Event) => string | undefined
  readonly peer?: (event: Event) => Peer | undefined
  readonly batchSize?: (event: Event) => number | undefined
  /** At the end: how many rows came back. */
  readonly rows?: (event: Event) => number | undefined
  /** At the end, of a failure: the server's own code for it, an SQLSTATE for one. */
  readonly status?: (event: Event) => string | undefined
  /** The caller's span, where the call is made from a queue. */
  readonly parent?: (event: Event) => EngineSpan | null | undefined
  readonly skip?: (event: Event) => boolean
  /** What the event says went wrong, where that is neither thrown nor rejected. */
  readonly failure?: (event: Event) => unknown
}

export interface Peer {
  readonly host?: string | undefined
  readonly port?: number | string | undefined
}

/** One call to a database or a cache. */
export function database<Event>(facts: DatabaseFacts<Event>): Row<Event> {
  const type = databaseType(facts.system)
  return {
    does: 'span',
    kind: KIND_CLIENT,
    name: (event) => facts.operation?.(event) ?? sql(facts.sql?.(event)).summary,
    ...(facts.skip === undefined ? {} : { skip: facts.skip }),
    ...(facts.parent === undefined ? {} : { parent: facts.parent }),
    ...(facts.failure === undefined ? {} : { failure: facts.failure }),
    describe(event, to, { database: names, privacy }) {
      const peer = facts.peer?.(event)
      write(to, names.component, facts.system)
      write(to, names.system, facts.system)
      write(to, names.type, type)
      write(to, names.namespace, text(facts.namespace?.(event)))
      write(to, names.user, facts.user?.(event))
      write(to, names.serverAddress, peer?.host)
      write(to, names.serverPort, number(peer?.port))
      if (facts.sql === undefined) {
        write(to, names.operation, facts.operation?.(event))
        write(to, names.statement, facts.statement?.(event))
      } else {
        const written = facts.sql(event)
        const statement = sql(written)
        write(to, names.operation, statement.operation)
        write(to, names.summary, statement.summary)
        write(to, names.statement, privacy.statements ? written : statement.masked)
      }
      write(to, names.batchSize, facts.batchSize?.(event))
    },
    conclude(event, span, { database: names }) {
      const rows = facts.rows?.(event)
      if (rows !== undefined) for (const key of names.returnedRows) span.setTag(key, rows)
      const error = (event as { error?: unknown }).error
      if (error === undefined || error === null) return
      for (const key of names.errorType) span.setTag(key, errorType(error))
      const status = facts.status?.(event)
      if (status !== undefined) for (const key of names.responseStatus) span.setTag(key, status)
    },
  }
}

/** A low-cardinality name for an error: its code where there is one (SQLSTATE, `ECONNREFUSED`), else its class. */
export function errorType(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : typeof name === 'string' ? name : typeof error
}

function text(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}

function number(value: string | number | undefined): number | undefined {
  return typeof value === 'string' ? Number(value) : value
}
