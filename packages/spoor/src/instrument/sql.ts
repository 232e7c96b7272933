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
/** Longer statements are generated ones: they are cut before they are read. */
const MAX_LENGTH = 4096

const NOTHING: SqlText = { summary: 'query', operation: '', masked: '' }

let recent = new Map<string, SqlText>()
let older = new Map<string, SqlText>()

/** Total: any string, and none. */
export function sql(statement: string | undefined): SqlText {
  if (typeof statement !== 'string' || statement === '') return NOTHING
  const known = recent.get(statement) ?? older.get(statement)
  if (known !== undefined) return known
  const read = readSql(statement)
  // Two generations instead of a list of uses: the statements in use survive the turn, at the price of a map.
  if (recent.size >= CACHE_SIZE) {
    older = recent
    recent = new Map()
  }
  recent.set(statement, read)
  return read
}

/**
 * Strings, numbers, hexadecimal and dollar-quoted literals become `?`, comments vanish, white space is folded.
 * Quoted identifiers and placeholders stay. An unfinished literal swallows the rest: better too much than a secret.
 */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[eExXbBnN]?'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|\$([A-Za-z_]\w*)?\$[\s\S]*?(?:\$\1\$|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)|\$\d+|\b0[xX][0-9a-fA-F]+\b|(?<![\w$@:])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b|\s+/g

export function maskSql(statement: string): string {
  return statement
    .slice(0, MAX_LENGTH)
    .replace(TOKEN, (token) => {
      const first = token.charCodeAt(0)
      if (token.startsWith('--') || token.startsWith('/*') || first <= 0x20) return ' '
      if (token.startsWith('"') || token.startsWith('`') || /^\$\d/.test(token)) return token
      return '?'
    })
    .replace(/ {2,}/g, ' ')
    .replace(/\(\s*\?(?:\s*,\s*\?)+\s*\)/g, '(?)')
    .trim()
}

const FIRST_WORD = /^[(\s]*([A-Za-z]+)/
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
