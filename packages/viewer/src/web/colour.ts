/**
 * A colour for each service, the same on every page and after every reload: its name's hash picks a place in the
 * palette, a taken place moves it to the next free one, and the browser remembers. The colours themselves, one for
 * each scheme, are the classes `.service-0` … of `styles/palette.css`.
 */
export const PALETTE_SIZE = 12

const KEY = 'spoor.colours'
const REMEMBERED = 64
const LONGEST_NAME = 100

/** Places given since the page was loaded; only these are taken, so that services of last month block nothing. */
const given = new Map<string, number>()
/** Places given before, least recent first. */
const remembered = recall()

/** @returns the class that sets `--fill` and `--ink` for this service. */
export function serviceClass(service: string): string {
  const name = service.slice(0, LONGEST_NAME)
  let place = given.get(name)
  if (place === undefined) {
    place = choose(name)
    given.set(name, place)
    remember(name, place)
  }
  return `service-${place}`
}

/** When every place is taken, names share: the hash alone decides, which at least stays the same. */
function choose(name: string): number {
  const preferred = remembered.get(name) ?? hash(name) % PALETTE_SIZE
  const taken = new Set(given.values())
  for (let step = 0; step < PALETTE_SIZE; step++) {
    // Neighbours in the palette are neighbours in hue: a stride of five keeps the substitute clearly different.
    const place = (preferred + step * 5) % PALETTE_SIZE
    if (!taken.has(place)) return place
  }
  return preferred
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

function recall(): Map<string, number> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    if (!Array.isArray(stored)) return new Map()
    return new Map(
      stored.filter(([name, place]) => typeof name === 'string' && place >= 0 && place < PALETTE_SIZE),
    )
  } catch {
    return new Map()
  }
}

function remember(name: string, place: number): void {
  remembered.delete(name)
  remembered.set(name, place)
  try {
    localStorage.setItem(KEY, JSON.stringify([...remembered].slice(-REMEMBERED)))
  } catch {
    // Storage is switched off or full: the colours then last as long as the page.
  }
}
