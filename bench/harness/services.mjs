/** What application D talks to: real PostgreSQL, real Redis, and a small HTTP service, on free ports in a new folder. */
import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createClient } from 'redis'
import { start, startServer, stop } from './process.mjs'

const upstreamFile = fileURLToPath(new URL('../upstream.mjs', import.meta.url))

/** @returns {Promise<{ env: Record<string, string>, versions: Record<string, string>, stop: () => Promise<void> }>} */
export async function startServices(node) {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const database = await startPostgres(folder)
  const cache = await startRedis(folder)
  const upstream = await startServer([node, upstreamFile])
  return {
    env: { ...database.env, ...cache.env, UPSTREAM_URL: `http://127.0.0.1:${upstream.port}` },
    versions: { PostgreSQL: database.version, Redis: cache.version },
    async stop() {
      await Promise.all([database.stop(), cache.stop(), upstream.stop()])
      process.off('exit', remove)
      remove()
    },
  }
}

async function startPostgres(folder) {
  const initdb = find('initdb', 'postgresql')
  const postgres = find('postgres', 'postgresql')
  const data = join(folder, 'postgres')
  const user = unprivileged(folder)

  const creation = ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions']
  const init = spawnSync(initdb, creation, { ...user, cwd: folder, encoding: 'utf8' })
  if (init.status !== 0) throw new Error(`${initdb} failed: ${init.error?.message ?? init.stderr}`)

  const port = await freePort()
  const settings = ['-h', '127.0.0.1', '-p', String(port), '-k', folder, '-F', '-c', 'max_connections=50']
  // SIGINT is PostgreSQL's fast shutdown, which does not wait for the pools of its clients.
  const server = start([postgres, '-D', data, ...settings], { user, cwd: folder, stopSignal: 'SIGINT' })
  const env = { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'bench' }

  const client = await connected(server, 'PostgreSQL', async () => {
    const attempt = new pg.Client({ host: env.PGHOST, port, user: env.PGUSER, database: 'postgres' })
    await attempt.connect()
    return attempt
  })
  await client.query('CREATE TABLE orders (id int PRIMARY KEY, item text, quantity int)')
  await client.query("INSERT INTO orders SELECT n, 'item ' || n, n % 7 FROM generate_series(1, 100) n")
  const { rows } = await client.query('SHOW server_version')
  await client.end()
  return { env, version: rows[0].server_version.split(' ')[0], stop: () => stop(server) }
}

async function startRedis(folder) {
  const port = await freePort()
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
  ]
  const server = start([find('redis-server', 'redis-server'), ...settings])
  const url = `redis://127.0.0.1:${port}`
  const client = await connected(server, 'Redis', async () => {
    const attempt = createClient({ url, socket: { reconnectStrategy: false } })
    attempt.on('error', () => {})
    await attempt.connect()
    return attempt
  })
  for (let id = 1; id <= 100; id++) await client.set(`stock:${id}`, String(id * 3))
  const info = await client.info('server')
  await client.close()
  return { env: { REDIS_URL: url }, version: /redis_version:(\S+)/.exec(info)[1], stop: () => stop(server) }
}

/** PostgreSQL refuses to run as root; then it runs as another user, to whom the folder is given. */
function unprivileged(folder) {
  if (userInfo().uid !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number.parseInt(spawnSync('id', [flag, name]).stdout, 10))
    if (Number.isNaN(uid)) continue
    chownSync(folder, uid, gid)
    return { uid, gid }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody to run it as')
}

async function connected(server, name, connect) {
  const deadline = performance.now() + 15_000
  for (;;) {
    try {
      return await connect()
    } catch (error) {
      if (server.exitCode !== null || performance.now() > deadline) {
        throw new Error(`${name} did not start: ${error.message}\n${server.complaint}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** Debian keeps PostgreSQL's binaries out of PATH, one folder for each major version. */
function find(binary, debianPackage) {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...process.env.PATH.split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
  ]
  const folder = folders.find((candidate) => existsSync(join(candidate, binary)))
  if (folder !== undefined) return join(folder, binary)
  throw new Error(
    `${binary} was not found: application D needs it. Install it (Debian: apt-get install ${debianPackage}) ` +
      'or measure without D: --apps A,B,C',
  )
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
