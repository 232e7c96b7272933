/** The viewer as a library: a receiver, a store and a page, started and stopped together. THE assembly. */
import { mkdirSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Status } from './api.ts'
import { Receiver } from './collector/receiver.ts'
import { messageOf, ViewerError } from './errors.ts'
import { Events } from './server/events.ts'
import { type Listener, listen } from './server/listen.ts'
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
const DEFAULT_MAX_BODY = 64 * MIB

/**
 * Starts the viewer.
 *
 * @throws ViewerError with a code when a port or the store cannot be had
 */
export async function startViewer(options: ViewerOptions = {}): Promise<Viewer> {
  const { host = 'localhost', store: path = ':memory:' } = options
  const events = new Events()
  const listeners: Listener[] = []
  let store: StoreClient | undefined
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= closeAll(listeners, events, store))

  try {
    // The ports come first: who starts a second viewer shall hear of the first one, not of its store.
    const otlp = await listen({ what: 'OTLP', flag: '--otlp-port', host, port: options.otlpPort ?? 4318 })
    listeners.push(otlp)
    const page = await listen({ what: 'the page', flag: '--ui-port', host, port: options.uiPort ?? 4319 })
    listeners.push(page)
    const url = urlOf(host, page)
    const otlpUrl = urlOf(host, otlp)

    store = await connect(path, options, events)
    const receiver = receiverFor(store, options, url)
    const { counters } = receiver
    otlp.serve(signed(receiver.handle))
    page.serve(
      signed(
        pageServer({
          store,
          events,
          files: await StaticFiles.load(fileURLToPath(new URL('./web', import.meta.url))),
          allowedHosts: [host, ...(options.allowedHosts ?? [])].map((name) => name.toLowerCase()),
          status: () => statusOf(store!, path, otlpUrl, counters),
        }),
      ),
    )
    return {
      url,
      otlpUrl,
      store: path,
      engine: store.engine,
      get received() {
        return counters.spans
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function connect(path: string, options: ViewerOptions, events: Events): Promise<StoreClient> {
  makeFolder(path)
  return connectStore(
    {
      path,
      maxBody: options.maxBody ?? DEFAULT_MAX_BODY,
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
}

function receiverFor(store: StoreClient, options: ViewerOptions, url: string): Receiver {
  return new Receiver((delivery) => store.store(delivery), {
    maxBody: options.maxBody ?? DEFAULT_MAX_BODY,
    maxQueue: options.maxQueue ?? 128 * MIB,
    allowedOrigins: (options.allowedOrigins ?? []).map((origin) => origin.toLowerCase()),
    pageUrl: url,
  })
}

async function statusOf(
  store: StoreClient,
  path: string,
  otlpUrl: string,
  received: Status['received'],
): Promise<Status> {
  const { engine, trouble } = store
  const totals = await store.totals()
  return {
    version,
    store: path,
    engine,
    ...totals,
    otlpUrl,
    ...(trouble !== undefined && { trouble }),
    received: { ...received },
  }
}

/** What is received finds its way into the store before that closes. */
async function closeAll(
  listeners: Listener[],
  events: Events,
  store: StoreClient | undefined,
): Promise<void> {
  events.close()
  await Promise.all(listeners.map((listener) => listener.close()))
  await store?.close()
}

function signed(handler: RequestListener): RequestListener {
  return (request, response) => {
    response.setHeader('server', `spoor-viewer/${version}`)
    handler(request, response)
  }
}

/** Addresses that mean "all of this machine's" are no address to go to. */
function urlOf(host: string, { port }: Listener): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function makeFolder(path: string): void {
  if (path === ':memory:') return
  try {
    mkdirSync(dirname(path), { recursive: true })
  } catch (error) {
    throw new ViewerError(
      'SPOOR_STORE_UNUSABLE',
      `the folder of the store ${path} cannot be made: ${messageOf(error)}. Give another path with --store, or --store :memory:`,
      { cause: error },
    )
  }
}
