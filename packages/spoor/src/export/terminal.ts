/** Text on a terminal: how wide it is, and how to print what strangers wrote. */

/**
 * Makes control characters visible, so that a span's name cannot move the cursor, change colours, retitle the
 * window, forge a line or, with bidirectional marks, show itself in another order.
 */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) as number
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}

// C0, DEL, C1, Arabic letter mark, zero-width and directional marks, line separators, byte order mark, lone surrogates.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu

/** How many columns a text takes. It must hold no control characters. */
export function columns(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes(text)) width += graphemeColumns(segment)
  return width
}

/** Cuts a text to at most so many columns; what was cut shows as an ellipsis. */
export function truncate(text: string, width: number): string {
  if (columns(text) <= width) return text
  if (width < 1) return ''
  let taken = 0
  let kept = ''
  for (const { segment } of graphemes(text)) {
    taken += graphemeColumns(segment)
    if (taken > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

/** Cuts or fills up a text to exactly so many columns. */
export function padTo(text: string, width: number): string {
  const cut = truncate(text, width)
  return cut + ' '.repeat(Math.max(0, width - columns(cut)))
}

/**
 * Whether to print colours: `FORCE_COLOR` and `NO_COLOR` (no-color.org) decide, then whether it is a terminal.
 *
 * @param env the environment, for example `process.env`
 */
export function wantsColor(stream: { isTTY?: boolean }, env: Record<string, string | undefined>): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (env['NO_COLOR']) return false
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

const PRINTABLE_ASCII = /^[ -~]*$/

let segmenter: Intl.Segmenter | undefined

function graphemes(text: string): Iterable<{ segment: string }> {
  segmenter ??= new Intl.Segmenter()
  return segmenter.segment(text)
}

function graphemeColumns(grapheme: string): number {
  if (ZERO_WIDTH.test(grapheme)) return 0
  return EMOJI.test(grapheme) || isWide(grapheme.codePointAt(0) as number) ? 2 : 1
}

const ZERO_WIDTH = /^[\p{Mark}\p{Format}]+$/u
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u

/** East Asian Width W and F (Unicode Standard Annex 11), in coarse ranges. */
function isWide(code: number): boolean {
  return (
    code >= 0x1100 &&
    (code <= 0x115f ||
      (code >= 0x2e80 && code <= 0x303e) ||
      (code >= 0x3041 && code <= 0xa4cf) ||
      (code >= 0xa960 && code <= 0xa97f) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0xffe0 && code <= 0xffe6) ||
      (code >= 0x1f300 && code <= 0x1f64f) ||
      (code >= 0x20000 && code <= 0x3fffd))
  )
}
