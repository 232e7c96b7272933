/**
 * Takes comments and indentation out of what was compiled: nobody reads it there. Names stay, in stack traces and for those
 * who read them. The words for editors are in the declarations. Lines end early, because Node.js prints the line of an
 * error that nobody caught, all of it.
 *
 *     node packages/spoor/scripts/compact.mjs
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'

const lineLimit = 110

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist')
const files = ['esm', 'cjs'].flatMap((half) =>
  readdirSync(join(dist, half), { recursive: true }).map((name) => join(dist, half, name)),
)
for (const file of files.filter((name) => name.endsWith('.js'))) {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit,
    target: 'node20',
    legalComments: 'none',
  })
  writeFileSync(file, code)
}
