/** SQLite as it comes with Node: from 22.13 on without a flag. Importing this file fails where it does not. */
import { DatabaseSync } from 'node:sqlite'
import type { Engine, Row } from '../engine.ts'

export function openNodeSqlite(path: string): Engine {
  const database = new DatabaseSync(path)
  const { version } = database.prepare('SELECT sqlite_version() AS version').get() as { version: string }
  return {
    name: `node:sqlite ${version}`,
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        run: (...values) => Number(statement.run(...values).changes),
        get: (...values) => statement.get(...values) as Row | undefined,
        all: (...values) => statement.all(...values) as Row[],
      }
    },
    close: () => database.close(),
  }
}
