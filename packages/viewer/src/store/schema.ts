/**
 * The tables. Rows of `span` are narrow and lie together by trace, in the order in which traces arrived: writing
 * appends, a trace is one short range, and the oldest traces are the front. What a list does not show (attributes,
 * events, links) lies apart in compressed blocks.
 */
import { ViewerError } from '../errors.ts'
import { cannotUse, type Engine, foreign } from './engine.ts'

const VERSION = 1
/** "Spor" in ASCII: marks the file as ours (PRAGMA application_id). */
const APPLICATION = 0x53706f72

const TABLES = `
  CREATE TABLE string (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

  -- Both are interned by a digest of their encoded bytes.
  CREATE TABLE resource (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, service INTEGER NOT NULL, body BLOB NOT NULL
  );
  CREATE TABLE scope (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL);

  -- The rollup: all that the list of traces shows. Ids rise with the order of arrival.
  CREATE TABLE trace (
    id INTEGER PRIMARY KEY,
    trace_id BLOB NOT NULL UNIQUE,
    arrived INTEGER NOT NULL,       -- ms since the epoch, by the viewer's clock
    base_micros INTEGER NOT NULL,   -- what span.start counts from: µs since the epoch,
    base_nanos INTEGER NOT NULL,    -- and the ns beyond them
    start_micros INTEGER NOT NULL,  -- earliest start, for the order of the list
    start INTEGER NOT NULL,         -- earliest start and latest end, in ns from the base
    end INTEGER NOT NULL,
    spans INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    name INTEGER NOT NULL,          -- of the root, or of the earliest span while there is none
    service INTEGER NOT NULL,
    rooted INTEGER NOT NULL,
    lead_start INTEGER NOT NULL,    -- start of the span that gave name and service
    services TEXT NOT NULL          -- ids in order of appearance: ',3,7,'
  );
  CREATE INDEX trace_by_start ON trace (start_micros, id);
  CREATE INDEX failed_trace_by_start ON trace (start_micros, id) WHERE errors > 0;

  CREATE TABLE span (
    trace INTEGER NOT NULL,
    id BLOB NOT NULL,
    parent BLOB,
    name INTEGER NOT NULL,
    resource INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    start INTEGER NOT NULL,         -- ns from the trace's base
    duration INTEGER NOT NULL,
    status INTEGER NOT NULL,
    events INTEGER NOT NULL,
    block INTEGER NOT NULL,
    position INTEGER NOT NULL,      -- in the block
    PRIMARY KEY (trace, id)
  ) WITHOUT ROWID;

  -- Encoded fields of many spans, each with its length before it. The newest block is open: its bytes are in
  -- part, commit by commit, until there are enough of them to compress.
  CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    live INTEGER NOT NULL,          -- spans that still point here; at 0 the block goes
    codec INTEGER,                  -- null while open
    data BLOB
  );
  CREATE TABLE part (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
`

/**
 * Makes the tables in an empty database, checks that one with tables is ours.
 *
 * @throws `SPOOR_STORE_FOREIGN`, `SPOOR_STORE_VERSION`, `SPOOR_STORE_UNUSABLE`
 */
export function prepareSchema(engine: Engine, path: string): void {
  try {
    const tables = number(engine, 'SELECT count(*) AS value FROM sqlite_schema')
    if (tables > 0) verify(engine, path)
    // Pages of deleted traces go back to the file system bit by bit; it has to be said before the first table.
    else engine.exec('PRAGMA auto_vacuum = INCREMENTAL')
    engine.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536')
    engine.exec('PRAGMA journal_size_limit = 67108864')
    // Somebody may look into the file with other tools, and hold it for a moment.
    engine.exec('PRAGMA busy_timeout = 2000')
    if (tables > 0) return
    engine.exec(
      `BEGIN; ${TABLES}; PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION}; COMMIT`,
    )
  } catch (error) {
    throw cannotUse(path, error)
  }
}

export function number(engine: Engine, sql: string): number {
  return Number(Object.values(engine.prepare(sql).get() ?? { value: 0 })[0])
}

function verify(engine: Engine, path: string): void {
  if (number(engine, 'PRAGMA application_id') !== APPLICATION) throw foreign(path)
  const version = number(engine, 'PRAGMA user_version')
  if (version === VERSION) return
  const [age, remedy] =
    version > VERSION ? ['a newer', 'update spoor-viewer'] : ['an older', 'delete the file to start anew']
  throw new ViewerError(
    'SPOOR_STORE_VERSION',
    `the store ${path} was written by ${age} version of the viewer (layout ${version}, this one knows ${VERSION}): ${remedy}, or give another path with --store`,
  )
}
