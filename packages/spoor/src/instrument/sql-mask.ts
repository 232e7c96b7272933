/**
 * Takes the values out of an SQL statement without parsing it. Where the dialects of databases read a text differently,
 * the reading that hides more is taken: better too much than a secret.
 *
 * Strings, numbers and dollar-quoted bodies become `?`, comments vanish, white space is folded, lists of values are
 * shortened to `(?)`. Identifiers, quoted or not, and placeholders (`$1`, `?`, `:name`, `@name`) stay.
 */

/** Longer statements are generated ones: they are cut before they are read, and end in `…`. */
const MAX_LENGTH = 4096

/** Total: any string, in time proportional to its first 4,096 characters. */
export function maskSql(statement: string): string {
  const text = statement.slice(0, MAX_LENGTH)
  let masked = ''
  for (let at = 0; at < text.length; ) {
    const end = tokenEnd(text, at)
    masked += maskToken(text, at, end)
    at = end
  }
  const short = masked
    .replace(/ {2,}/g, ' ')
    .replace(/\( ?\?(?: ?, ?\?)+ ?\)/g, '(?)')
    .replace(/\(\?\)(?: ?, ?\(\?\))+/g, '(?)')
    .trim()
  return statement.length > MAX_LENGTH ? `${short}…` : short
}

const TAB = 9
const SPACE = 32
const DOUBLE_QUOTE = 34
const DOLLAR = 36
const QUOTE = 39
const STAR = 42
const MINUS = 45
const DOT = 46
const SLASH = 47
const BACKSLASH = 92
const UNDERSCORE = 95
const BACKTICK = 96

function maskToken(text: string, at: number, end: number): string {
  const first = text.charCodeAt(at)
  if (isSpace(first) || isComment(text, at)) return ' '
  if (first === QUOTE || startsNumber(text, at)) return '?'
  // One that does not end may hold whatever follows the mistake.
  if (first === DOUBLE_QUOTE || first === BACKTICK) {
    return end - at > 1 && text.charCodeAt(end - 1) === first ? text.slice(at, end) : '?'
  }
  if (first === DOLLAR && dollarTag(text, at) !== null) return '?'
  if (isPrefix(text, at)) return '?'
  return text.slice(at, end)
}

/** @returns where the token that begins at `at` ends: behind it */
function tokenEnd(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (isComment(text, at)) return first === MINUS ? after(text, '\n', at) : commentEnd(text, at)
  if (first === QUOTE) return stringEnd(text, at, false)
  if (first === DOUBLE_QUOTE || first === BACKTICK) return quotedEnd(text, at, first)
  if (first === DOLLAR) {
    const tag = dollarTag(text, at)
    return tag === null ? wordEnd(text, at + 1) : after(text, tag, at + tag.length)
  }
  if (startsNumber(text, at)) return numberEnd(text, at)
  if (isPrefix(text, at)) return stringEnd(text, at + 1, (first | 32) === 0x65)
  return isWord(first) ? wordEnd(text, at) : at + 1
}

function isSpace(code: number): boolean {
  return code <= SPACE && (code === SPACE || (code >= TAB && code <= 13))
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** What may stand in an identifier, of any language. */
function isWord(code: number): boolean {
  const lower = code | 32
  return (
    (lower >= 97 && lower <= 122) || isDigit(code) || code === UNDERSCORE || code === DOLLAR || code >= 128
  )
}

function wordEnd(text: string, at: number): number {
  let end = at
  while (end < text.length && isWord(text.charCodeAt(end))) end += 1
  return end
}

function isComment(text: string, at: number): boolean {
  const first = text.charCodeAt(at)
  const second = text.charCodeAt(at + 1)
  return (first === MINUS && second === MINUS) || (first === SLASH && second === STAR)
}

/** Comments nest (PostgreSQL, "Lexical Structure", 4.1.5). */
function commentEnd(text: string, at: number): number {
  let depth = 0
  for (let end = at; end < text.length; end += 1) {
    const first = text.charCodeAt(end)
    const second = text.charCodeAt(end + 1)
    if (first === SLASH && second === STAR) depth += 1
    else if (first === STAR && second === SLASH) depth -= 1
    else continue
    end += 1
    if (depth === 0) return end + 1
  }
  return text.length
}

/** `0x1f`, `1_000`, `1.5e-3`, `.5` */
function startsNumber(text: string, at: number): boolean {
  const first = text.charCodeAt(at)
  return (
    isDigit(first) || (first === DOT && isDigit(text.charCodeAt(at + 1)) && !isWord(text.charCodeAt(at - 1)))
  )
}

function numberEnd(text: string, at: number): number {
  let end = at + 1
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end)
    const signed = (code === MINUS || code === 43) && (text.charCodeAt(end - 1) | 32) === 0x65
    if (!isWord(code) && code !== DOT && !signed) break
  }
  return end
}

/** `E'…'`, `b'…'`, `X'…'`, `N'…'`: the letter belongs to the string. */
function isPrefix(text: string, at: number): boolean {
  const letter = text[at]?.toLowerCase()
  return text.charCodeAt(at + 1) === QUOTE && letter !== undefined && 'ebxn'.includes(letter)
}

/**
 * A backslash before the quote hides it from MySQL and in `E'…'`, but not in PostgreSQL's plain strings: there nobody
 * can say where the string ends, and the rest of the statement is taken for it.
 */
function stringEnd(text: string, at: number, escapes: boolean): number {
  for (let end = at + 1; end < text.length; end += 1) {
    const code = text.charCodeAt(end)
    if (code === BACKSLASH) {
      if (!escapes && text.charCodeAt(end + 1) === QUOTE) return text.length
      if (escapes) end += 1
    } else if (code === QUOTE) {
      if (text.charCodeAt(end + 1) !== QUOTE) return end + 1
      end += 1
    }
  }
  return text.length
}

function quotedEnd(text: string, at: number, quote: number): number {
  for (let end = at + 1; end < text.length; end += 1) {
    if (text.charCodeAt(end) !== quote) continue
    if (text.charCodeAt(end + 1) !== quote) return end + 1
    end += 1
  }
  return text.length
}

/** `$$` or `$body$`; null for a placeholder such as `$1`. */
function dollarTag(text: string, at: number): string | null {
  let end = at + 1
  if (isDigit(text.charCodeAt(end))) return null
  while (end < text.length && text.charCodeAt(end) !== DOLLAR && isWord(text.charCodeAt(end))) end += 1
  return text.charCodeAt(end) === DOLLAR ? text.slice(at, end + 1) : null
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  return found === -1 ? text.length : found + mark.length
}
