import { attempt } from '../../instrument/admit.ts'
import { openSpanOf, present } from '../../instrument/open-requests.ts'
import { patchMethod, type Undo } from '../../instrument/patch.ts'
import { tellFailure } from '../../instrument/serve.ts'
import type { FetchExchange } from '../../instrument/serve-fetch.ts'
import type { Tracing } from '../tracing.ts'
import { type FetchRequest, fetchExchangeOf, fetchMessageOf, type H3Event } from './fetch.ts'

/** What we use of an application of h3 2. */
export interface H3App {
  readonly fetch: (request: any) => unknown
  readonly handler: (event: any) => unknown
  readonly config: object
}

type Answer = (this: unknown, request: FetchRequest, ...rest: unknown[]) => unknown
type Handle = (this: unknown, event: H3Event) => unknown

export function isH3(app: object): app is H3App {
  const { handler, '~request': answer } = app as Partial<H3App> & { '~request'?: unknown }
  return typeof handler === 'function' && typeof answer === 'function'
}

/**
 * Every request passes `~request(request)`, which gives the response, and `handler(event)`, where its event is there and its
 * errors are still the application's own (h3 2.0.8, dist/cache.mjs, `H3Core`). On Node.js the response tells its end itself,
 * and the event is what the span begins with.
 */
export function attachH3(app: H3App, tracing: Tracing): Undo {
  const mark = Symbol('spoor.traced')
  const wholes = patchMethod(
    app,
    '~request',
    (answer: Answer): Answer =>
      function (request, ...rest) {
        if (fetchMessageOf(request) !== request) return answer.call(this, request, ...rest)
        const route = (): string | undefined => events.get(request)?.context.matchedRoute?.route
        const exchange: FetchExchange = { fetch: request, framework: 'h3', route }
        return tracing.serveFetch(exchange, () => answer.call(this, request, ...rest))
      },
    mark,
  )
  const handlers = patchMethod(
    app,
    'handler',
    (handle: Handle): Handle =>
      function (event) {
        const run = (): unknown => handle.call(this, event)
        const exchange = fetchExchangeOf([event])
        if (exchange === null) return run()
        return 'fetch' in exchange ? within(event, run) : tracing.serve(exchange, run)
      },
    mark,
  )
  return () => {
    handlers?.()
    wholes?.()
  }
}

/** Where there is only the request at first. */
const events = new WeakMap<Request, H3Event>()

function within(event: H3Event, run: () => unknown): unknown {
  const span = openSpanOf(event.req)
  if (span === null) return run()
  events.set(event.req, event)
  present(span, event)
  return attempt(run, (error) => tellFailure(event.req, error))
}
