/**
 * Writes `docs/reference/configuration.md`: the options and the environment from their tables, what options
 * mean from the comments of their types, the viewer's options from its help.
 *
 *     node scripts/generate/configuration.mjs [--check]
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../support/run.mjs'
import { deliver, table } from './page.mjs'

const built = (path) => import(pathToFileURL(join(root, path)))
const { environmentTable, variables } = await built('packages/spoor/dist/esm/variables.js')
const { optionsTable } = await built('packages/spoor/dist/esm/options-table.js')
const { defaultLimits } = await built('packages/spoor/dist/esm/tracer/limits.js')
const { helpText } = await built('packages/viewer/dist/options.js')

const page = `# Configuration

<!-- Written by \`npm run generate\` from the code. Do not edit. -->

An option can be said in four places. The first that says it decides:

1. code: what you give \`init()\`;
2. the environment;
3. \`spoor.config.js\`, \`.mjs\`, \`.cjs\` or \`.json\`: looked for in the working directory, then upwards to the nearest
   \`package.json\`; or the file that \`SPOOR_CONFIG\` names;
4. the key \`spoor\` of that \`package.json\`.

\`limits\`, \`ignore\` and \`resourceAttributes\` are brought together property by property. \`spoor/register\` knows the last
three; a mistake there is told on stderr, and the application runs untraced. Tracing objects (\`spoor/express\` and its
like) take options of their own, which hold beside these: neither takes a callback from the other.
\`spoor doctor\` tells where each option came from.

A name that does not exist stops the start with an error that names the file and the nearest name
([errors](errors.md)); a value of an \`OTEL_\` variable that cannot be read is reported and the default taken.
Only an address, header or certificate of the collector that cannot be used stops the start as well: spans are not sent
elsewhere than you asked. Names of the Python libraries have [a table of their own](python-names.md).

## Options

${table(['Option', 'Type', 'Default', 'Environment', 'Meaning'], options())}

### Files

A file gives an object of these options. JavaScript exports it: \`export default { … }\`, \`module.exports = { … }\`; a comment
\`/** @type {import('spoor').InitOptions} */\` above it lets an editor check it.

\`\`\`json
{
  "serviceName": "shop",
  "tracer": "./tracing.js#createTracer",
  "tracerOptions": { "host": "collector" },
  "tracedAttributes": ["method", "headers.user-agent"],
  "startSpanCallback": "./hooks.js#onStart",
  "ignore": { "paths": ["/health"], "when": "./hooks.js#isBoring" }
}
\`\`\`

What JSON and the environment cannot hold is named: \`./file.js#export\`, \`package#export\`, or \`./file.js\` for what a
module exports by default. Paths start from the file that the name stands in; from the working directory in code and
in the environment. This goes for \`tracer\`, ${named().join(', ')}, \`ignore.when\` and \`ignore.whenRouted\`.
Modules are loaded synchronously, ES modules too, and so may not \`await\` at their top level; a package that can only be
imported is named through a file of yours that exports what it has. What they load is loaded before anything is instrumented:
keep to what the tracer needs.

A function given as \`tracer\` is called once, with \`tracerOptions\` where that is given: by \`init()\` at once, by a tracing
object at its first use; one that a tracing object is given by name is called at once too. It may be asynchronous. \`init()\` does not wait for it: spans that are started before it has answered
are not recorded, which is said on stderr.

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

/** Every option of the table, with the comment above its type. */
function options() {
  const members = {
    ...membersOf('options', 'InitOptions'),
    ...membersOf('instrument/server-options', 'ServerOptions'),
    ...membersOf('instrument/client-policy', 'ClientOptions'),
  }
  return Object.entries(optionsTable).map(([name, { variables: keys = [], fallback = '' }]) => {
    const member = members[name]
    if (member?.doc === undefined) throw new Error(`The option ${name} has no comment.`)
    const set = keys.map((key) => code(variables[key].name)).join(', ')
    return [code(name), code(member.type), fallback, set, member.doc]
  })
}

function membersOf(file, type) {
  const source = readFileSync(join(root, `packages/spoor/src/${file}.ts`), 'utf8')
  const [, body] = new RegExp(`export interface ${type}\\b[^{]*\\{\\n(.*?)\\n\\}`, 's').exec(source)
  const members = body.matchAll(/(?: {2}\/\*\*([\s\S]*?)\*\/\n)? {2}(\w+)\?: (.*)/g)
  return Object.fromEntries(
    [...members].map(([, doc, name, type]) => [
      name,
      { type: type.replace(/readonly /g, ''), doc: doc === undefined ? undefined : words(doc) },
    ]),
  )
}

/** A comment as one line. */
function words(comment) {
  return comment
    .replace(/\n\s*\*/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ See \{@link \w+\}\./g, '')
    .trim()
}

function named() {
  return Object.entries(optionsTable)
    .filter(([, row]) => row.named !== undefined)
    .map(([name]) => code(name))
}

function code(text) {
  return `\`${text}\``
}
