/**
 * Brings a checkout to the state in which everything runs: dependencies as the lock file says, packages built from the
 * sources as they are. With nothing to do it says nothing and takes some thirty milliseconds.
 *
 *     node scripts/bootstrap.mjs [--tests]
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { fingerprint } from './support/fingerprint.mjs'
import { root, runNpm } from './support/run.mjs'
import { main, say, step, Trouble } from './support/terminal.mjs'

const installed = join(root, 'node_modules/.spoor-lock')

/** @param {{ tests?: boolean }} options `tests` builds the test suites as well */
export async function bootstrap({ tests = false } = {}) {
  checkNode()
  await alone(async () => {
    await install()
    await build({ tests })
  })
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new Trouble(
    `Spoor needs Node 20.19 or newer; this is ${process.version}. Install one from https://nodejs.org`,
  )
}

/**
 * Installs when the lock file changed since the last time. The tree itself is asked as well (npm keeps its own record of
 * it), so that somebody who ran `npm install` by hand does not wait for a second one.
 */
async function install() {
  const wanted = fingerprint(['package-lock.json'])
  if (read(installed) === wanted) return
  if (!treeMatchesLock()) {
    await step('Installing dependencies', async () => {
      const { code, output } = await runNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])
      if (code !== 0) throw new Trouble(installFailed(output))
      return `${Object.keys(lockOf('node_modules/.package-lock.json')).length} packages`
    })
  }
  writeFileSync(installed, wanted)
}

/** Whether every package that the lock file wants is in the tree at that version; optional ones may be missing. */
function treeMatchesLock() {
  const tree = lockOf('node_modules/.package-lock.json')
  if (!tree) return false
  for (const [path, wanted] of Object.entries(lockOf('package-lock.json'))) {
    // A new workspace needs no link: by their names only the packages are imported, and theirs are there from the start.
    if (!path.includes('node_modules/') || wanted.link === true) continue
    const present = tree[path]
    if (!present && (wanted.optional || wanted.peer || wanted.devOptional)) continue
    if (present?.version !== wanted.version) return false
    if (present.integrity && wanted.integrity && present.integrity !== wanted.integrity) return false
  }
  return true
}

function lockOf(file) {
  const text = read(join(root, file))
  return text && JSON.parse(text).packages
}

function installFailed(output) {
  // npm names the cause first and its manual last.
  const lines = output.trim().split('\n').slice(0, 15)
  return [
    'npm could not install the dependencies:',
    ...lines.map((line) => `  ${line}`),
    '',
    'If that is the network: check it and the registry (`npm config get registry`), then run the command again.',
    'If the lock file disagrees with package.json: run `npm install` once and commit package-lock.json.',
  ].join('\n')
}

/**
 * Lets one process at a time install and build in this checkout; others wait. A lock whose owner is gone is taken over.
 */
async function alone(work) {
  const lock = join(root, '.cache/bootstrap.lock')
  mkdirSync(join(root, '.cache'), { recursive: true })
  let told = false
  while (!take(lock)) {
    if (!told) say('Another process is installing or building here; waiting for it …')
    told = true
    await sleep(200)
  }
  const release = () => rmSync(lock, { force: true })
  process.once('exit', release)
  try {
    await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    const owner = Number(read(lock))
    // A lock without a number in it was either taken this instant or left behind by a crash.
    const abandoned = owner ? !alive(owner) : age > 5000
    if (abandoned) rmSync(lock, { force: true })
    return false
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => bootstrap({ tests: process.argv.includes('--tests') }))
}
