/**
 * Looks at both packages the way a user gets them: packs them, installs the tarballs into an empty folder, opens every
 * door by `import` and by `require`, runs the commands, and lets publint and attw read types and exports.
 *
 *     node scripts/pack.mjs
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrap } from './bootstrap.mjs'
import { root, runNode, runNpm } from './support/run.mjs'
import { main, step, Trouble } from './support/terminal.mjs'

/** What users download and keep: `spoor` goes into every service, so it has to stay small. */
const megabyte = 1_000_000
const packages = [
  // The oldest Node we support reads `exports`: attw's node10 resolution is of no concern.
  { name: 'spoor', folder: 'packages/spoor', largest: 2 * megabyte, commands: ['spoor'], typesFor: 'node16' },
  // ES modules only.
  { name: 'spoor-viewer', folder: 'packages/viewer', commands: ['spoor-viewer'], typesFor: 'esm-only' },
]

const installScripts = ['preinstall', 'install', 'postinstall', 'prepublish', 'prepare']

await main(async () => {
  await bootstrap()
  const folder = mkdtempSync(join(tmpdir(), 'spoor-pack-'))
  try {
    const packed = []
    for (const candidate of packages) packed.push({ ...candidate, ...(await pack(candidate, folder)) })
    for (const candidate of packed)
      await step(`${candidate.name}: manifest and size`, () => inspectManifest(candidate))
    await step('Installing both into an empty folder', () => install(packed, folder))
    for (const candidate of packed) {
      await step(`${candidate.name}: every door`, () => openDoors(candidate, folder))
      await step(`${candidate.name}: its command`, () => runCommands(candidate, folder))
      await step(`${candidate.name}: publint`, () =>
        check(['node_modules/publint/src/cli.js', 'run', candidate.tarball, '--strict']),
      )
      await step(`${candidate.name}: attw`, () =>
        check([
          'node_modules/@arethetypeswrong/cli/dist/index.js',
          candidate.tarball,
          '--profile',
          candidate.typesFor,
          '--no-color',
        ]),
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

async function pack({ name, folder }, destination) {
  const { code, output } = await runNpm(
    ['pack', '--json', '--loglevel=error', '--pack-destination', destination],
    {
      cwd: join(root, folder),
    },
  )
  if (code !== 0) throw new Trouble(`npm could not pack ${name}:\n${output}`)
  // npm may warn before it prints its answer.
  const answer = JSON.parse(output.slice(output.search(/^[[{]/m)))
  const [report] = Object.values(answer)
  return {
    tarball: join(destination, report.filename),
    unpackedSize: report.unpackedSize,
    files: report.files.map(({ path }) => path),
    manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
  }
}

function inspectManifest({ name, manifest, unpackedSize, largest = Number.POSITIVE_INFINITY, files }) {
  const scripts = installScripts.filter((script) => manifest.scripts?.[script])
  if (scripts.length > 0) throw new Trouble(`${name} runs scripts at install: ${scripts.join(', ')}`)
  if (name === 'spoor' && Object.keys(manifest.dependencies ?? {}).length > 0) {
    throw new Trouble(`${name} has dependencies: ${Object.keys(manifest.dependencies).join(', ')}`)
  }
  if (unpackedSize > largest) {
    throw new Trouble(`${name} is ${unpackedSize} bytes unpacked, more than ${largest}`)
  }
  for (const file of [
    'README.md',
    'LICENSE',
    ...Object.values(manifest.bin ?? {}).map((path) => path.slice(2)),
  ]) {
    if (!files.includes(file)) throw new Trouble(`${name} is packed without ${file}`)
  }
  return `${(unpackedSize / megabyte).toFixed(2)} MB unpacked, ${files.length} files`
}

async function install(packed, folder) {
  writeFileSync(join(folder, 'package.json'), '{ "name": "somebody-elses", "private": true }\n')
  const tarballs = packed.map(({ tarball }) => tarball)
  const { code, output } = await runNpm(
    ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs],
    { cwd: folder },
  )
  if (code !== 0) throw new Trouble(`npm could not install the packages:\n${output}`)
  const installed = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8')).packages
  const scripted = Object.entries(installed).filter(([, entry]) => entry.hasInstallScript)
  if (scripted.length > 0)
    throw new Trouble(`These run scripts at install: ${scripted.map(([path]) => path).join(', ')}`)
  return `${Object.keys(installed).length} packages`
}

/** Each door in a process of its own, so that none lives off what another one loaded. */
async function openDoors({ name, manifest }, folder) {
  const failures = []
  let opened = 0
  for (const [door, target] of Object.entries(manifest.exports)) {
    if (door === './package.json' || door.includes('*')) continue
    const specifier = JSON.stringify(name + door.slice(1))
    const ways = [`await import(${specifier})`, ...(canRequire(target) ? [`require(${specifier})`] : [])]
    for (const way of ways) {
      const type = way.startsWith('require') ? 'commonjs' : 'module'
      const env = { ...process.env, OTEL_TRACES_EXPORTER: 'none' }
      const { code, output } = await runNode([`--input-type=${type}`, '-e', `${way}; process.exit()`], {
        cwd: folder,
        env,
      })
      opened++
      if (code !== 0) failures.push(`${way}\n${output.trimEnd()}`)
    }
  }
  if (failures.length > 0) throw new Trouble(failures.join('\n'))
  return `${opened} opened`
}

function canRequire(target) {
  if (typeof target !== 'object') return false
  return Boolean(target.require) || (!target.import && /\.cjs$|\/cjs\//.test(target.default))
}

async function runCommands({ commands, manifest }, folder) {
  for (const command of commands) {
    const { code, output } = await runNpm(['exec', '--no', '--loglevel=error', '--', command, '--version'], {
      cwd: folder,
    })
    if (code !== 0) throw new Trouble(`npx ${command} --version ended with ${code}:\n${output}`)
    if (!output.includes(manifest.version)) throw new Trouble(`npx ${command} --version printed:\n${output}`)
  }
  return commands.map((command) => `npx ${command} --version`).join(', ')
}

async function check(args) {
  const { code, output } = await runNode(
    args.map((argument, index) => (index === 0 ? join(root, argument) : argument)),
  )
  if (code !== 0) throw new Trouble(output.trimEnd())
}
