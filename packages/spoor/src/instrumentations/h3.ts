import { type Instrumentation, instrumentation, route } from '../instrument/index.ts'

/** What h3's own `tracingPlugin()` publishes of every handler and middleware (h3 2.0.8, dist/tracing.mjs). */
interface Event {
  readonly type: 'route' | 'middleware'
  readonly event: {
    readonly req: { readonly method: string; readonly runtime?: { readonly node?: { readonly req: object } } }
    readonly context: { readonly matchedRoute?: { readonly route?: string } }
  }
}

export const h3: Instrumentation = instrumentation({
  name: 'h3',
  versions: '>=2 <3',
  channels: {
    // Until that plugin is registered nothing tells of a route: then requests are named by their method.
    'h3.request': route<Event>({
      framework: 'h3',
      request: ({ event }) => event.req.runtime?.node?.req,
      view: ({ event }) => event,
      method: ({ event }) => event.req.method,
      path: ({ type, event }) => (type === 'route' ? event.context.matchedRoute?.route : undefined),
    }),
  },
})
