/**
 * One process owns a store: its caches would not notice what another one writes. A file beside the store names the
 * owner. It is stale when that process is gone, or has stopped renewing it: after a power cut its number may well
 * belong to somebody else.
 */
import { closeSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs'
import { ViewerError } from '../errors.ts'

const RENEWAL_MS = 5_000
const STALE_AFTER_MS = 30_000

/**
 * @param inherits whether the last owner was a thread of this process that has died
 * @returns how to give it back
 * @throws `SPOOR_STORE_IN_USE`, or what the file system says
 */
export function own(path: string, inherits = false): () => void {
  const file = `${path}.owner`
  if (!claim(file)) {
    const owner = inherits ? undefined : livingOwner(file)
    if (owner !== undefined) throw inUse(path, owner)
    rmSync(file, { force: true })
    if (!claim(file)) throw inUse(path, 'another process')
  }
  const renewal = setInterval(() => renew(file), RENEWAL_MS)
  renewal.unref()
  return () => {
    clearInterval(renewal)
    rmSync(file, { force: true })
  }
}

function claim(file: string): boolean {
  try {
    const handle = openSync(file, 'wx')
    writeSync(handle, String(process.pid))
    closeSync(handle)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function livingOwner(file: string): string | undefined {
  try {
    const { mtimeMs } = statSync(file)
    const pid = Number(readFileSync(file, 'utf8'))
    if (Date.now() - mtimeMs > STALE_AFTER_MS || !Number.isSafeInteger(pid) || pid <= 0) return undefined
    // Our own number means another store of this process, which is as much in the way.
    return isAlive(pid) ? `process ${pid}` : undefined
  } catch {
    return undefined // it was removed while we looked
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function renew(file: string): void {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch {
    // The folder was removed under us. The store will say so when it next writes.
  }
}

function inUse(path: string, owner: string): ViewerError {
  return new ViewerError(
    'SPOOR_STORE_IN_USE',
    `the store ${path} is in use by ${owner}, probably another viewer: stop it, or give this one another path with --store`,
  )
}
