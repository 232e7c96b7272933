/** The viewer as a library: a receiver, a store and a page, started and stopped together. THE assembly. */
import { mkdirSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Receiver } from './collector/receiver.ts'
import { ViewerError } from './errors.ts'
import { Events } from './server/events.ts'
import { type Door, type Listener, listen } from './server/listen.ts'
import { pageServer } from './server/page-server.ts'
import { StaticFiles } from './server/static.ts'
import { connectStore, type StoreClient } from './store/client.ts'
import type { EngineName } from './store/engine.ts'
import { version } from './version.ts'

export type * from './api.ts'
export { ViewerError, type ViewerErrorCode } from './errors.ts'

export interface ViewerOptions {
  /** Port of the OTLP/HTTP receiver; 0 for any that is free. 4318 by default. */
  otlpPort?: number
  /** Port of the page and its API; 0 for any that is free. 4319 by default. */
  uiPort?: number
  /** Address to listen on. `localhost` by default, which is both of its addresses and nobody else's. */
  host?: string
  /** Path of the database file, or `':memory:'`, the default. The command keeps a file instead. */
  store?: string
  /** Bytes in the store, after which the oldest traces go. 1 GiB by default, 256 MiB in memory. */
  maxBytes?: number
  /** Age in milliseconds after which traces go. Seven days by default. */
  maxAge?: number
  /** Largest request in bytes, before and after decompression. 64 MiB by default, as OTLP 1.11 recommends. */
  maxBody?: number
  /** Bytes of requests that wait to be stored; beyond, senders are asked to come again. 128 MiB by default. */
  maxQueue?: number
  /** Bytes that the store's file must never pass, whatever happens. None by default. */
  quota?: number
  /** Origins of web pages, besides those on this machine, that may send spans: `https://app.example`, or `*`. */
  allowedOrigins?: readonly string[]
  /** Names, besides those of this machine, by which the page may be called: `devbox.example`. */
  allowedHosts?: readonly string[]
  /** Which SQLite to use, instead of the best there is. */
  engine?: EngineName
  /** Told in one line what goes wrong while the viewer runs, once per cause. Nobody is by default. */
  report?(line: string): void
}

export interface Viewer {
  /** Of the page: `http://localhost:4319`. */
  readonly url: string
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`: `http://localhost:4318`. */
  readonly otlpUrl: string
  /** Path of the database file, or `':memory:'`. */
  readonly store: string
  /** Which SQLite keeps it: `node:sqlite 3.53.4`. */
  readonly engine: string
  /** Spans stored since the start. */
  readonly received: number
  /** Stores what was received so far, then stops. May be called twice. */
  close(): Promise<void>
}

const MIB = 1024 * 1024
const DAY = 24 * 60 * 60 * 1000

/**
 * Starts the viewer.
 *
 * @throws ViewerError with a code when a port or the store cannot be had
 */
export async function startViewer(options: ViewerOptions = {}): Promise<Viewer> {
  const { host = 'localhost', store: path = ':memory:', maxBody = 64 * MIB } = options
  const events = new Events()
  makeFolder(path)
  const store = await connectStore(
    {
      path,
      maxBody,
      maxBytes: options.maxBytes ?? (path === ':memory:' ? 256 : 1024) * MIB,
      maxAge: options.maxAge ?? 7 * DAY,
      ...(options.engine && { engine: options.engine }),
      ...(options.quota !== undefined && { quota: options.quota }),
    },
    {
      changed: (traceIds, spans) => events.changed(traceIds, spans),
      report: (line) => options.report?.(line),
    },
  )
  const receiver = new Receiver((delivery) => store.store(delivery), {
    maxBody,
    maxQueue: options.maxQueue ?? 128 * MIB,
    allowedOrigins: (options.allowedOrigins ?? []).map((origin) => origin.toLowerCase()),
    pageUrl: () => pageUrl,
  })
  const listeners: Listener[] = []
  const close = closer(store, events, listeners)
  let otlpUrl = ''
  let pageUrl = ''
  const page = pageServer({
    store,
    events,
    files: await StaticFiles.load(fileURLToPath(new URL('./web', import.meta.url))),
    allowedHosts: [host, ...(options.allowedHosts ?? [])].map((name) => name.toLowerCase()),
    status: async () => ({
      version,
      store: path,
      engine: store.engine,
      ...(await store.totals()),
      otlpUrl,
      received: { ...receiver.counters },
      ...(store.trouble !== undefined && { trouble: store.trouble }),
    }),
  })

  try {
    const otlp: Door = { what: 'OTLP', flag: '--otlp-port', host, port: options.otlpPort ?? 4318 }
    otlpUrl = await open(listeners, receiver.handle, otlp)
    const ui: Door = { what: 'the page', flag: '--ui-port', host, port: options.uiPort ?? 4319 }
    pageUrl = await open(listeners, page, ui)
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: pageUrl,
    otlpUrl,
    store: path,
    engine: store.engine,
    get received() {
      return receiver.counters.spans
    },
    close,
  }
}

async function open(listeners: Listener[], handler: RequestListener, door: Door): Promise<string> {
  const signed: RequestListener = (request, response) => {
    response.setHeader('server', `spoor-viewer/${version}`)
    handler(request, response)
  }
  const listener = await listen(signed, door)
  listeners.push(listener)
  return `http://${urlHost(door.host)}:${listener.port}`
}

/** Addresses that mean "all of this machine's" are no address to go to. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function closer(store: StoreClient, events: Events, listeners: Listener[]): () => Promise<void> {
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    events.close()
    await Promise.all(listeners.map((listener) => listener.close()))
    await store.close()
  }
  return () => (closed ??= close())
}

function makeFolder(path: string): void {
  if (path === ':memory:') return
  try {
    mkdirSync(dirname(path), { recursive: true })
  } catch (error) {
    throw new ViewerError(
      'SPOOR_STORE_UNUSABLE',
      `the folder of the store ${path} cannot be made: ${(error as Error).message}. Give another path with --store, or --store :memory:`,
      { cause: error },
    )
  }
}
