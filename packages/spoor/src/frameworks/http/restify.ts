import type { EventEmitter } from 'node:events'
import { patchMethod, type Undo } from '../../instrument/patch.ts'
import { type Exchange, tellFailure } from '../../instrument/serve.ts'
import type { Tracing } from '../tracing.ts'
import { routeOf } from './messages.ts'
import { attachServer } from './servers.ts'

/** What we use of a server of Restify 12. */
export interface RestifyServer {
  /** Of `node:http`, `node:https` or `node:http2`. */
  readonly server: EventEmitter
  readonly router: object
}

type HandleError = (error: unknown, request: object, ...rest: unknown[]) => unknown

export function isRestify(app: object): app is RestifyServer {
  const { server, router, _onRequest } = app as Partial<RestifyServer> & { _onRequest?: unknown }
  return typeof server?.emit === 'function' && typeof router === 'object' && typeof _onRequest === 'function'
}

/**
 * Requests pass the server of Node.js below; errors, thrown or passed on, pass `_onHandlerError(err, req, res)`
 * (restify 12.0, lib/server.js).
 */
export function attachRestify(app: RestifyServer, tracing: Tracing): Undo {
  const released = attachServer(app.server, tracing, completed)
  const undo = patchMethod(
    app,
    '_onHandlerError',
    (handleError: HandleError): HandleError =>
      function (this: unknown, error, request, ...rest) {
        tellFailure(request, error)
        return handleError.call(this, error, request, ...rest)
      },
    Symbol('spoor.traced'),
  )
  return () => {
    undo?.()
    released()
  }
}

function completed(exchange: Exchange): Exchange {
  return { ...exchange, framework: 'restify', throwEnds: false, route: () => routeOf(exchange.message) }
}
