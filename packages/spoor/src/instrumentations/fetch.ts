import { keepDispatchContext } from '../instrument/dispatchers.ts'
import { headerIn } from '../instrument/header-list.ts'
import { httpClient, type Instrumentation, instrumentation } from '../instrument/index.ts'
import { hostOf } from '../instrument/url.ts'

/** What undici publishes with every message (lib/core/diagnostics.js; undici 4.6 and later, built in since Node 18). */
interface Message {
  readonly request: Request
  readonly response?: { readonly statusCode: number }
  readonly error?: unknown
}

interface Request {
  readonly origin: string | URL
  readonly path: string
  readonly method: string
  /** Names and values in turn; text in undici 5 and older. */
  readonly headers: unknown[] | string
  addHeader(name: string, value: string): unknown
}

/** A proxy passes on the headers that it got, and those do not name the parent. */
function replaceHeader(request: Request, name: string, value: string): void {
  const { headers } = request
  for (let i = headers.length - 2; typeof headers !== 'string' && i >= 0; i -= 2) {
    if (String(headers[i]).toLowerCase() === name.toLowerCase()) headers.splice(i, 2)
  }
  request.addHeader(name, value)
}

/** The global `fetch` and every undici client. */
export const fetch: Instrumentation = instrumentation({
  name: 'undici',
  versions: '>=4.6, and the fetch of Node.js',
  adopts: [
    {
      module: 'undici',
      versions: '>=6 <8',
      file: 'lib/dispatcher/pool-base.js',
      adopt(exports, engine) {
        keepDispatchContext(engine, exports.PoolBase)
        return undefined
      },
    },
  ],
  exchanges: [
    {
      row: httpClient<Message>({
        component: 'fetch',
        method: ({ request }) => request.method,
        url: ({ request }) => `${request.origin}${request.path}`,
        host: ({ request }) => hostOf(String(request.origin)).host,
        port: ({ request }) => hostOf(String(request.origin)).port,
        request: ({ request }) => request,
        header: ({ request: { headers } }, name) =>
          Array.isArray(headers) ? headerIn(headers, name) : undefined,
        status: ({ response }) => response?.statusCode,
      }),
      key: ({ request }: Message) => request,
      carrier: ({ request }: Message) => ({ set: (name, value) => replaceHeader(request, name, value) }),
      start: 'undici:request:create',
      progress: ['undici:request:headers'],
      end: ['undici:request:trailers'],
      error: 'undici:request:error',
    },
  ],
})
