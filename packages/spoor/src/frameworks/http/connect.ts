import { patchMethod, type Undo } from '../../instrument/patch.ts'
import { tellFailure } from '../../instrument/serve.ts'
import type { Tracing } from '../tracing.ts'

/** What we use of an application of Connect 3. */
export interface ConnectApp {
  handle: unknown
  readonly stack: readonly Layer[]
  use: (...args: any[]) => unknown
}

interface Layer {
  readonly route: string
  readonly handle: (...args: any[]) => unknown
}

type Handle = (request: object, response: object, ...rest: unknown[]) => unknown

export function isConnect(app: object): app is ConnectApp {
  const { handle, stack, use } = app as Partial<ConnectApp>
  return typeof handle === 'function' && typeof use === 'function' && Array.isArray(stack)
}

/**
 * Connect has no routes to name requests by. Its errors pass from layer to layer, and nothing else sees them: so requests
 * run through a copy of the layers, in which those that take errors tell of them first (connect 3.7, index.js, `handle`).
 */
export function attachConnect(app: ConnectApp, tracing: Tracing): Undo {
  const undo = patchMethod(
    app,
    'handle',
    (handle: Handle): Handle =>
      function (this: ConnectApp, request, response, ...rest) {
        const stack = { value: [...this.stack.map(telling), last] }
        const watched: object = Object.create(this, { stack })
        return tracing.serve({ message: request, response, framework: 'connect', throwEnds: false }, () =>
          handle.call(watched, request, response, ...rest),
        )
      },
    Symbol('spoor.traced'),
  )
  return () => undo?.()
}

const known = new WeakMap<Layer, Layer>()

/** The layer, if it takes no errors; else one that tells of them first. */
function telling(layer: Layer): Layer {
  const { route, handle } = layer
  if (handle.length !== 4) return layer
  let told = known.get(layer)
  if (told === undefined) {
    told = {
      route,
      handle: (error: unknown, request: object, response: object, next: unknown) => {
        tellFailure(request, error)
        return layer.handle(error, request, response, next)
      },
    }
    known.set(layer, told)
  }
  return told
}

/** Sees what no layer took, and passes it on. */
const last: Layer = {
  route: '',
  handle(error: unknown, request: object, _response: object, next: (error: unknown) => void) {
    tellFailure(request, error)
    next(error)
  },
}
