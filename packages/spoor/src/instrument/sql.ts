import { maskSql } from './sql-mask.ts'

/** What may be known of an SQL statement without parsing it. */
export interface SqlText {
  /** `SELECT users`: the words that name the span. */
  readonly summary: string
  /** `SELECT` */
  readonly operation: string
  /** The statement with its literals replaced by `?`. */
  readonly masked: string
}

/** Statements repeat, because values go in parameters. Those that do not repeat must not fill the memory. */
const CACHE_SIZE = 500
/** Longer ones are generated, and seldom the same twice. */
const MAX_KEY = 4096

const NOTHING: SqlText = { summary: 'query', operation: '', masked: '' }

let recent = new Map<string, SqlText>()
let older = new Map<string, SqlText>()

/** Total: any string, and none. */
export function sql(statement: string | undefined): SqlText {
  if (typeof statement !== 'string' || statement === '') return NOTHING
  const known = recent.get(statement)
  if (known !== undefined) return known
  const read = older.get(statement) ?? readSql(statement)
  if (statement.length > MAX_KEY) return read
  // Two generations instead of a list of uses: the statements in use survive the turn, at the price of a map.
  if (recent.size >= CACHE_SIZE) {
    older = recent
    recent = new Map()
  }
  recent.set(statement, read)
  return read
}

const FIRST_WORD = /^[(\s]*([A-Za-z]{1,32})\b/
const TARGET =
  /\b(?:FROM|INTO|UPDATE|TABLE|JOIN|CALL|EXECUTE|INDEX|VIEW)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+|ONLY\s+)?([\w$."`]+)/i

function readSql(statement: string): SqlText {
  const masked = maskSql(statement)
  const operation = FIRST_WORD.exec(masked)?.[1]?.toUpperCase() ?? ''
  const target = TARGET.exec(masked)?.[1]
  const summary =
    operation === '' ? 'query' : target === undefined ? operation : `${operation} ${target.slice(0, 80)}`
  return { summary, operation, masked }
}
