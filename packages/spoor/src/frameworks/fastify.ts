/**
 * `spoor/fastify`: a tracing object for Fastify 4 and 5.
 *
 * @example
 * const tracing = new FastifyTracing({ tracedAttributes: ['params.id'] })
 * app.register(tracing.plugin)
 */
import { SpoorError } from '../api/errors.ts'
import { patchMethod } from '../instrument/patch.ts'
import { type Exchange, tellFailure } from '../instrument/serve.ts'
import { templateOf } from '../instrumentations/fastify.ts'
import { type Framework, Tracing, type TracingOptions } from './tracing.ts'

/** What we use of an application, or of a part of it. */
export interface FastifyApp {
  addHook: (...args: any[]) => unknown
  after: (...args: any[]) => unknown
}

/** What we use of a request. */
export interface FastifyRequest {
  readonly raw: object
}

/** What we use of a reply. */
export interface FastifyReply {
  readonly raw: object
}

/** What `app.register()` takes. */
export type FastifyPlugin = (app: any) => Promise<void>

/** Traces all requests of Fastify applications, or of parts of them, or the handlers that are marked. */
export class FastifyTracing<Request extends object = any, Reply extends object = any> extends Tracing<
  FastifyApp,
  Request,
  Reply
> {
  /** Attaches to the application that it is registered with, and to all that is registered there: `app.register(tracing.plugin)`. */
  readonly plugin: FastifyPlugin

  constructor(options: TracingOptions<FastifyApp, Request, Reply> = {}) {
    super(fastifyFramework, options)
    const plugin: FastifyPlugin = async (app) => {
      this.attach(app)
    }
    // How a plugin says that it is meant for those who register it, not for a part of its own (fastify-plugin 5).
    this.plugin = Object.assign(plugin, {
      [Symbol.for('skip-override')]: true,
      [Symbol.for('fastify.display-name')]: 'spoor',
      [Symbol.for('plugin-meta')]: { name: 'spoor', fastify: '>=4' },
    })
  }
}

/** For frameworks that stand on this one. */
export const fastifyFramework: Framework<FastifyApp> = {
  name: 'fastify',
  exchange(args) {
    const [request, reply] = messagesOf(args)
    return isMessage(request) && isMessage(reply) ? exchangeOf(request, reply) : null
  },
  watch(args, passed) {
    const [, reply] = messagesOf(args)
    if (isMessage(reply)) hearErrors(reply, passed)
    return args
  },
  message: (request: Partial<FastifyRequest>) => request.raw,
  attach(app, tracing) {
    let attached = true
    const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      if (attached) tracing.serve(exchangeOf(request, reply), done)
      else done()
    }
    const onError = (
      { raw }: FastifyRequest,
      _reply: FastifyReply,
      error: unknown,
      done: () => void,
    ): void => {
      if (attached) tellFailure(raw, error)
      done()
    }
    addHooks(app, { onRequest, onError })
    return () => {
      attached = false // Fastify lets go of no hook
    }
  },
}

/** Error handlers get the error first. */
function messagesOf(args: readonly unknown[]): readonly unknown[] {
  return isMessage(args[0]) ? args : args.slice(1)
}

function isMessage(value: unknown): value is FastifyRequest {
  const { raw } = (value ?? {}) as Partial<FastifyRequest>
  return typeof raw === 'object' && raw !== null
}

function exchangeOf(request: FastifyRequest, reply: FastifyReply): Exchange {
  return { message: request.raw, response: reply.raw, request, reply, route: () => templateOf(request) }
}

const HEARD = Symbol('spoor.heard')

/** Where no hook hears of them: errors that a marked handler sends. */
function hearErrors(reply: FastifyReply, passed: (error: unknown) => void): void {
  patchMethod(
    reply,
    'send',
    (send: (payload: unknown) => unknown) =>
      function (this: unknown, payload: unknown): unknown {
        if (payload instanceof Error) passed(payload)
        return send.call(this, payload)
      },
    HEARD,
  )
}

type Hook = (...args: any[]) => void

/** Adds hooks to an application and to all that is registered with it, in front of those that are there. */
function addHooks(app: FastifyApp, hooks: { readonly [name: string]: Hook }): void {
  if (typeof app.addHook !== 'function' || typeof app.after !== 'function') {
    throw new SpoorError('SPOOR_NOT_AN_APP', 'attach() got something that is no Fastify application.')
  }
  try {
    for (const [name, hook] of Object.entries(hooks)) app.addHook(name, hook)
  } catch (error) {
    throw new SpoorError(
      'SPOOR_APP_STARTED',
      'The application has been started, and takes no hooks any more. Attach before `listen()`, `ready()` and `inject()`.',
      { cause: error },
    )
  }
  // They are added when what has been registered before is loaded.
  app.after(() => {
    for (const [name, hook] of Object.entries(hooks)) moveToFront(app, name, hook)
  })
}

/**
 * A hook that was added before us may answer, and should be seen. Fastify has no way to say so: its lists are reached by
 * the names of its symbols (fastify 4.0.0 to 5.12.8, `lib/symbols.js`), and stay as they are where there are none.
 */
function moveToFront(app: object, name: string, hook: Hook): void {
  const list = (propertyOf(app, 'fastify.hooks') as { [name: string]: unknown } | undefined)?.[name]
  if (Array.isArray(list) && list.includes(hook)) {
    list.splice(list.indexOf(hook), 1)
    list.unshift(hook)
  }
  const children = propertyOf(app, 'fastify.children')
  if (Array.isArray(children)) for (const child of children) moveToFront(child, name, hook)
}

/** What an object has under a symbol that nobody exports. */
function propertyOf(object: object, name: string): unknown {
  const symbol = Object.getOwnPropertySymbols(object).find(({ description }) => description === name)
  return symbol === undefined ? undefined : (object as { [symbol: symbol]: unknown })[symbol]
}
