import { inboundRequest } from '../instrument/inbound-request.ts'
import { httpClient, type Instrumentation, instrumentation } from '../instrument/index.ts'
import { type OutboundStream, traceConnect } from '../instrument/sessions.ts'
import { traceStreams } from '../instrument/streams.ts'

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
  request: ({ headers }) => headers,
  header: ({ headers }, name) => headers[name],
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
        traceConnect(engine, exports, client)
      },
    },
  ],
})
