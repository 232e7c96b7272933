/** SQLite compiled to WebAssembly, for Nodes without `node:sqlite`: somewhat slower, nothing to compile. */
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { messageOf } from '../../errors.ts'
import type { Engine, Row } from '../engine.ts'

// The package is CommonJS whose exports appear at run time, so that `import` does not see their names.
const { Database } = createRequire(import.meta.url)('node-sqlite3-wasm') as typeof import('node-sqlite3-wasm')

export function openWasm(path: string): Engine {
  if (path !== ':memory:') {
    // It locks with a folder beside the file, which a killed process leaves behind. The store has made sure by
    // other means that nobody else is here (owner.ts).
    rmSync(`${path}.lock`, { recursive: true, force: true })
  }
  const database = new Database(path)
  const statements: { finalize(): void }[] = []
  // It has no shared memory, and needs none for a write-ahead log that only one connection reads.
  database.exec('PRAGMA locking_mode = EXCLUSIVE')
  const { version } = database.get('SELECT sqlite_version() AS version') as { version: string }
  return {
    name: `node-sqlite3-wasm ${version}`,
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      statements.push(statement)
      return {
        run: (...values) => again(() => statement.run(values).changes),
        // Not `get`: it stops at the first row and leaves the statement, and with it a transaction, open.
        get: (...values) => again(() => statement.all(values)[0]) as Row | undefined,
        all: (...values) => again(() => statement.all(values)) as Row[],
      }
    },
    close() {
      for (const statement of statements) statement.finalize()
      database.close()
    },
  }
}

/**
 * After a statement has failed, resetting it reports that failure once more, and the package takes that for a reason
 * not to run it (0.8.60, Statement#_bind). It is reset all the same, so the second attempt goes through.
 */
function again<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (!/^Could not reset statement/.test(messageOf(error))) throw error
    return action()
  }
}
