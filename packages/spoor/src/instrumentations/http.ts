import { inboundRequest } from '../instrument/inbound-request.ts'
import { httpClient, type Instrumentation, instrumentation } from '../instrument/index.ts'
import { traceMessages, traceRequests } from '../instrument/requests.ts'
import { type Outbound, traceClient } from '../instrument/responses.ts'

/** `localhost:3000` as it stands in the request's own `Host`; the agent's host where that was left out. */
const authority = ({ authority, request }: Outbound): string => authority ?? request.host

/** To a proxy the whole URL is the path. */
const url = (event: Outbound): string => {
  const { path, protocol } = event.request
  return path.startsWith('/') ? `${protocol}//${authority(event)}${path}` : path
}

const outbound = httpClient<Outbound>({
  component: 'http',
  method: ({ request }) => request.method,
  url,
  host: ({ request }) => request.host,
  port: (event) =>
    Number(/:(\d+)$/.exec(authority(event))?.[1] ?? (event.request.protocol === 'https:' ? 443 : 80)),
  request: ({ request }) => request,
  header: (event, name) => event.request.getHeader?.(name) ?? event.header(name),
  status: ({ response }) => response?.statusCode,
  protocolVersion: ({ response }) => response?.httpVersion,
})

/** Both sides of `node:http` and `node:https`, which share their message classes but not their server class. */
export const http: Instrumentation = instrumentation({
  name: 'http',
  builtins: [
    {
      module: 'http',
      install(exports, engine) {
        const inbound = engine.bind('http', inboundRequest, 'http server')
        const client = engine.bind('http', outbound, 'http client')
        traceRequests(engine, exports.Server, inbound)
        traceClient(engine, exports, client)
        traceMessages(engine, exports, inbound, client)
      },
    },
    {
      module: 'https',
      install(exports, engine) {
        traceRequests(engine, exports.Server, engine.bind('https', inboundRequest, 'https server'))
      },
    },
  ],
})
