/**
 * Puts the two doors that every traced process opens into one file each, and what runs in its loader thread beside them.
 * Loading a hundred small modules costs more start-up time than everything that they do; one file without comments costs
 * a third of it.
 *
 *     node packages/spoor/scripts/bundle.mjs
 */
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist')

/** `spoor/register` is a few lines around the other door: it loads that one rather than carry it a second time. */
const throughIndex = {
  name: 'through-index',
  setup(build) {
    build.onResolve({ filter: /^\.\/init\.js$/ }, () => ({ path: './index.cjs', external: true }))
  },
}

const doors = [
  { from: 'register.js', to: 'register.cjs', format: 'cjs', plugins: [throughIndex] },
  { from: 'index.js', to: 'index.cjs', format: 'cjs' },
  // Runs in Node's loader thread, where synchronous hooks are missing: it is looked for beside the door.
  { from: 'instrument/hook-loader.js', to: 'hook-loader.js', format: 'esm' },
]

rmSync(join(dist, 'bundle'), { recursive: true, force: true })
await Promise.all(
  doors.map(({ from, to, format, plugins = [] }) =>
    build({
      // The compiled ES modules: esbuild leaves out what a door does not use.
      entryPoints: [join(dist, 'esm', from)],
      outfile: join(dist, 'bundle', to),
      format,
      plugins,
      bundle: true,
      platform: 'node',
      target: 'node20',
      // Names stay: they stand in stack traces, and in what the library says of itself.
      minifyWhitespace: true,
      minifySyntax: true,
      // Node.js prints the line of an error that nobody caught, all of it.
      lineLimit: 110,
      legalComments: 'none',
      logLevel: 'warning',
    }),
  ),
)

// `import` gets the same file as `require`: one copy in a process, compiled once, whoever asks for it.
const names = Object.keys(await import(pathToFileURL(join(dist, 'esm/index.js')))).toSorted()
writeFileSync(
  join(dist, 'bundle/index.mjs'),
  `import spoor from './index.cjs'\nexport const { ${names.join(', ')} } = spoor\n`,
)

for (const { to } of doors) {
  const { size } = statSync(join(dist, 'bundle', to))
  console.log(`dist/bundle/${to}  ${(size / 1024).toFixed(0)} KB`)
}
