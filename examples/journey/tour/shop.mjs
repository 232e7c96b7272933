/** The shop's processes: how each is started, with tracing and without a word about it in its code. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))

/** How long the slowest of them, the database, may take to be ready on a busy machine. */
const patience = 90_000

/**
 * Starts the database and the four services.
 *
 * @param {{ otlpUrl: string, port?: number, onDeath?: (message: string) => void }} options where spans go; the
 *   gateway's port, a free one by default; what to do when a process dies by itself
 * @returns {Promise<{ url: string, services: string[], ready: Promise<void>, stop(): Promise<void> }>} as soon as the
 *   processes exist; `ready` settles when all of them listen
 */
export async function startShop({ otlpUrl, port, onDeath = () => {} }) {
  const [catalogueDb, ordersDb, mailer, catalogue, orders, gateway] = await freePorts(6)
  const url = (at) => `http://127.0.0.1:${at}`
  const database = (at) => `postgres://postgres@127.0.0.1:${at}/postgres`

  const processes = [
    { name: 'database', env: { CATALOGUE_PORT: catalogueDb, ORDERS_PORT: ordersDb } },
    { name: 'mailer', traced: true, env: { PORT: mailer } },
    { name: 'catalogue', traced: true, env: { PORT: catalogue, DATABASE_URL: database(catalogueDb) } },
    {
      name: 'orders',
      traced: true,
      env: {
        PORT: orders,
        DATABASE_URL: database(ordersDb),
        CATALOGUE_URL: url(catalogue),
        MAILER_URL: url(mailer),
      },
    },
    {
      name: 'gateway',
      traced: true,
      env: { PORT: port || gateway, CATALOGUE_URL: url(catalogue), ORDERS_URL: url(orders) },
    },
  ].map((service) => start(service, otlpUrl))

  for (const { ended } of processes) ended.then((message) => message && onDeath(message))
  return {
    url: url(port || gateway),
    services: processes.filter(({ traced }) => traced).map(({ name }) => name),
    ready: Promise.all(processes.map(({ ready }) => ready)),
    async stop() {
      await Promise.all(processes.map((process) => process.stop()))
    },
  }
}

function start({ name, traced = false, env }, otlpUrl) {
  // What the person's shell says about tracing is not meant for the shop.
  const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('OTEL_'))
  const tracing = {
    OTEL_SERVICE_NAME: name,
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
    // Spans leave after a fifth of a second instead of the usual five: somebody is watching.
    OTEL_BSP_SCHEDULE_DELAY: '200',
  }
  const args = [...(traced ? ['--import', 'spoor/register'] : []), `services/${name}.js`]
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...(traced && tracing), ...stringsOf(env) },
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  let stopping = false
  let output = ''
  const exit = new Promise((settle) =>
    child.once('close', (code, signal) => settle(signal ?? `code ${code}`)),
  )
  const lastWords = (how) => `${name} ended (${how})${output && `:\n${output.trim().replace(/^/gm, '  ')}`}`
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)

  const ready = new Promise((settle, fail) => {
    const late = setTimeout(
      () => fail(new Error(`${name} is not ready after ${patience / 1000} s:\n${output}`)),
      patience,
    )
    const hear = (chunk) => {
      output = (output + chunk).slice(-4000)
      if (!output.includes(`${name} listens on`)) return
      clearTimeout(late)
      settle()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', fail)
    exit.then((how) => {
      clearTimeout(late)
      fail(new Error(lastWords(how)))
    })
  })
  return {
    name,
    traced,
    ready,
    /** The last words of a process that ended by itself; nothing if it was asked to. */
    ended: exit.then((how) => (stopping ? undefined : lastWords(how))),
    async stop() {
      stopping = true
      child.kill('SIGTERM')
      const impatient = setTimeout(kill, 3000)
      await exit
      clearTimeout(impatient)
      process.off('exit', kill)
    },
  }
}

const stringsOf = (env) =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]))

/** Ports that nobody listens on right now; held together, so that they differ. */
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((settle) => server.close(settle))))
  return ports
}

/** Whether somebody could listen on `port` now. */
export async function isFree(port) {
  try {
    const server = await listen(port)
    await new Promise((settle) => server.close(settle))
    return true
  } catch {
    return false
  }
}

function listen(port) {
  return new Promise((settle, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(port, '127.0.0.1', () => settle(server))
  })
}
