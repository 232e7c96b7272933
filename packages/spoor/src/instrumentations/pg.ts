import {
  type Call,
  database,
  type Instrumentation,
  instrumentation,
  keepContext,
} from '../instrument/index.ts'

/** The little that we read of pg, declared here so that nobody needs its types. */
interface Client {
  readonly database?: string
  readonly user?: string
  readonly host?: string
  readonly port?: number
}

/** `query(text, values, callback)`, `query({ text }, …)`, or `query(submittable)`: a Query, a Cursor, a QueryStream. */
type Query = string | { readonly text?: string; readonly cursor?: { readonly text?: string } } | undefined
type QueryCall = Call<
  Client,
  [query: Query, ...rest: unknown[]],
  { readonly rowCount?: number | null } | undefined
>

const query = database<QueryCall>({
  system: 'postgresql',
  sql: ({ args: [query] }) => (typeof query === 'string' ? query : (query?.text ?? query?.cursor?.text)),
  namespace: ({ self }) => self.database,
  user: ({ self }) => self.user,
  peer: ({ self }) => self,
  rows: ({ result }) => result?.rowCount ?? undefined,
  // Node's own errors have codes too: ECONNREFUSED.
  status: ({ error }) => /^[0-9A-Z]{5}$/.exec((error as { code?: string }).code ?? '')?.[0],
})

/** What a Query, a Cursor and a QueryStream are told by the client (lib/client.js), error or not. */
const submission = { callback: 'callback', done: 'handleReadyForQuery', failed: 'handleError' }

export const pg: Instrumentation = instrumentation({
  name: 'pg',
  patches: [
    {
      module: 'pg',
      versions: '>=8.0.3 <9',
      file: 'lib/client.js',
      at: 'prototype',
      from: ({ Client, Query, types }) => (Query && types ? Client?.prototype : undefined),
      settles: submission,
      methods: { query },
    },
    {
      module: 'pg',
      versions: '>=8.0.3 <9',
      file: 'lib/native/client.js',
      at: 'prototype',
      settles: submission,
      methods: { query },
    },
    // A busy pool calls back from whichever query gave the client back.
    {
      module: 'pg-pool',
      versions: '>=2 <4',
      file: 'index.js',
      at: 'prototype',
      from: ({ Pool, Query, types }) => (Query && types ? Pool?.prototype : undefined),
      methods: { connect: keepContext },
    },
    // Rows come from the socket, whose context is that of whoever made the connection.
    {
      module: 'pg-cursor',
      versions: '>=2.1 <3',
      file: 'index.js',
      at: 'prototype',
      from: ({ prototype }) => (prototype?.handlePortalSuspended ? prototype : undefined),
      methods: { read: keepContext, close: keepContext },
    },
  ],
})
