import type { Binding } from '../instrument/bind.ts'
import type { Engine } from '../instrument/engine.ts'
import { failure, type Instrumentation, instrumentation, route } from '../instrument/index.ts'

/** The little that we use of a request, in Fastify 4 and 5. */
interface Request {
  readonly raw: { readonly method?: string }
  readonly routeOptions?: { readonly url?: string }
  /** Until 4.10. */
  readonly routerPath?: string
}

type Done = () => void

interface Application {
  addHook(name: 'onRequest', hook: (request: Request, reply: unknown, done: Done) => void): unknown
  addHook(
    name: 'onError',
    hook: (request: Request, reply: unknown, error: unknown, done: Done) => void,
  ): unknown
}

interface Event {
  readonly request: Request
  readonly error?: unknown
}

/** The first hook of a request: whichever later hook answers, its route is known. What has no route is a 404. */
const onRequest = route<Event>({
  framework: 'fastify',
  request: ({ request }) => request.raw,
  method: ({ request }) => request.raw.method,
  path: ({ request }) => templateOf(request),
  view: ({ request }) => request,
})

/** The template of the route that a request has found; undefined for one that has found none. */
export function templateOf(request: object): string | undefined {
  const { routeOptions } = request as Request
  // Where both are there, the older one complains of its use.
  return routeOptions === undefined ? (request as Request).routerPath : routeOptions.url
}

/**
 * Whatever a handler, a hook or validation threw or sent, before the error handlers, and whether they answer it or not
 * (fastify 4.0.0 to 5.12.8, `onErrorHook` of `lib/reply.js`; its documentation says otherwise).
 */
const onError = failure<Event>({
  request: ({ request }) => request.raw,
  error: ({ error }) => error,
})

export const fastify: Instrumentation = instrumentation({
  name: 'fastify',
  versions: '>=4',
  points: {
    'fastify.initialization'({ fastify }: { fastify: Application }, engine) {
      const { route, failure } = bindings(engine)
      fastify.addHook('onRequest', (request, _reply, done) => {
        if (route.enabled) route.start({ request })
        done()
      })
      fastify.addHook('onError', (request, _reply, error, done) => {
        failure.pass({ request, error })
        done()
      })
    },
  },
})

interface Bindings {
  readonly route: Binding<Event>
  readonly failure: Binding<Event>
}

const known = new WeakMap<Engine, Bindings>()

/** One pair for all applications of a process. */
function bindings(engine: Engine): Bindings {
  let found = known.get(engine)
  if (found === undefined) {
    found = {
      route: engine.bind('fastify', onRequest, 'fastify onRequest'),
      failure: engine.bind('fastify', onError, 'fastify onError'),
    }
    known.set(engine, found)
  }
  return found
}
