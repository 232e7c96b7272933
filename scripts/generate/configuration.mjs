/**
 * Writes `docs/reference/configuration.md`: the options of `init()` from their type, the environment from its table,
 * the viewer's options from its help.
 *
 *     node scripts/generate/configuration.mjs [--check]
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../support/run.mjs'
import { deliver, table } from './page.mjs'

const { environmentTable } = await import(pathToFileURL(join(root, 'packages/spoor/dist/esm/variables.js')))
const { helpText } = await import(pathToFileURL(join(root, 'packages/viewer/dist/options.js')))
const { defaultLimits } = await import(pathToFileURL(join(root, 'packages/spoor/dist/esm/tracer/limits.js')))

/** Options that have no comment of their own, and the variable that means the same. */
const sameAs = {
  headers: 'OTEL_EXPORTER_OTLP_HEADERS',
  dialect: 'SPOOR_DIALECT',
}
const ownWords = {
  sampler: 'Which traces are kept: one of `Samplers`, or your own. See [sampling](../guides/sampling.md).',
  limits: 'What one span may hold; see below.',
  logLevel: 'How much Spoor says about itself: `silent`, `error`, `warn` (the default), `info`, `debug`.',
  scopeManager: 'How the active span is found. Default: `AsyncLocalStorage`.',
}

const page = `# Configuration

<!-- Written by \`npm run generate\` from the code. Do not edit. -->

What you give \`init()\` wins over the environment, and the environment over the defaults. \`spoor/register\` reads the
environment alone. A name that does not exist stops the start with an error that names the nearest one
([errors](errors.md)); a value of an \`OTEL_\` variable that cannot be read is reported and the default taken.
Only an address, header or certificate of the collector that cannot be used stops the start as well: spans are not sent
elsewhere than you asked.

## Options of init

${table(['Option', 'Type', 'Meaning'], options())}

### Limits

What one span and one context may hold. What is over a limit is cut or dropped, and counted in the span.

${table(
  ['Limit', 'Default'],
  Object.entries(defaultLimits).map(([name, value]) => [code(name), value.toLocaleString('en')]),
)}

## Environment

An empty variable counts as one that is not set.

${table(
  ['Variable', 'Meaning', 'Value'],
  environmentTable.map(({ name, doc, expects }) => [code(name), doc, expects]),
)}

## Options of spoor-viewer

\`\`\`text
${helpText().trimEnd()}
\`\`\`
`

deliver({ 'docs/reference/configuration.md': page })

/** The members of \`InitOptions\`, with the comment above each. */
function options() {
  const source = readFileSync(join(root, 'packages/spoor/src/options.ts'), 'utf8')
  const body = /export interface InitOptions \{\n(.*?)\n\}/s.exec(source)[1]
  const members = body.matchAll(/(?: {2}\/\*\* (.*?) \*\/\n)? {2}(\w+)\?: (.*)/g)
  return [...members].map(([, doc, name, type]) => [
    code(name),
    code(type.replace(/readonly /g, '')),
    doc ?? meaning(name),
  ])
}

function meaning(name) {
  if (name in ownWords) return ownWords[name]
  const variable = environmentTable.find((each) => each.name === sameAs[name])
  if (variable === undefined) throw new Error(`InitOptions.${name} has no comment, and no words here.`)
  return `${variable.doc} (\`${variable.name}\`)`
}

function code(text) {
  return `\`${text}\``
}
