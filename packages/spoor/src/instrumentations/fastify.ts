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
})

function templateOf(request: Request): string | undefined {
  const { routeOptions } = request
  // Where both are there, the older one complains of its use.
  return routeOptions === undefined ? request.routerPath : routeOptions.url
}

/** Errors that are sent as they are, whether a handler, a hook or validation threw them. */
const onError = failure<Event>({
  request: ({ request }) => request.raw,
  error: ({ error }) => error,
})

type ErrorHandler = (this: unknown, error: unknown, request: Request, reply: unknown) => unknown

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
      // What an error handler of the user's answers, `onError` is not told of. The channel of Fastify 5 that tells of it
      // (tracing:fastify.request.handler) costs every request; encapsulated instances inherit this from their root.
      engine.patch(
        fastify,
        'setErrorHandler',
        (set: (handler: ErrorHandler, ...rest: unknown[]) => unknown) => {
          return function (this: unknown, handler: ErrorHandler, ...rest: unknown[]) {
            return set.call(
              this,
              typeof handler === 'function' ? telling(handler, failure) : handler,
              ...rest,
            )
          }
        },
      )
    },
  },
})

/** The handler, with a word to us first. */
function telling(handler: ErrorHandler, failure: Binding<Event>): ErrorHandler {
  const told: ErrorHandler = function (error, request, reply) {
    failure.pass({ request, error })
    return handler.call(this, error, request, reply)
  }
  return Object.defineProperties(told, Object.getOwnPropertyDescriptors(handler))
}

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
