import { promisify } from 'node:util'
import { inboundRequest } from '../instrument/inbound.ts'
import { httpClient, type Instrumentation, instrumentation } from '../instrument/index.ts'
import { noteOrigin, type OutboundStream, traceSessions, traceStreams } from '../instrument/streams.ts'

const parsed = ({ origin }: OutboundStream): URL | undefined =>
  URL.canParse(origin) ? new URL(origin) : undefined

const outbound = httpClient<OutboundStream>({
  component: 'http2',
  method: ({ headers }) => String(headers[':method'] ?? 'GET'),
  url: ({ origin, headers }) => `${origin}${headers[':path'] ?? '/'}`,
  host: (event) => parsed(event)?.hostname,
  port: (event) => {
    const origin = parsed(event)
    return origin && (Number(origin.port) || (origin.protocol === 'https:' ? 443 : 80))
  },
  status: ({ status }) => status,
  protocolVersion: () => '2',
})

/** Both sides of `node:http2`. */
export const http2: Instrumentation = instrumentation({
  name: 'http2',
  builtins: [
    {
      module: 'http2',
      install(exports, engine) {
        const inbound = engine.bind('http2', inboundRequest, 'http2 server')
        // A server that never listens costs an object; there is no other way to its class.
        for (const create of [exports.createServer, exports.createSecureServer]) {
          traceStreams(engine, { prototype: Object.getPrototypeOf(create()) }, inbound)
        }
        const client = engine.bind('http2', outbound, 'http2 client')
        engine.patchExport('http2', 'connect', (connect: (...args: unknown[]) => object) => {
          return function (this: unknown, ...args: unknown[]): object {
            const session = connect.apply(this, args)
            noteOrigin(session, args[0])
            traceSessions(engine, session, client)
            return session
          }
        })
        engine.patch(
          exports.connect,
          promisify.custom,
          (connect: (...args: unknown[]) => Promise<object>) => {
            return function (this: unknown, ...args: unknown[]): Promise<object> {
              const connecting = connect.apply(this, args)
              connecting.then(
                (session) => {
                  noteOrigin(session, args[0])
                  traceSessions(engine, session, client)
                },
                () => {},
              )
              return connecting
            }
          },
        )
      },
    },
  ],
})
