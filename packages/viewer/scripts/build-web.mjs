/**
 * Builds the viewer's page from `src/web` into `dist/web`: files named by their content, so that they may be cached
 * for ever, each with its `.gz` and `.br` beside it, so that the server never compresses.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { build } from 'esbuild'

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(home, 'src/web')
const target = join(home, 'dist/web')

const started = performance.now()
const { outputFiles: outputs, metafile } = await bundle()
const names = {
  main: outputs.find((file) => file.path.endsWith('.js') && file.path.includes('main')),
  theme: outputs.find((file) => file.path.endsWith('.js') && file.path.includes('theme')),
  style: outputs.find((file) => file.path.endsWith('.css')),
}
const icon = await readFile(join(source, 'icon.svg'))
const files = new Map(outputs.map((file) => [webPath(file.path), Buffer.from(file.contents)]))
const iconPath = `/assets/icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`
files.set(iconPath, icon)
files.set('/index.html', Buffer.from(await page({ ...pathsOf(names), icon: iconPath })))

await rm(target, { recursive: true, force: true })
await mkdir(join(target, 'assets'), { recursive: true })
const sizes = await Promise.all([...files].map(([path, content]) => write(path, content)))
await writeFile(join(target, 'third-party-licences.txt'), await licences())
const total = sizes.reduce((sum, size) => sum + size, 0)
console.log(
  `viewer page: ${files.size} files, ${(total / 1024).toFixed(1)} KiB gzipped, ${Math.round(performance.now() - started)} ms`,
)

async function bundle() {
  return build({
    entryPoints: {
      main: join(source, 'main.tsx'),
      theme: join(source, 'theme.ts'),
      style: join(source, 'styles/index.css'),
    },
    outdir: join(target, 'assets'),
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    // `light-dark()`, which the colours are made of, decides: the first versions that know it.
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: join(source, 'tsconfig.json'),
    legalComments: 'none',
    logLevel: 'warning',
  })
}

/** The licences of what is bundled, which ask to be passed on with it. */
async function licences() {
  const folders = new Set()
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input.replaceAll('\\', '/'))?.[1]
    if (folder) folders.add(folder)
  }
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version}\n\n${await readFile(join(folder, 'LICENSE'), 'utf8')}`
  })
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`)
}

async function page(paths) {
  const template = await readFile(join(source, 'index.html'), 'utf8')
  return template.replaceAll(/\{(\w+)\}/g, (_, name) => paths[name])
}

async function write(path, content) {
  const file = join(target, path)
  const [gz, br] = await Promise.all([
    promisify(gzip)(content, { level: 9 }),
    promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  ])
  await Promise.all([writeFile(file, content), writeFile(`${file}.gz`, gz), writeFile(`${file}.br`, br)])
  return gz.length
}

function pathsOf(named) {
  return Object.fromEntries(Object.entries(named).map(([name, file]) => [name, webPath(file.path)]))
}

function webPath(path) {
  return path.slice(target.length).replaceAll('\\', '/')
}
