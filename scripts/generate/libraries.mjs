/**
 * Writes the table of libraries into the READMEs, from the instrumentations themselves and from the versions that the
 * tests install.
 *
 *     node scripts/generate/libraries.mjs [--check]
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { subset } from 'semver'
import { root } from '../support/run.mjs'
import { testedVersions } from './installed.mjs'
import { deliver, table, withPart } from './page.mjs'

const { instrumentations } = await import(
  pathToFileURL(join(root, 'packages/spoor/dist/esm/instrumentations/index.js'))
)

const text = table(
  ['Library', 'Versions', 'Tested with', 'How Spoor hears of it'],
  instrumentations.map((each) => [named(each), versions(each), tested(each.name), means(each)]),
)
deliver({
  'README.md': withPart('README.md', 'libraries', text),
  'packages/spoor/README.md': withPart('packages/spoor/README.md', 'libraries', text),
})

function named({ name, builtins }) {
  if (name === 'undici') return '`fetch`, `undici`'
  if (builtins === undefined) return `\`${name}\``
  return builtins.map(({ module }) => `\`node:${module}\``).join(', ')
}

/** Ranges of the library itself; those of the packages that it is made of only where it has none. */
function versions({ name, builtins, versions: served, patches = [], adopts = [] }) {
  if (builtins !== undefined) return 'every supported Node'
  const files = patches.length > 0 || served !== undefined ? patches : adopts
  const own = files.filter(({ module }) => module === name).map(({ versions }) => versions)
  const [range, remark] = served?.split(', ') ?? []
  const parts = files.map(({ module, versions }) => `\`${module}\` ${versions}`)
  const ranges = range === undefined ? own : [...own, range]
  const widest = [...new Set(ranges)].filter(
    (each) => !ranges.some((other) => other !== each && subset(each, other)),
  )
  const all = own.length > 0 || range !== undefined ? widest : [...new Set(parts)]
  return `${all.toSorted().join(' · ')}${remark === undefined ? '' : `, ${remark}`}`
}

function tested(name) {
  return testedVersions(name) || '20, 22, 24, 26'
}

function means({ builtins, channels, points, exchanges, patches, adopts }) {
  const all = [
    builtins && 'prototypes of the built-in module',
    (channels || points || exchanges) && 'its own diagnostics channels',
    patches && 'wrapped methods',
    adopts && !channels && !exchanges && !patches && 'its global tracer becomes ours',
  ]
  return all.filter(Boolean).join(', ')
}
