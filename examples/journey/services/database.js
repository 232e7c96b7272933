/**
 * PostgreSQL with nothing to install: PGlite, which is PostgreSQL compiled to WebAssembly, behind a socket.
 *
 * Each service owns a database of its own and keeps one connection to it: PGlite has a single session, and its socket
 * server (0.2) passes the messages of several connections on one by one, so that two of them at a time would find
 * each other's unnamed statements.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

const empty = await emptyCluster()
const databases = {
  catalogue: await PGlite.create({ loadDataDir: empty }),
  orders: await PGlite.create({ loadDataDir: empty }),
}

const servers = []
for (const [owner, db] of Object.entries(databases)) {
  await db.exec(await readFile(new URL(`${owner}.sql`, import.meta.url), 'utf8'))
  const port = Number(process.env[`${owner.toUpperCase()}_PORT`] ?? 0)
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port, maxConnections: 4 })
  await server.start()
  servers.push(server)
}
console.log(`database listens on ${servers.map((server) => server.getServerConn()).join(' and ')}`)

const end = async () => {
  setTimeout(() => process.exit(), 1000)
  await Promise.allSettled(servers.map((server) => server.stop()))
  process.exit()
}
process.once('SIGTERM', end)
process.once('SIGINT', end)

/** To set up a cluster takes seconds, to load one a fraction of a second: the first is kept for the next time. */
async function emptyCluster() {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  const version = manifest.dependencies['@electric-sql/pglite']
  const folder = new URL('../.cache/', import.meta.url)
  const file = new URL(`cluster-${version}.tar`, folder)
  try {
    return new Blob([await readFile(file)])
  } catch {
    const db = await PGlite.create()
    const cluster = await db.dumpDataDir('none')
    await db.close()
    await mkdir(folder, { recursive: true })
    // Written beside and renamed, so that nobody ever reads half of one.
    const partial = new URL(`cluster-${process.pid}.part`, folder)
    await writeFile(partial, Buffer.from(await cluster.arrayBuffer()))
    await rename(partial, file)
    return cluster
  }
}
