import { type Instrumentation, instrumentation, route } from '../instrument/index.ts'

/** What Fastify 5 publishes around every route handler (lib/handle-request.js). */
interface Handler {
  readonly request: { readonly raw: object }
  readonly route: { readonly method: string; readonly url: string }
  readonly error?: unknown
}

const handler = route<Handler>({
  framework: 'fastify',
  request: ({ request }) => request.raw,
  method: ({ route }) => route.method,
  path: ({ route }) => route.url,
  failure: ({ error }) => error,
})

/** The little that we use of an application of Fastify 4, which announces itself but not its handlers. */
interface Application {
  readonly version: string
  addHook(name: 'onRequest', hook: (request: Request, reply: unknown, done: () => void) => void): unknown
  addHook(
    name: 'onError',
    hook: (request: Request, reply: unknown, error: unknown, done: () => void) => void,
  ): unknown
}

interface Request {
  readonly raw: object
  readonly method: string
  readonly routeOptions?: { readonly url?: string }
}

const request = route<{ request: Request; error?: unknown }>({
  framework: 'fastify',
  request: ({ request }) => request.raw,
  method: ({ request }) => request.method,
  path: ({ request }) => request.routeOptions?.url,
  failure: ({ error }) => error,
})

export const fastify: Instrumentation = instrumentation({
  name: 'fastify',
  channels: { 'fastify.request.handler': handler },
  points: {
    'fastify.initialization'({ fastify }: { fastify: Application }, engine) {
      if (!fastify.version.startsWith('4.')) return
      const binding = engine.bind('fastify', request, 'fastify request')
      fastify.addHook('onRequest', (request, _reply, done) => {
        binding.start({ request })
        done()
      })
      fastify.addHook('onError', (request, _reply, error, done) => {
        const event = { request, error }
        const span = binding.start(event)
        if (span !== null) binding.end(span, event, false)
        done()
      })
    },
  },
})
