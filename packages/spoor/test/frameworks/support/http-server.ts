import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { init, shutdown, tracer } from 'spoor'
import { HttpTracing } from 'spoor/http'
import type { ServerRunning, ServerSetup, ServerUnderTest } from 'spoor/testing'
import { handlerFor, type PlainHandler, pathOf, plainRoutes } from './plain-routes.ts'

/** What an application of the kit is made with, in the way that is asked for. */
export interface Parts {
  readonly tracing: HttpTracing | null
  readonly mark: <Handler extends (...args: any[]) => any>(handler: Handler) => Handler
  readonly spanOf: (request: object) => unknown
  stop(): Promise<void>
}

/** Starts tracing in one of the three ways. */
export function begin({ way, tracer: mock, options }: ServerSetup): Parts {
  if (way === 'everything') init({ tracer: mock, ...options })
  const tracing = way === 'everything' ? null : new HttpTracing({ tracer: mock, ...options })
  return {
    tracing,
    mark: (handler) => (way === 'marked' && tracing !== null ? tracing.trace(handler) : handler),
    spanOf: (request) => (tracing === null ? tracer.activeSpan : tracing.getSpan(request)),
    stop: async () => {
      if (way === 'everything') await shutdown()
    },
  }
}

/** The application of the server kit in `node:http` alone. Nobody answers for its handlers: none of them throws. */
export const httpServer: ServerUnderTest = {
  name: 'node:http',
  component: 'http',
  routes: false,
  lacks: ['/thrown', '/passed', '/rejected'],
  async start(setup) {
    const parts = begin(setup)
    const routes = marked(plainRoutes(setup.work, parts.spanOf), parts)
    const server = createServer((incoming, response) => {
      const handler = handlerFor(routes, pathOf(incoming))
      if (handler === undefined) response.writeHead(404).end()
      else handler(incoming, response, () => {})
    })
    if (setup.way === 'attached') parts.tracing?.attach(server)
    return running(server, parts)
  },
}

export function marked(
  routes: { [path: string]: PlainHandler },
  { mark }: Parts,
): { [path: string]: PlainHandler } {
  return Object.fromEntries(Object.entries(routes).map(([path, handler]) => [path, mark(handler)]))
}

/** Puts a server on a free port of the loopback interface. */
export async function running(server: Server, parts: Parts): Promise<ServerRunning> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { tracing } = parts
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...(tracing === null ? {} : { getSpan: (request: object) => tracing.getSpan(request) }),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await parts.stop()
    },
  }
}
