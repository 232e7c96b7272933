import { MAX_LENGTH } from './text.ts'

/** Members of a list at most (W3C Trace Context, 3.3.1.1). */
const MAX_MEMBERS = 32
/** Characters of a key, and of a value, at most (3.3.1.3). */
const MAX_PART = 256

/** How keys are judged: Level 2 has one rule for all, Level 1 splits them into tenant and vendor at an `@`. */
export type KeyGrammar = 1 | 2

/**
 * Reads a `tracestate`, repeated headers already joined by commas. The list is all or nothing: one malformed member,
 * a key that comes twice, or more than 32 members, and all of it is discarded, as the specification's own test suite
 * demands. Everything that is accepted is sent on, so up to 8,192 characters (the specification asks for 512).
 *
 * @returns the list without empty members and optional white space, `''` for none
 */
export function readTraceState(header: string, grammar: KeyGrammar): string {
  if (header.length > MAX_LENGTH) return ''
  const keys: string[] = []
  let list = ''
  let next = 0
  for (let start = 0; start <= header.length; start = next + 1) {
    next = header.indexOf(',', start)
    if (next === -1) next = header.length
    const from = skipSpace(header, start, next)
    const to = trimSpace(header, from, next)
    // Senders that split the list over several headers leave empty members behind.
    if (from === to) continue
    const equals = header.indexOf('=', from)
    if (equals === -1 || equals > to || !isValue(header, equals + 1, to)) return ''
    const key = header.slice(from, equals)
    if (!isKey(key, grammar) || keys.includes(key) || keys.push(key) > MAX_MEMBERS) return ''
    list += list === '' ? header.slice(from, to) : `,${header.slice(from, to)}`
  }
  return list.length === header.length ? header : list
}

/** The value of one member of a list that {@link readTraceState} has accepted. */
export function traceStateMember(list: string, key: string): string | undefined {
  for (const member of list.split(',')) {
    if (member.startsWith(key) && member[key.length] === '=') return member.slice(key.length + 1)
  }
  return undefined
}

const SPACE = 0x20
const TAB = 0x09
const COMMA = 0x2c
const EQUALS = 0x3d

const KEY_CHARACTER: Uint8Array = new Uint8Array(128)
for (const character of 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@')
  KEY_CHARACTER[character.charCodeAt(0)] = 1

function isKey(key: string, grammar: KeyGrammar): boolean {
  if (key.length === 0 || key.length > MAX_PART) return false
  if (!isDigit(key.charCodeAt(0)) && !isLetter(key.charCodeAt(0))) return false
  for (let i = 1; i < key.length; i++) {
    const code = key.charCodeAt(i)
    if (code > 127 || KEY_CHARACTER[code] !== 1) return false
  }
  return grammar === 2 || isLevel1Key(key)
}

/** Level 1: a vendor that begins with a letter; or `tenant@vendor`, of up to 241 and 14 characters. */
function isLevel1Key(key: string): boolean {
  const at = key.indexOf('@')
  if (at === -1) return isLetter(key.charCodeAt(0))
  const vendor = key.slice(at + 1)
  return at <= 241 && vendor.length <= 14 && isLetter(vendor.charCodeAt(0)) && !vendor.includes('@')
}

/** Printable ASCII without comma and equals sign; leading spaces belong to it, trailing ones were trimmed. */
function isValue(text: string, from: number, to: number): boolean {
  if (to <= from || to - from > MAX_PART) return false
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code < SPACE || code > 0x7e || code === COMMA || code === EQUALS) return false
  }
  return true
}

function isLetter(code: number): boolean {
  return code >= 0x61 && code <= 0x7a
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function skipSpace(text: string, from: number, to: number): number {
  while (from < to && isSpace(text.charCodeAt(from))) from++
  return from
}

function trimSpace(text: string, from: number, to: number): number {
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return to
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB
}
