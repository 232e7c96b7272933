/**
 * `npm run test:matrix`: the contract kits and everything that depends on how a Node version loads modules, on each
 * supported Node. The binaries come from npm (`scripts/node-versions`) and are installed on demand.
 *
 *     npm run test:matrix                 every version, every file of the matrix
 *     npm run test:matrix -- 22 redis     versions and words of file names, mixed
 *
 * Ends with a line of its own: `N passed, N failed`.
 */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bootstrap } from './bootstrap.mjs'
import { startServices } from './services.mjs'
import { filesUnder } from './support/fingerprint.mjs'
import { root, run, runNpm } from './support/run.mjs'
import { main, paint, say, step, Trouble } from './support/terminal.mjs'

const versions = ['20.20.2', '22.23.3', '24.21.0', '26.10.0']

/** Folders and files whose tests run on every version: contract kits, and what depends on how modules are loaded. */
const paths = [
  'packages/spoor/test-dist/loading',
  'packages/spoor/test-dist/instrumentations',
  'packages/spoor/test-dist/frameworks',
  'packages/spoor/test-dist/context',
  'packages/spoor/test-dist/kits',
  'packages/spoor/test-dist/compliance',
  'packages/spoor/test-dist/propagation/contracts.test.js',
  'packages/spoor/test-dist/export/sinks.test.js',
  'packages/viewer/test-dist/store',
]

const sideBySide = 2
const fileTimeout = 180_000

await main(async () => {
  const words = process.argv.slice(2)
  const isVersion = (word) => versions.some((version) => version.split('.')[0] === word.split('.')[0])
  const chosen = versions.filter((version) => {
    const named = words.filter(isVersion)
    return named.length === 0 || named.some((word) => version === word || version.startsWith(`${word}.`))
  })
  const files = testFiles(words.filter((word) => !isVersion(word)))

  await bootstrap({ tests: true })
  if (files().length === 0) throw new Trouble('No test file of the matrix matches.')
  const binaries = await nodeBinaries(chosen)
  const services = await startServices()
  const results = []
  try {
    for (const [version, binary] of binaries)
      results.push(...(await runOn(version, binary, files(), services.env)))
  } finally {
    await services.stop()
  }
  report(chosen, files(), results)
})

/** The files to run, looked for when asked: before the build there may be none. */
function testFiles(words) {
  return () =>
    paths
      .flatMap(filesUnder)
      .filter((file) => /\.test\.m?js$/.test(file))
      .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
      .sort()
}

/** `[version, path]` of every chosen Node. `SPOOR_NODE_20=/path/to/node` gives one by hand. */
async function nodeBinaries(chosen) {
  const folder = join(root, 'scripts/node-versions')
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const executable = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node'
  const locate = (version) => {
    const major = version.split('.')[0]
    return (
      process.env[`SPOOR_NODE_${major}`] ?? join(folder, `node_modules/node${major}-${platform}`, executable)
    )
  }
  if (!chosen.every((version) => existsSync(locate(version)))) {
    await step('Installing the Node versions of the matrix', async () => {
      const { code, output } = await runNpm(
        ['ci', '--ignore-scripts', '--workspaces=false', '--no-audit', '--no-fund'],
        {
          cwd: folder,
        },
      )
      if (code !== 0) throw new Trouble(`npm could not install them:\n${output.trim()}`)
    })
  }
  for (const version of chosen) {
    if (existsSync(locate(version))) continue
    const variable = `SPOOR_NODE_${version.split('.')[0]}`
    throw new Trouble(
      `npm has no Node ${version} for ${platform}. Install one and set ${variable} to its path.`,
    )
  }
  return Promise.all(
    chosen.map(async (version) => {
      const { output } = await run(locate(version), ['--version'])
      return [output.trim().slice(1), locate(version)]
    }),
  )
}

/** Runs every file in a process of its own, a few at a time: a file's result then has no other file's tests in it. */
async function runOn(version, binary, files, env) {
  const results = []
  await step(`Node ${version}`, async () => {
    const waiting = [...files]
    const worker = async () => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        const result = await runFile(binary, file, env)
        results.push({ version, file, ...result })
        if (result.failed > 0) say(`\n${paint('red', `✖ ${file} on Node ${version}`)}\n${result.output}`)
      }
    }
    await Promise.all(Array.from({ length: sideBySide }, worker))
    const failed = results.reduce((sum, result) => sum + result.failed, 0)
    return `${results.length} files${failed ? `, ${failed} failed` : ''}`
  })
  return results
}

async function runFile(binary, file, services) {
  const reporter = pathToFileURL(join(root, 'scripts/support/test-reporter.mjs'))
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')))
  const { code, output } = await run(binary, [`--test-reporter=${reporter}`, file], {
    env: { ...env, ...services },
    timeout: fileTimeout,
  })
  const count = (word) => Number(output.match(new RegExp(`^ℹ ${word} (\\d+)$`, 'm'))?.[1] ?? 0)
  const failed = count('fail') + count('cancelled')
  // A file that dies before it reports still failed once.
  return { passed: count('pass'), failed: failed || Number(code !== 0), output }
}

/** A column per version; a cell is the number of tests that passed, or of those that failed. */
function report(chosen, files, results) {
  const width = Math.max(...files.map((file) => label(file).length))
  const row = (name, cells) => say(`${name.padEnd(width)}  ${cells.join('  ')}`)
  say()
  row(
    '',
    chosen.map((version) => paint('bold', version.padStart(8))),
  )
  for (const file of files) {
    const cells = chosen.map((_, index) => {
      const result = results.filter((candidate) => candidate.file === file)[index]
      return result.failed > 0
        ? paint('red', `${result.failed} ✖`.padStart(8))
        : paint('green', `${result.passed} ✔`.padStart(8))
    })
    row(label(file), cells)
  }
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0)
  say()
  console.log(`${total('passed')} passed, ${total('failed')} failed`)
  if (total('failed') > 0) process.exitCode = 1
}

function label(file) {
  return `${file.split('/')[1]} ${file.split('/').at(-2)}/${basename(file).replace(/\.test\.m?js$/, '')}`
}
