import { SpoorError } from '../api/errors.ts'
import type { Span } from '../api/span.ts'
import type { Tracer } from '../api/tracer.ts'
import { type Checks, check, checkEach, isObject, oneOf, refuse } from '../checks.ts'
import type { Serving } from '../instrument/admit.ts'
import { openSpanOf, serverSpanAbove } from '../instrument/open-requests.ts'
import type { Undo } from '../instrument/patch.ts'
import type { Runtime } from '../instrument/runtime.ts'
import { type Exchange, Server, tellFailure } from '../instrument/serve.ts'
import { type FetchExchange, FetchServer } from '../instrument/serve-fetch.ts'
import { checkServerOptions, type ServerOptions, serverChecks } from '../instrument/server-options.ts'
import { ServerPolicy } from '../instrument/server-policy.ts'
import {
  readAttributes,
  type TracedAttribute,
  type TracedAttributes,
} from '../instrument/traced-attributes.ts'
import type { Dialect } from '../semantics/dialect.ts'
import { type TracerOption, tracerCheck } from '../tracer-option.ts'
import { TracerSource } from './tracer-source.ts'

/** What a tracing object takes. Everything is optional. */
export interface TracingOptions<
  App extends object = any,
  Request extends object = any,
  Response extends object = any,
> extends ServerOptions<Request, Response> {
  /**
   * A tracer, a function that makes one, called at the first use, or the name of either, followed at once:
   * `'./tracing.js#createTracer'`. By default the global tracer, whichever that is when a request comes.
   */
  tracer?: TracerOption
  /** What that function is called with. */
  tracerOptions?: object
  /** An application to attach to at once. */
  app?: App
  /** Vocabulary of the tags, where `tracer` is not Spoor's own. Default `opentracing`. */
  dialect?: Dialect
}

/** What one framework has to say of itself. */
export interface Framework<App extends object> {
  /** As it stands in the tag `component`. */
  readonly name: string
  /** Finds the request in what a handler is called with; null where there is none. */
  exchange(args: readonly any[]): Exchange | FetchExchange | null
  /** From what users know as the request to the message that carries the span. By default they are the same. */
  message?(request: any): object | undefined
  /** What a handler is called with, such that the error is known which it passes on. By default there is no such way. */
  watch?(args: readonly any[], passed: (error: unknown) => void): readonly any[]
  /** Nobody answers for a handler that throws. */
  readonly throwEnds?: boolean
  /** Marks a handler, where that is not done by a function around it. */
  mark?(handler: Handler, attributes: TracedAttributes, tracing: Tracing<App>): Handler
  /** Leads every request of an application through {@link Tracing.serve}. */
  attach(app: App, tracing: Tracing<App>): Undo
}

type Handler = (this: any, ...args: any[]) => any

const ownChecks: Checks<Pick<TracingOptions, 'tracer' | 'tracerOptions' | 'app' | 'dialect'>> = {
  tracer: tracerCheck,
  tracerOptions: check(isObject, 'an object'),
  app: check(isApp, 'an application'),
  dialect: oneOf('otel', 'opentracing', 'both'),
}
const checks: Checks<TracingOptions> = { ...serverChecks, ...ownChecks }

/**
 * A tracing object: traces all requests of the applications that it is attached to, or the handlers that are marked with
 * it. There is one server span per request, however many tracing objects, marks and patches it passes.
 */
export class Tracing<App extends object = any, Request extends object = any, Response extends object = any> {
  readonly #framework: Framework<App>
  readonly #source: TracerSource
  readonly #policy: ServerPolicy
  readonly #attached = new Map<App, Undo>()
  #servers: { readonly runtime: object; readonly node: Server; readonly fetch: FetchServer } | null = null

  /**
   * @throws {SpoorError} `SPOOR_UNKNOWN_OPTION`, `SPOOR_INVALID_OPTION`, `SPOOR_SECRET_ATTRIBUTE`, `SPOOR_UNKNOWN_RULE`, and
   *   `SPOOR_TRACE_ALL_WITHOUT_APP`
   */
  constructor(framework: Framework<App>, options: TracingOptions<App, Request, Response> = {}) {
    checkEach<TracingOptions>(options, checks)
    checkServerOptions(options)
    const { tracer, tracerOptions, app, dialect = 'opentracing', ...wishes } = options
    if (wishes.traceAll === true && app === undefined) {
      throw new SpoorError(
        'SPOOR_TRACE_ALL_WITHOUT_APP',
        'traceAll was given without an app. Give the app too, or leave traceAll out and call attach(app) later.',
      )
    }
    this.#framework = framework
    this.#source = new TracerSource(tracer, dialect, tracerOptions)
    this.#policy = new ServerPolicy(wishes)
    // `@tracing.trace` without parentheses is called without its object.
    this.trace = this.trace.bind(this)
    if (app !== undefined) this.attach(app)
  }

  /** The tracer of this object: its own, or the global one, late-bound. */
  get tracer(): Tracer {
    return this.#source.tracer
  }

  /** What leads to that tracer. For adapters. */
  get runtime(): Runtime {
    return this.#source.runtime
  }

  /**
   * Traces all requests of an application, or of a router. At any time, before or after its routes are declared; of as many
   * applications as you like.
   *
   * @returns this object
   * @throws {SpoorError} `SPOOR_ATTACHED_TWICE`, `SPOOR_NOT_AN_APP`
   */
  attach(app: App): this {
    if (!isApp(app)) {
      throw new SpoorError(
        'SPOOR_NOT_AN_APP',
        `attach() got ${app === null ? 'null' : typeof app}, not an application.`,
      )
    }
    if (this.#attached.has(app)) {
      throw new SpoorError(
        'SPOOR_ATTACHED_TWICE',
        'This tracing object is attached to this application already. Attach it once.',
      )
    }
    this.#attached.set(app, this.#policy.traceAll ? this.#framework.attach(app, this) : () => {})
    return this
  }

  /** Lets go of an application: its requests are no longer traced by this object. */
  detach(app: App): void {
    this.#attached.get(app)?.()
    this.#attached.delete(app)
  }

  /**
   * The span of a request: of the one given, else of the one in whose flow this is called.
   *
   * @returns null when the request is not traced, ignored, or finished
   */
  getSpan(request?: Request): Span | null {
    if (request === undefined) return serverSpanAbove(this.#source.runtime.scope.activeSpan)
    const message = this.#framework.message?.(request) ?? request
    return openSpanOf(message)
  }

  /**
   * Marks a handler: its requests are traced, with these attributes beside those of the tracing object. The handler keeps
   * its name, its arity and its own properties. Without a handler a decorator is returned, for functions and for methods.
   *
   * @example
   * app.get('/users/:id', tracing.trace(['params.id'], showUser))
   * app.get('/users/:id', tracing.trace('params.id', showUser))
   *
   * class Users {
   *   @tracing.trace('params.id') show(req, res) { … }
   * }
   */
  trace<Fn extends Handler>(handler: Fn): Fn
  trace<Fn extends Handler>(attributes: TracedAttributes<Request>, handler: Fn): Fn
  trace<Fn extends Handler>(first: string, second: string, handler: Fn): Fn
  trace<Fn extends Handler>(first: string, second: string, third: string, handler: Fn): Fn
  trace(...attributes: readonly string[]): HandlerDecorator
  trace(attributes: TracedAttributes<Request>): HandlerDecorator
  trace(...given: readonly any[]): any {
    // `@tracing.trace` without parentheses.
    if (isDecoration(given)) return this.#decorator([])(...given)
    const last: unknown = given.at(-1)
    if (typeof last === 'function') return this.#mark(last as Handler, listed(given.slice(0, -1)))
    return this.#decorator(listed(given))
  }

  /** Whether requests are traced that nobody has marked. For adapters. */
  get tracesAll(): boolean {
    return this.#policy.traceAll
  }

  /** Runs a handler inside the server span of its request. For adapters. */
  serve<Result>(exchange: Exchange, handler: () => Result, attributes?: readonly TracedAttribute[]): Result {
    return this.#current().node.serve(exchange, this.#serving(exchange, attributes), handler)
  }

  /**
   * The same for a request of the Fetch standard, where there are no messages of Node.js. For adapters.
   *
   * @returns what the handler returns; in place of a response, one whose body is watched
   */
  serveFetch<Result>(
    exchange: FetchExchange,
    handler: () => Result,
    attributes?: readonly TracedAttribute[],
  ): Result {
    return this.#current().fetch.serve(exchange, this.#serving(exchange, attributes), handler)
  }

  #serving(exchange: Partial<Serving>, attributes: readonly TracedAttribute[] | undefined): Serving {
    const { name, throwEnds: ends = false } = this.#framework
    const { framework = name, throwEnds = ends } = exchange
    return {
      framework,
      policy: this.#policy,
      throwEnds,
      ...(attributes === undefined ? {} : { attributes }),
    }
  }

  #current(): { readonly node: Server; readonly fetch: FetchServer } {
    const { runtime } = this.#source
    if (this.#servers?.runtime !== runtime)
      this.#servers = { runtime, node: new Server(runtime), fetch: new FetchServer(runtime) }
    return this.#servers
  }

  #mark(handler: Handler, attributes: TracedAttributes): Handler {
    const told = readAttributes(attributes)
    if (typeof handler !== 'function') refuse('what trace() marks', handler, 'a function or a method')
    const framework = this.#framework
    if (framework.mark !== undefined) return framework.mark(handler, attributes, this)
    const serve = (exchange: Exchange | FetchExchange, run: () => unknown): unknown =>
      'fetch' in exchange ? this.serveFetch(exchange, run, told) : this.serve(exchange, run, told)
    const marked = function (this: unknown, ...args: unknown[]): unknown {
      const exchange = framework.exchange(args)
      if (exchange === null) return handler.apply(this, args)
      const passed = (error: unknown): void =>
        tellFailure('fetch' in exchange ? exchange.fetch : exchange.message, error)
      const watched = framework.watch?.(args, passed) ?? args
      return serve(exchange, () => handler.apply(this, watched as unknown[]))
    }
    // Restify tells by its constructor whether a handler is asynchronous.
    Object.setPrototypeOf(marked, Object.getPrototypeOf(handler) as object)
    return Object.defineProperties(marked, Object.getOwnPropertyDescriptors(handler))
  }

  #decorator(attributes: TracedAttributes): (...args: readonly any[]) => any {
    checkServerOptions({ tracedAttributes: attributes })
    return (target, keyOrContext, descriptor) => {
      if (descriptor !== undefined) return { ...descriptor, value: this.#mark(descriptor.value, attributes) }
      const kind = keyOrContext?.kind ?? 'method'
      if (kind === 'field') return (initial: Handler) => this.#mark(initial, attributes)
      if (kind !== 'method') refuse('what trace() decorates', kind, 'a method, or a field with a function')
      return this.#mark(target, attributes)
    }
  }
}

/** Marks functions, and methods by either kind of decorator. */
export interface HandlerDecorator {
  <Method extends Handler>(
    method: Method,
    context: { readonly kind: string; readonly name: string | symbol },
  ): Method
  (
    value: undefined,
    context: { readonly kind: 'field'; readonly name: string | symbol },
  ): <Fn extends Handler>(handler: Fn) => Fn
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): any
  <Fn extends Handler>(handler: Fn): Fn
}

/** Attributes come as one list or record, or one after the other. */
function listed(given: readonly any[]): TracedAttributes {
  return given.length === 1 && typeof given[0] !== 'function' ? given[0] : given
}

/** What decorators are called with: by the standard a value and a context, by the older one an owner, a key and a descriptor. */
function isDecoration([first, second, third]: readonly any[]): boolean {
  if (typeof second === 'object' && second !== null)
    return 'kind' in second && 'name' in second && third === undefined
  const isKey = typeof second === 'string' || typeof second === 'symbol'
  return isKey && isApp(first) && !Array.isArray(first) && typeof third === 'object' && third !== null
}

function isApp(value: unknown): boolean {
  return value !== null && (typeof value === 'object' || typeof value === 'function')
}
