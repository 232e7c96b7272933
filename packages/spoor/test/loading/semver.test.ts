import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { checkRange, satisfies } from '../../dist/esm/instrument/semver.js'

/** npm's own, the judge. It comes without types. */
const semver = createRequire(import.meta.url)('semver') as {
  satisfies(version: string, range: string, options: { includePrerelease: boolean }): boolean
}

const versions = [
  ...['0.0.1', '0.0.3', '0.2.3', '0.2.9', '0.3.0', '1.0.0', '1.2.2', '1.2.3', '1.3.0', '2.0.0', '4.22.3'],
  ...['8.0.2', '8.0.3', '8.23.1', '9.0.0', '10.0.0', '22.22.2', '22.22.3', '24.11.1', '25.1.0', '26.10.0'],
  ...[
    '5.0.0-beta.1',
    '5.0.0-beta.3',
    '5.0.0',
    '9.0.0-rc.1',
    '8.24.0-alpha.1.x',
    '4.0.0-0',
    '4.1.3-2+build.7',
  ],
]

const ranges = [
  ...[
    '>=8.0.3 <9',
    '>=2 <4',
    '4',
    '4.x',
    '4.22',
    '4.22.x',
    '4.22.3',
    '=4.22.3',
    '*',
    'x',
    '',
    '>=5',
    '<5',
    '>4',
  ],
  ...[
    '<=4',
    '>4.1',
    '<=4.1',
    '^1.2.3',
    '^1',
    '^0',
    '^0.2',
    '^0.2.3',
    '^0.0.3',
    '^0.0',
    '~1.2.3',
    '~1.2',
    '~1',
  ],
  ...[
    '~4.x',
    '^4.x',
    '>=22.22.3 <23 || >=24.11.1 <25 || >=25.1',
    '1 || 4',
    '4||5',
    '>= 8.0.3  < 9',
    '>8.0.3',
  ],
  ...[
    '>=5.0.0-beta.2 <5',
    '>=5.0.0-beta.2 <6',
    '<=8.23.1',
    'v4',
    '>=v8.0.3',
    '>=4.0.0 <4.0.0',
    '>*',
    '^9.0.0-rc.0',
  ],
]

describe('satisfies', () => {
  it('answers what npm answers with includePrerelease, for every version and range of a table', () => {
    for (const range of ranges) for (const version of versions) compareWithNpm(version, range)
  })

  it('answers what npm answers for thousands of random versions and ranges', () => {
    const random = generator(20_261_120)
    for (let round = 0; round < 20_000; round++) compareWithNpm(randomVersion(random), randomRange(random))
  })

  it('calls nothing a match that is no version', () => {
    for (const version of ['', '1', '1.2', 'latest', '1.2.3.4', '01.x', 'workspace:*']) {
      assert.equal(satisfies(version, '*'), false, version)
    }
  })

  it('refuses a range that it cannot read, with a code and a remedy', () => {
    for (const range of ['>=1.x.y', 'latest', '1.2.3 - 2.0.0', '>=', '>>1', '1.2.3.4']) {
      assert.throws(() => checkRange(range), { code: 'SPOOR_BAD_RANGE', message: /Write it like/ }, range)
    }
  })
})

function compareWithNpm(version: string, range: string): void {
  // npm lets `^0.2.3` begin before 0.2.3 and `~1.2` not before 1.2.0, with prereleases; we go by one rule.
  if (version.includes('-') && /[\^~]/.test(range)) return
  const expected = semver.satisfies(version, range, { includePrerelease: true })
  assert.equal(satisfies(version, range), expected, `${version} in "${range}"`)
}

/** A linear congruential generator, so that a failure comes back. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function randomVersion(random: (below: number) => number): string {
  const numbers = [random(4), random(4), random(4)].join('.')
  return random(4) === 0 ? `${numbers}-${['alpha', 'beta.2', 'rc.10', '0', '7.x'][random(5)]}` : numbers
}

function randomRange(random: (below: number) => number): string {
  const alternatives = Array.from({ length: 1 + random(3) }, () =>
    Array.from({ length: 1 + random(2) }, () => randomComparator(random)).join(' '),
  )
  return alternatives.join(random(2) === 0 ? ' || ' : '||')
}

function randomComparator(random: (below: number) => number): string {
  const operator = ['', '>=', '<', '>', '<=', '=', '^', '~'][random(8)]!
  const parts = [random(4), random(4), random(4)].slice(0, 1 + random(3))
  return operator + parts.join('.')
}
