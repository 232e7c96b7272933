import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../support/run.mjs'
import { Trouble } from '../support/terminal.mjs'
import { findProgram, freePort, startServer, temporaryFolder, userOf, versionsIn } from './server.mjs'

const folders = [
  ...versionsIn('/usr/lib/postgresql', 'bin'),
  '/opt/homebrew/bin',
  '/usr/local/opt/postgresql/bin',
  ...versionsIn('C:\\Program Files\\PostgreSQL', 'bin'),
]

/** PostgreSQL, an empty cluster without passwords on loopback. */
export const postgres = {
  name: 'postgres',
  variable: 'SPOOR_TEST_POSTGRES_URL',
  packages: ['postgresql'],

  find() {
    const initdb = findProgram(['initdb'], folders)
    const server = findProgram(['postgres'], initdb ? [dirname(initdb), ...folders] : folders)
    return initdb && server && { initdb, server }
  },

  async start({ initdb, server }) {
    // PostgreSQL refuses to run as root, for good reasons: it gets a user with fewer rights, and so does its folder.
    const owner = process.getuid?.() === 0 ? userOf(['postgres', 'nobody']) : undefined
    const folder = temporaryFolder('postgres', owner)
    const data = join(folder, 'data')
    const init = [
      '-D',
      data,
      '-U',
      'spoor',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ]
    const { code, output } = await run(initdb, init, { cwd: folder, ...owner })
    if (code !== 0) {
      rmSync(folder, { recursive: true, force: true })
      throw new Trouble(`postgres did not start: initdb failed\n${output.trim()}`)
    }
    const port = await freePort()
    const settings = [
      'listen_addresses=127.0.0.1',
      'fsync=off',
      'unix_socket_directories=',
      'max_connections=200',
    ]
    const stop = await startServer({
      name: 'postgres',
      command: server,
      args: ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      ready: /ready to accept connections/,
      // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
      signal: 'SIGINT',
      folder,
      owner,
    })
    return { value: `postgres://spoor@127.0.0.1:${port}/postgres`, stop }
  },
}
