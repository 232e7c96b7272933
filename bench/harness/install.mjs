/** What the bench needs beside the repository, fetched from npm on the first run and kept. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('..', import.meta.url))
const node24 = '24.21.0'

/** @returns {string} the Node that runs the applications: the one asked for, ours if it is 24, else one from npm */
export function findNode(asked) {
  if (asked !== undefined) return asked
  if (process.versions.node.startsWith('24.')) return process.execPath
  const prefix = join(bench, '.cache', 'node24')
  const binary = join(prefix, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
  if (!existsSync(binary)) {
    console.error(`Installing Node ${node24} for the applications …`)
    mkdirSync(prefix, { recursive: true })
    // A manifest of its own keeps npm from taking the repository for the project to install into.
    writeFileSync(join(prefix, 'package.json'), '{ "private": true }\n')
    npm(['install', '--no-save', `node-linux-${process.arch}@${node24}`], prefix)
  }
  return binary
}

/** Installs the peers from their own lock file, unless that has happened since it last changed. */
export function installContestants() {
  const folder = join(bench, 'contestants')
  const stamp = join(folder, 'node_modules', '.installed')
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error('Installing the contestants (about 170 MB) …')
  npm(['ci', '--no-workspaces'], folder)
  writeFileSync(stamp, lock)
}

/** @returns {string} the installed version of a package, as the applications would load it */
export function installedVersion(name) {
  for (const root of [join(bench, 'contestants', 'package.json'), join(bench, 'package.json')]) {
    for (const folder of createRequire(root).resolve.paths(name)) {
      const manifest = join(folder, name, 'package.json')
      if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')).version
    }
  }
  throw new Error(`${name} is not installed; run npm install`)
}

/** @returns {string} the version of a Node binary, like 24.21.0; throws when it does not run */
export function nodeVersion(binary) {
  const { status, stdout, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`--node ${binary} does not run: ${error?.message ?? `status ${status}`}`)
  return stdout.trim().slice(1)
}

function npm(args, cwd) {
  const { status } = spawnSync(
    'npm',
    [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd,
      stdio: ['ignore', 2, 2],
    },
  )
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${cwd}; is the npm registry reachable?`)
}
