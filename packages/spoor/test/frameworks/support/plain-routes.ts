import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerWork } from 'spoor/testing'

type Next = (error?: unknown) => void
export type PlainHandler = (incoming: IncomingMessage, response: ServerResponse, next: Next) => unknown

/**
 * The application of the server kit in handlers of Node.js alone, by path; a path with a slash at its end stands for all
 * that begins so.
 */
export function plainRoutes(
  work: ServerWork,
  spanOf: (incoming: IncomingMessage) => unknown,
): { [path: string]: PlainHandler } {
  const status =
    (code: number): PlainHandler =>
    (_, response) => {
      response.statusCode = code
      response.end('no')
    }
  const stream =
    (chunks: () => AsyncIterable<string>): PlainHandler =>
    async (_, response) => {
      for await (const chunk of chunks()) {
        if (response.destroyed) return
        response.write(chunk)
      }
      response.end()
    }
  const user: PlainHandler = (incoming, response) => answerId(incoming, response)
  return {
    '/hello': (_, response) => response.end('hello'),
    '/users/': user,
    '/tenants/': user,
    '/refused': status(404),
    '/teapot': status(418),
    '/failing': status(503),
    '/thrown': () => {
      throw work.error('thrown')
    },
    '/passed': (_, __, next) => next(work.error('passed')),
    '/rejected': async () => {
      await null
      throw work.error('rejected')
    },
    '/redirect': (_, response) => {
      // Restify's `writeHead` returns nothing.
      response.writeHead(302, { location: '/hello' })
      response.end()
    },
    '/streamed': stream(() => work.chunks()),
    '/endless': stream(() => work.endless()),
    '/echo': async (incoming, response) => {
      let body = ''
      for await (const chunk of incoming) body += chunk
      await work.child('echo')
      response.end(body)
    },
    '/child': async (_, response) => {
      await work.child('child')
      response.end('done')
    },
    '/slow/': async (incoming, response) => {
      await work.slow(idOf(incoming))
      answerId(incoming, response)
    },
    '/tagged': (incoming, response) => {
      work.tag(spanOf(incoming))
      response.end('tagged')
    },
  }
}

/** The handler for a path. */
export function handlerFor(routes: { [path: string]: PlainHandler }, path: string): PlainHandler | undefined {
  return routes[path] ?? routes[/^\/[^/]+\//.exec(path)?.[0] ?? '']
}

export function pathOf(incoming: IncomingMessage & { originalUrl?: string }): string {
  return new URL(incoming.originalUrl ?? incoming.url ?? '/', 'http://x').pathname
}

function idOf(incoming: IncomingMessage): string {
  return pathOf(incoming).split('/').at(-1) ?? ''
}

function answerId(incoming: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ id: idOf(incoming) }))
}
