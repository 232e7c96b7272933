/** The kinds of variables: how the text of each is read, and what is asked for when it cannot be. */
import { isSpecifier } from './specifier.ts'

/** One variable. */
export interface Variable<Value> {
  readonly name: string
  /** How the text is read; undefined when it cannot be. */
  readonly read: (text: string) => Value | undefined
  /** What the message asks for when it cannot. */
  readonly expects: string
  readonly doc: string
  /** The names that a list may hold; those that it may not are left out. */
  readonly names?: readonly string[]
  /** The value is not printed. */
  readonly secret?: boolean
}

/** Reads one variable, or answers undefined: not set, empty, or not what it should be. */
export const text = (name: string, doc: string): Variable<string> => ({
  name,
  read: (value) => value,
  expects: 'text',
  doc,
})

export const list = (name: string, doc: string, names?: readonly string[]): Variable<string[]> => ({
  name,
  ...(names === undefined ? {} : { names }),
  // White space too: the form of lists over several lines in INI files (behaviour PYR-C02).
  read: (value) => value.split(/[\s,]+/).filter((item) => item !== ''),
  expects: 'a list, separated by commas, spaces or line ends',
  doc,
})

/** A list whose items may have spaces in them. */
export const phrases = (name: string, doc: string): Variable<string[]> => ({
  name,
  read: (value) =>
    value
      .split(/[,\n]/)
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  expects: 'a list, separated by commas or line ends',
  doc,
})

export const flag = (name: string, doc: string): Variable<boolean> => ({
  name,
  // OpenTelemetry: only `true`, in any case, is true; anything else is false and, if it is not `false`, worth a word.
  read: (value) => ({ true: true, false: false })[value.toLowerCase()],
  expects: '`true` or `false`',
  doc,
})

/** Timers take no more: Node fires at once instead. */
const MOST = 2 ** 31 - 1

export const whole = (name: string, doc: string, least = 0): Variable<number> => ({
  name,
  read: (value) =>
    /^\d+$/.test(value) && Number(value) >= least && Number(value) <= MOST ? Number(value) : undefined,
  expects: `a whole number from ${least} to ${MOST}`,
  doc,
})

export const choice = <Choice extends string>(
  name: string,
  choices: readonly Choice[],
  doc: string,
): Variable<Choice> => ({
  name,
  read: (value) => choices.find((known) => known === value.toLowerCase()),
  expects: choices.map((known) => `\`${known}\``).join(', '),
  doc,
})

/** Names something in a module. */
export const specifier = (name: string, doc: string): Variable<string> => ({
  name,
  read: (value) => (isSpecifier(value) ? value : undefined),
  expects: 'the name of an export, `./file.js#export` or `package#export`',
  doc,
})

export const pairs = (name: string, doc: string): Variable<{ [key: string]: string }> => ({
  name,
  read: readPairs,
  // Credentials stand in them, and where a mistake is one cannot know which part they are.
  secret: true,
  expects: '`key=value` pairs, separated by commas, values percent-encoded',
  doc,
})

function readPairs(value: string): { [key: string]: string } | undefined {
  const read: { [key: string]: string } = {}
  for (const pair of value.split(',')) {
    if (pair.trim() === '') continue
    const equals = pair.indexOf('=')
    if (equals < 1) return undefined
    try {
      read[decodeURIComponent(pair.slice(0, equals).trim())] = decodeURIComponent(
        pair.slice(equals + 1).trim(),
      )
    } catch {
      return undefined
    }
  }
  return read
}
