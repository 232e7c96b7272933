/**
 * Writes `docs/reference/errors.md`: every code in the sources, with what it means. Fails for a code without a
 * meaning, and for a meaning without a code.
 *
 *     node scripts/generate/errors.mjs [--check]
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesUnder } from '../support/fingerprint.mjs'
import { root } from '../support/run.mjs'
import { meanings } from './error-meanings.mjs'
import { deliver, table } from './page.mjs'

const { environmentTable } = await import(pathToFileURL(join(root, 'packages/spoor/dist/esm/variables.js')))
const variables = new Set(environmentTable.map(({ name }) => name))
/** Only lists the codes of the viewer, those that it does not use yet too. */
const list = 'packages/viewer/src/errors.ts'

const found = new Map()
for (const file of ['packages/spoor/src', 'packages/viewer/src'].flatMap(filesUnder).sort()) {
  if (!/\.tsx?$/.test(file) || file === list) continue
  for (const code of codesIn(readFileSync(join(root, file), 'utf8'), file)) {
    found.set(code, [...(found.get(code) ?? []), file])
  }
}

const faults = [
  ...[...found.keys()].filter((code) => !(code in meanings)).map((code) => `${code} has no meaning.`),
  ...Object.keys(meanings)
    .filter((code) => !found.has(code))
    .map((code) => `${code} has a meaning, and is nowhere in the sources.`),
]
if (faults.length > 0) {
  for (const fault of faults) console.error(fault)
  process.exit(1)
}

const page = `# Errors by code

<!-- Written by \`npm run generate\` from the sources and from scripts/generate/error-meanings.mjs. Do not edit. -->

An error that you can act on has a code that stays the same between versions: \`error.code\`. Its message names the
cause and the remedy. Errors are thrown at the start and by calls that you make yourself; what goes wrong while the
application runs is never thrown into it, but told on stderr, once per cause.

${table(['Code', 'When', 'What to do'], rows('packages/spoor/'))}

## spoor-viewer

${table(['Code', 'When', 'What to do'], rows('packages/viewer/'))}
`
deliver({ 'docs/reference/errors.md': page })

function rows(folder) {
  return [...found]
    .filter(([, files]) => files.some((file) => file.startsWith(folder)))
    .toSorted(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([code]) => [`\`${code}\``, ...meanings[code]])
}

/**
 * Codes that are thrown or reported. Some are put together: `SPOOR_UNKNOWN_` and a word. `SPOOR_TIMEOUT` never leaves
 * the exporter, where it becomes a sentence.
 */
function codesIn(source, file) {
  const written = [...source.matchAll(/'(SPOOR_[A-Z_]*[A-Z])'/g)].map(([, code]) => code)
  const composed = [...source.matchAll(/\brequireKnown\(\s*'(\w+)'/g)].map(
    ([, word]) => `SPOOR_UNKNOWN_${word.toUpperCase()}`,
  )
  return new Set(
    [...written, ...composed].filter((code) => !isVariable(code, file) && code !== 'SPOOR_TIMEOUT'),
  )
}

/** One code is the name of a variable too, and means that its value is of no use. */
function isVariable(name, file) {
  return name.startsWith('SPOOR_VIEWER_') || (file.endsWith('/variables.ts') && variables.has(name))
}
