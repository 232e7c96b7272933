/**
 * Writes what is derived from the sources; `--check` writes nothing and fails if a page is stale, naming it.
 *
 *     npm run generate [-- --check]
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap } from './bootstrap.mjs'
import { root, runNode } from './support/run.mjs'
import { main, paint, say, Trouble } from './support/terminal.mjs'

/** A generator is a script that writes `page`; with `--check` it compares instead and exits with 1 on a difference. */
const generators = [
  { page: 'docs/parity.md', script: 'scripts/generate/parity.mjs' },
  { page: 'README.md, packages/spoor/README.md (libraries)', script: 'scripts/generate/libraries.mjs' },
  { page: 'README.md, packages/spoor/README.md (frameworks)', script: 'scripts/generate/frameworks.mjs' },
  { page: 'docs/reference/configuration.md', script: 'scripts/generate/configuration.mjs' },
  { page: 'docs/reference/python-names.md', script: 'scripts/generate/python-names.mjs' },
  { page: 'docs/reference/errors.md', script: 'scripts/generate/errors.mjs' },
  { page: 'docs/reference/api.md', script: 'scripts/generate/api.mjs' },
]

await main(async () => {
  const check = process.argv.includes('--check')
  await bootstrap()
  const stale = []
  for (const { page, script } of generators) {
    if (!existsSync(join(root, script))) throw new Trouble(`${script} is missing, which writes ${page}.`)
    const { code, output } = await runNode([script, ...(check ? ['--check'] : [])])
    say(`${code === 0 ? paint('green', '✔') : paint('red', '✖')} ${page}`)
    if (code !== 0) stale.push(`${page}\n${output.trimEnd().replace(/^/gm, '  ')}`)
  }
  if (stale.length === 0) return
  const advice = check
    ? 'These are stale. Run `npm run generate` and commit what it writes:'
    : 'These failed:'
  throw new Trouble(`${advice}\n${stale.join('\n')}`)
})
