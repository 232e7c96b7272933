import { type Dialect, type Names, names } from './dialect.ts'

/**
 * Databases and caches. Sources: OpenTelemetry semantic conventions 1.36, "Database spans" (stable); OpenTracing
 * semantic conventions, "Span tags", where `db.type` is `sql` for any SQL database.
 */
const terms = {
  component: { otel: null, opentracing: 'component' },
  system: { otel: 'db.system.name', opentracing: null },
  type: { otel: null, opentracing: 'db.type' },
  operation: { otel: 'db.operation.name', opentracing: null },
  statement: { otel: 'db.query.text', opentracing: 'db.statement' },
  summary: { otel: 'db.query.summary', opentracing: null },
  namespace: { otel: 'db.namespace', opentracing: 'db.instance' },
  collection: { otel: 'db.collection.name', opentracing: null },
  user: { otel: null, opentracing: 'db.user' },
  batchSize: { otel: 'db.operation.batch.size', opentracing: null },
  returnedRows: { otel: 'db.response.returned_rows', opentracing: null },
  responseStatus: { otel: 'db.response.status_code', opentracing: null },
  errorType: { otel: 'error.type', opentracing: null },
  serverAddress: { otel: 'server.address', opentracing: 'peer.hostname' },
  serverPort: { otel: 'server.port', opentracing: 'peer.port' },
} as const

export type DatabaseNames = Names<typeof terms>

export function databaseNames(dialect: Dialect): DatabaseNames {
  return names(terms, dialect)
}

const SQL_SYSTEMS: ReadonlySet<string> = new Set([
  'postgresql',
  'mysql',
  'mariadb',
  'sqlite',
  'microsoft.sql_server',
  'oracle.db',
])

/** OpenTracing's `db.type` for an OpenTelemetry `db.system.name`. */
export function databaseType(system: string): string {
  return SQL_SYSTEMS.has(system) ? 'sql' : system
}
