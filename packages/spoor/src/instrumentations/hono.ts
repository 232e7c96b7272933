import { Binding } from '../instrument/bind.ts'
import {
  type Call,
  failure,
  type Instrumentation,
  instrumentation,
  type Patch,
  passing,
  type Row,
  route,
} from '../instrument/index.ts'
import { publish } from '../instrument/publish.ts'
import type { Runtime } from '../instrument/runtime.ts'
import { seeThrough } from '../instrument/traced-attributes.ts'
import {
  ContextView,
  type HonoContext,
  type HonoHandler,
  type HonoRoute,
  isMiddleware,
  messagesOf,
} from './hono-context.ts'

type Handling = Call<unknown, [context: HonoContext]>

const request = ({ args: [context] }: Handling): object | undefined => messagesOf(context)?.incoming
/** What an error handler of the application's has taken is left on the context. */
const error = ({ error, args: [context] }: Handling): unknown => error ?? context.error

const middleware = failure<Handling>({ request, error })

/** A request is in its handler: then its route is known. */
function handler({ path }: HonoRoute): Row<Handling> {
  return route<Handling>({
    framework: 'hono',
    request,
    view({ args: [context] }) {
      seeThrough(context, (seen) => new ContextView(seen))
      return context
    },
    method: ({ args: [{ req }] }) => req.method,
    path: () => path,
    failure: error,
  })
}

/** What a router is given for every handler, and calls when a request comes. */
type Entry = [handler: HonoHandler, route: HonoRoute]

const SEEN: unique symbol = Symbol.for('spoor.hono')

/**
 * `router.add(method, path, [handler, route])`: all that Hono leaves within reach when a handler is declared, and nothing
 * is when one is called (4.13, lib/hono-base.js). Routers pass entries on to each other.
 */
const add: Row<Call<unknown, [method: string, path: string, entry: Entry]>> = {
  ...passing(() => {}),
  target({ args: [, , entry] }, runtime) {
    if (isEntry(entry) && !(SEEN in entry[0])) entry[0] = watched(entry, runtime)
    return null
  },
}

function isEntry(entry: unknown): entry is Entry {
  if (!Array.isArray(entry) || typeof entry[0] !== 'function') return false
  const { method, path, handler } = (entry[1] ?? {}) as Partial<HonoRoute>
  return typeof method === 'string' && typeof path === 'string' && typeof handler === 'function'
}

function watched([original, route]: Entry, runtime: Runtime): HonoHandler {
  const row = isMiddleware(route) ? middleware : handler(route)
  const watching = publish(
    original,
    new Binding(row, runtime, `hono ${route.method} ${route.path}`),
    'return',
  )
  return Object.defineProperty(watching, SEEN, { value: true }) as HonoHandler
}

const versions = '>=4 <5'

/** Of the routers, `Hono` takes the first, `hono/quick` too, `hono/tiny` the second; users may take any. */
const routers = [
  ['smart-router', 'SmartRouter'],
  ['pattern-router', 'PatternRouter'],
  ['reg-exp-router', 'RegExpRouter'],
  ['trie-router', 'TrieRouter'],
  ['linear-router', 'LinearRouter'],
] as const

/** Each of them in both forms of the package. */
function patchesOf([folder, name]: (typeof routers)[number]): Patch[] {
  const patch = { module: 'hono', versions, at: `${name}.prototype`, methods: { add } }
  const file = `router/${folder}/router.js`
  return [
    { ...patch, file: `dist/cjs/${file}`, ...(name === 'SmartRouter' ? { from: routerOf } : {}) },
    { ...patch, file: `dist/${file}`, locals: [name], direct: true },
  ]
}

/** The router that an application has when it asks for none. */
function routerOf({ Hono }: { Hono?: new () => { router?: object } }): object | undefined {
  if (typeof Hono !== 'function') return undefined
  const { router } = new Hono()
  return router === undefined ? undefined : (Object.getPrototypeOf(router) as object)
}

export const hono: Instrumentation = instrumentation({
  name: 'hono',
  patches: routers.flatMap(patchesOf),
})
