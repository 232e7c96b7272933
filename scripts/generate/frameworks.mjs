/**
 * Writes the table of frameworks into the READMEs, from the list of tracing objects and from the versions that the tests
 * install.
 *
 *     node scripts/generate/frameworks.mjs [--check]
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../support/run.mjs'
import { testedVersions } from './installed.mjs'
import { deliver, table, withPart } from './page.mjs'

const { frameworks } = await import(pathToFileURL(join(root, 'packages/spoor/dist/esm/frameworks/index.js')))

const text = table(
  ['Framework', 'Versions', 'Tested with', 'Tracing object', 'Its request'],
  frameworks.map(({ title, door, tracing, packages, request }) => [
    title,
    each(packages, ([name, range]) => `\`${name}\` ${range}`),
    each(packages, ([name]) => testedVersions(name)),
    `\`${tracing}\` of \`${door}\``,
    `\`${request}\``,
  ]),
)
deliver({
  'README.md': withPart('README.md', 'frameworks', text),
  'packages/spoor/README.md': withPart('packages/spoor/README.md', 'frameworks', text),
})

function each(packages, render) {
  return Object.entries(packages).map(render).join(' · ')
}
