/** Opens the ports. `localhost` means both of its addresses: clients try one or the other first. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { ViewerError } from '../errors.ts'

export interface Listener {
  port: number
  /** Says who answers. Requests that came before have waited for it. */
  serve(handler: RequestListener): void
  /** Takes no more connections, lets requests in progress finish, cuts off what then still hangs. */
  close(): Promise<void>
}

export interface Door {
  /** For messages: what the port is for. */
  what: string
  /** The option that chooses it. */
  flag: string
  host: string
  /** 0 for any that is free. */
  port: number
}

/** Exporters keep connections open between batches, which are five seconds apart by default. */
const KEEP_ALIVE_MS = 65_000
const REQUEST_TIMEOUT_MS = 60_000
/** A response that streams, to a page that stays open, never finishes by itself. */
const CLOSE_GRACE_MS = 500
const FREE_PORT_ATTEMPTS = 5

/** @throws `SPOOR_PORT_IN_USE`, `SPOOR_CANNOT_LISTEN` */
export async function listen(door: Door): Promise<Listener> {
  const { handler, serve } = waitingRoom()
  const addresses = door.host === 'localhost' ? ['127.0.0.1', '::1'] : [door.host]
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = []
    try {
      let { port } = door
      for (const address of addresses) {
        const server = await open(handler, address, port)
        if (!server) continue
        servers.push(server)
        port = portOf(server)
      }
      if (servers.length === 0) throw new Error(`${door.host} has no address`)
      return { port, serve, close: () => closeAll(servers) }
    } catch (error) {
      await closeAll(servers)
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      // A port that is free on one address may be taken on the other.
      if (isTaken && door.port === 0 && attempt < FREE_PORT_ATTEMPTS) continue
      throw isTaken ? await inUse(door) : cannotListen(door, error as Error)
    }
  }
}

/** A port is taken first, and what serves it made afterwards. */
function waitingRoom(): { handler: RequestListener; serve(handler: RequestListener): void } {
  let serving: RequestListener | undefined
  const waiting: Parameters<RequestListener>[] = []
  return {
    handler(request, response) {
      if (serving) serving(request, response)
      else waiting.push([request, response])
    },
    serve(handler) {
      serving = handler
      for (const [request, response] of waiting.splice(0)) handler(request, response)
    },
  }
}

/** @returns undefined where the machine does not have the second loopback address */
function open(handler: RequestListener, address: string, port: number): Promise<Server | undefined> {
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    handler,
  )
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isAbsent = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'
      if (isAbsent && address === '::1') resolve(undefined)
      else reject(error)
    })
    server.listen({ host: address, port, ipv6Only: address === '::1' }, () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

async function closeAll(servers: Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
          server.close(() => {
            clearTimeout(cut)
            resolve()
          })
          server.closeIdleConnections()
        }),
    ),
  )
}

async function inUse({ what, flag, host, port }: Door): Promise<ViewerError> {
  const owner = (await isViewer(host, port))
    ? 'by another spoor-viewer, which is still running: use that one, or stop it'
    : `by another program: \`${whoListens(port)}\` tells which one; stop it`
  return new ViewerError(
    'SPOOR_PORT_IN_USE',
    `port ${port}, for ${what}, is in use ${owner}, or choose another with ${flag}`,
  )
}

function whoListens(port: number): string {
  return process.platform === 'win32' ? `netstat -ano | findstr :${port}` : `lsof -i :${port}`
}

async function isViewer(host: string, port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://${host.includes(':') ? `[${host}]` : host}:${port}/`, {
      signal: AbortSignal.timeout(500),
    })
    await response.body?.cancel()
    return response.headers.get('server')?.startsWith('spoor-viewer') ?? false
  } catch {
    return false
  }
}

function cannotListen({ what, flag, host, port }: Door, error: Error): ViewerError {
  return new ViewerError(
    'SPOOR_CANNOT_LISTEN',
    `cannot listen on ${host}:${port} for ${what}: ${error.message}. Choose another address with --host, another port with ${flag}`,
    { cause: error },
  )
}
