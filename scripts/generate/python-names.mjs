/**
 * Writes `docs/reference/python-names.md`: what the settings of the Python libraries are called here.
 *
 *     node scripts/generate/python-names.mjs [--check]
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../support/run.mjs'
import { deliver, table } from './page.mjs'

const built = (path) => import(pathToFileURL(join(root, path)))
const { pythonNames } = await built('packages/spoor/dist/esm/python-names.js')
const { optionsTable } = await built('packages/spoor/dist/esm/options-table.js')
const { variables } = await built('packages/spoor/dist/esm/variables.js')

const names = pythonNames()
const libraries = [...new Set(names.map(({ library }) => library))]

const page = `# Names of the Python libraries

<!-- Written by \`npm run generate\` from packages/spoor/src/python-names.ts. Do not edit. -->

What the settings of the OpenTracing libraries for Python are called here. All of these are options of \`init()\` and of
[files](configuration.md#files), and those that concern requests are options of tracing objects too. An old name that is given
as an option is refused with an error that names the new one.
${libraries.map(section).join('')}`

deliver({ 'docs/reference/python-names.md': page })

function section(library) {
  const rows = names.filter((name) => name.library === library)
  return `
## ${library}

${table(
  ['There', 'Here', 'Environment', ''],
  rows.map(({ old, now, note }) => [`\`${old}\``, `\`${now}\``, environmentOf(now), note]),
)}
`
}

function environmentOf(option) {
  const keys = optionsTable[option]?.variables ?? []
  return keys.map((key) => `\`${variables[key].name}\``).join(', ')
}
