/**
 * The little of SQLite that the store uses, so that it runs on whichever SQLite there is: `node:sqlite`, or
 * WebAssembly where that module is missing (Node 20).
 */
import { messageOf, ViewerError } from '../errors.ts'

/** Whole numbers must be safe integers; the store never writes others. */
export type Value = number | string | Uint8Array | null

export type Row = Record<string, Value>

export interface Statement {
  /** @returns how many rows changed */
  run(...values: Value[]): number
  get(...values: Value[]): Row | undefined
  all(...values: Value[]): Row[]
}

export interface Engine {
  /** With its version: `node:sqlite 3.53.4`. */
  readonly name: string
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

export type EngineName = 'node:sqlite' | 'wasm'

/**
 * @param path of the database, or `:memory:`
 * @param wanted one engine, instead of the best there is
 * @throws `SPOOR_NO_ENGINE`, `SPOOR_STORE_UNUSABLE`
 */
export async function openEngine(path: string, wanted?: EngineName): Promise<Engine> {
  const open = await loadEngine(wanted)
  try {
    return open(path)
  } catch (error) {
    throw cannotUse(path, error)
  }
}

/** What to throw when the first look at a database fails. */
export function cannotUse(path: string, error: unknown): ViewerError {
  if (error instanceof ViewerError) return error
  if (/not a database/.test(messageOf(error))) return foreign(path)
  return new ViewerError(
    'SPOOR_STORE_UNUSABLE',
    `the store ${path} cannot be used: ${messageOf(error)}. Give another path with --store, or --store :memory:`,
    { cause: error },
  )
}

/** What to throw when a file turns out to be something else. */
export function foreign(path: string): ViewerError {
  return new ViewerError(
    'SPOOR_STORE_FOREIGN',
    `${path} is not a store of the viewer, so nothing was written to it: give another path with --store`,
  )
}

async function loadEngine(wanted: EngineName | undefined): Promise<(path: string) => Engine> {
  if (wanted !== 'wasm') {
    try {
      return (await import('./engines/node-sqlite.ts')).openNodeSqlite
    } catch (error) {
      if (wanted) throw noEngine(error)
    }
  }
  try {
    return (await import('./engines/wasm.ts')).openWasm
  } catch (error) {
    throw noEngine(error)
  }
}

function noEngine(error: unknown): ViewerError {
  return new ViewerError(
    'SPOOR_NO_ENGINE',
    `no SQLite could be loaded (${messageOf(error)}): use Node 22.13 or later, or reinstall spoor-viewer with its dependencies`,
    { cause: error },
  )
}

/** Whether a write failed for a reason outside of it: no room, no permission, another writer. It may work later. */
export function isPassing(error: unknown): boolean {
  // The messages are SQLite's own (sqlite3_errstr), and the only thing that both engines pass on.
  return /database or disk is full|disk i\/o error|readonly database|unable to open database|is locked/i.test(
    messageOf(error),
  )
}
