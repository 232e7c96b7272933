import { SpoorError } from '../api/errors.ts'

/**
 * The part of semantic versioning that a table of libraries needs: `>=8.0.3 <9 || 10`, `4`, `4.1.x`, `^1.2`, `~3`, `*`.
 * No hyphen ranges. A prerelease counts as a version like any other, between the release before it and its own:
 * `9.0.0-rc.1` is below `9.0.0`, but it is already a 9, so `<9` leaves it out. That is what npm's `semver` answers
 * with `includePrerelease`, and what an instrumentation wants: `8.24.0-beta.1` has the files of 8.
 */
export function satisfies(version: string, range: string): boolean {
  const parsed = parseVersion(version)
  return parsed !== null && predicate(range)(parsed)
}

/**
 * Makes sure that a range can be read.
 *
 * @throws {SpoorError} `SPOOR_BAD_RANGE`
 */
export function checkRange(range: string): void {
  predicate(range)
}

interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number]
  /** Empty for a release. */
  readonly prerelease: readonly (number | string)[]
}

type Predicate = (version: Version) => boolean

const VERSION = /^v?(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+[\w.-]+)?$/
const COMPARATOR =
  /^(>=|<=|>|<|=|\^|~)?v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([\w.-]+))?(?:\+[\w.-]+)?$/

const predicates = new Map<string, Predicate>()

function predicate(range: string): Predicate {
  let known = predicates.get(range)
  if (known === undefined) predicates.set(range, (known = parseRange(range)))
  return known
}

function parseRange(range: string): Predicate {
  const alternatives = range.split('||').map((part) => {
    const comparators = part
      .replace(/(>=|<=|>|<|=|\^|~)\s+/g, '$1')
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => parseComparator(word, range))
    return (version: Version) => comparators.every((holds) => holds(version))
  })
  return (version) => alternatives.some((holds) => holds(version))
}

/** Every comparator is an interval: from its lower bound, which belongs to it, up to its upper bound, which does not. */
function parseComparator(word: string, range: string): Predicate {
  const match = COMPARATOR.exec(word)
  if (match === null) {
    throw new SpoorError(
      'SPOOR_BAD_RANGE',
      `Cannot read "${word}" in the version range "${range}". Write it like ">=8.0.3 <9 || 10".`,
    )
  }
  const operator = match[1] ?? '='
  const given = [match[2], match[3], match[4]]
    .filter((part) => part !== undefined && /\d/.test(part))
    .map(Number)
  const low = bound(given, match[5])

  if (given.length === 0) return operator === '<' || operator === '>' ? () => false : () => true
  if (operator === '>=') return (version) => compare(version, low) >= 0
  if (operator === '<') return (version) => compare(version, low) < 0
  if (given.length === 3 && operator === '>') return (version) => compare(version, low) > 0
  if (given.length === 3 && operator === '<=') return (version) => compare(version, low) <= 0
  if (given.length === 3 && operator === '=') return (version) => compare(version, low) === 0

  const high = bound(raise(given, heldPlaces(operator, given)))
  if (operator === '>') return (version) => compare(version, high) >= 0
  if (operator === '<=') return (version) => compare(version, high) < 0
  return (version) => compare(version, low) >= 0 && compare(version, high) < 0
}

/** How many of the given numbers must stay as they are: `^` holds the first that is not zero, `~` the first two. */
function heldPlaces(operator: string, given: readonly number[]): number {
  if (operator === '~') return Math.min(given.length, 2)
  if (operator !== '^') return given.length
  const firstNonZero = given.findIndex((number) => number > 0)
  return firstNonZero === -1 ? given.length : firstNonZero + 1
}

function raise(given: readonly number[], held: number): number[] {
  return given.slice(0, held).map((number, place) => (place === held - 1 ? number + 1 : number))
}

/** A partial version stands for its very first prerelease: `5` begins at `5.0.0-0`. */
function bound(given: readonly number[], prerelease?: string): Version {
  const numbers = [given[0] ?? 0, given[1] ?? 0, given[2] ?? 0] as const
  if (given.length < 3) return { numbers, prerelease: [0] }
  return { numbers, prerelease: prerelease === undefined ? [] : identifiers(prerelease) }
}

function parseVersion(version: string): Version | null {
  const match = VERSION.exec(version.trim())
  if (match === null) return null
  const prerelease = match[4] === undefined ? [] : identifiers(match[4])
  return { numbers: [Number(match[1]), Number(match[2]), Number(match[3])], prerelease }
}

function identifiers(text: string): (number | string)[] {
  return text.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}

/** Semantic Versioning 2.0.0, section 11. */
function compare(a: Version, b: Version): number {
  for (let place = 0; place < 3; place++) {
    const difference = a.numbers[place]! - b.numbers[place]!
    if (difference !== 0) return difference
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length
  for (let place = 0; place < Math.max(a.prerelease.length, b.prerelease.length); place++) {
    const left = a.prerelease[place]
    const right = b.prerelease[place]
    if (left === right) continue
    if (left === undefined) return -1
    if (right === undefined) return 1
    if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1
    return left < right ? -1 : 1
  }
  return 0
}
