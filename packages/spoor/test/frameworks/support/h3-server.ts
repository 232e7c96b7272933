import { createServer } from 'node:http'
import { H3 } from 'h3'
import { toNodeHandler } from 'h3/node'
import { tracingPlugin } from 'h3/tracing'
import type { ServerUnderTest, ServerWork } from 'spoor/testing'
import { begin, running } from './http-server.ts'

type Handler = (event: any) => unknown

/** The application of the server kit in h3 2. Its errors are what handlers throw: it has no other way to pass one on. */
export const h3Server: ServerUnderTest = {
  name: 'h3 2',
  component: 'h3',
  lacks: ['/passed'],
  parameter: 'context.params.id',
  async start(setup) {
    const parts = begin(setup)
    const app = new H3({ silent: true })
    // By itself h3 tells nobody of its routes.
    if (setup.way === 'everything') app.register(tracingPlugin())
    if (setup.way === 'attached') parts.tracing?.attach(app)
    for (const [path, handler] of Object.entries(h3Routes(setup.work, parts.spanOf))) {
      if (path.startsWith('/tenants')) {
        const below = new H3()
        below.get(path.replace('/tenants/:tenant', ''), parts.mark(handler))
        app.mount('/tenants/:tenant', below)
      } else if (path === '/echo') app.post(path, parts.mark(handler))
      else {
        app.get(path, parts.mark(handler))
      }
    }
    const server = createServer(toNodeHandler(app) as never)
    return running(server, parts)
  },
}

export function h3Routes(work: ServerWork, spanOf: (event: object) => unknown): { [path: string]: Handler } {
  const status =
    (code: number): Handler =>
    () =>
      new Response('no', { status: code })
  const stream =
    (chunks: () => AsyncIterable<string>): Handler =>
    () =>
      ReadableStream.from(chunks()).pipeThrough(new TextEncoderStream())
  const user: Handler = (event) => ({ id: event.context.params.id })
  return {
    '/hello': () => 'hello',
    '/users/:id': user,
    '/tenants/:tenant/users/:id': user,
    '/refused': status(404),
    '/teapot': status(418),
    '/failing': status(503),
    '/thrown': () => {
      throw work.error('thrown')
    },
    '/rejected': async () => {
      await null
      throw work.error('rejected')
    },
    '/redirect': () => new Response(null, { status: 302, headers: { location: '/hello' } }),
    '/streamed': stream(() => work.chunks()),
    '/endless': stream(() => work.endless()),
    '/echo': async (event) => {
      const body = await event.req.text()
      await work.child('echo')
      return body
    },
    '/child': async () => {
      await work.child('child')
      return 'done'
    },
    '/slow/:id': async (event) => {
      await work.slow(event.context.params.id)
      return { id: event.context.params.id }
    },
    '/tagged': (event) => {
      work.tag(spanOf(event))
      return 'tagged'
    },
  }
}
