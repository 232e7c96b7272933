/** What the servers have in common: finding a program, a free port, a temporary folder, a start and a sure end. */
import { spawn } from 'node:child_process'
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Trouble } from '../support/terminal.mjs'

/** The first of `names` in PATH or in one of `folders`; null if there is none. */
export function findProgram(names, folders = []) {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  for (const folder of [...folders, ...(process.env.PATH ?? '').split(delimiter)]) {
    for (const name of names) {
      const file = join(folder, name + suffix)
      if (folder && existsSync(file) && isExecutable(file)) return file
    }
  }
  return null
}

/** The folders inside `parent`, the highest version first, each with `inside` appended. */
export function versionsIn(parent, inside = '') {
  if (!existsSync(parent)) return []
  const versions = readdirSync(parent).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  return versions.map((version) => join(parent, version, inside))
}

/** A port that nobody listens on right now. */
export function freePort() {
  return new Promise((settle, fail) => {
    const server = createServer()
    server.on('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => settle(port))
    })
  })
}

/** A temporary folder, given to `owner` (`{ uid, gid }`) if there is one. */
export function temporaryFolder(name, owner) {
  const folder = mkdtempSync(join(tmpdir(), `spoor-${name}-`))
  if (owner) chownSync(folder, owner.uid, owner.gid)
  return folder
}

/** The first of `names` that is a user of this system: `{ uid, gid }`. */
export function userOf(names) {
  const rows = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of names) {
    const row = rows.find((line) => line.startsWith(`${name}:`))?.split(':')
    if (row) return { uid: Number(row[2]), gid: Number(row[3]) }
  }
  return undefined
}

/**
 * Starts a server and waits until its output says that it is ready.
 *
 * @param {{ name: string, command: string, args: string[], ready: RegExp, folder: string, signal?: NodeJS.Signals,
 *   owner?: { uid: number, gid: number } }} options
 * @returns {Promise<() => Promise<void>>} ends it and removes its folder
 */
export function startServer({ name, command, args, ready, folder, signal = 'SIGTERM', owner }) {
  return new Promise((settle, fail) => {
    const server = spawn(command, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      ...owner,
    })
    const ended = new Promise((end) => server.once('close', end))
    const kill = () => server.kill('SIGKILL')
    process.once('exit', kill)
    const stop = async () => {
      process.off('exit', kill)
      server.kill(signal)
      const impatient = setTimeout(kill, 5000)
      await ended
      clearTimeout(impatient)
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }

    let output = ''
    const failed = (why) => {
      clearTimeout(late)
      stop().then(() =>
        fail(new Trouble(`${name} did not start: ${why}\n${output.trim().split('\n').slice(-8).join('\n')}`)),
      )
    }
    const late = setTimeout(() => failed('not ready after 30 s'), 30_000)
    const listen = (chunk) => {
      if (output === null) return
      output += chunk
      if (!ready.test(output)) return
      output = null
      clearTimeout(late)
      server.off('close', died)
      settle(stop)
    }
    const died = (code) => failed(`exit code ${code}`)
    server.on('error', (error) => failed(error.message))
    server.on('close', died)
    server.stdout.on('data', listen)
    server.stderr.on('data', listen)
  })
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
