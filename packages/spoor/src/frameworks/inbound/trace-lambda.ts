import type { Span } from '../../api/span.ts'
import type { OpenTracer, Tracer } from '../../api/tracer.ts'
import { type Checks, check, checkEach, listOf, of, oneOf, refuse } from '../../checks.ts'
import { Binding } from '../../instrument/bind.ts'
import { type EngineSpan, writerOf } from '../../instrument/row.ts'
import type { Runtime } from '../../instrument/runtime.ts'
import { report } from '../../log.ts'
import type { Dialect } from '../../semantics/dialect.ts'
import {
  describeInvocation,
  type Invocation,
  invocationRow,
  isColdStart,
  type LambdaContext,
} from './invocation.ts'
import { isHttpEvent, type LambdaEvent, routeOfEvent } from './lambda-events.ts'
import { sourceOf } from './sources.ts'
import { finishServerSpan, startServerSpan } from './start-server-span.ts'

/** What {@link traceLambda} takes. Everything is optional. */
export interface LambdaOptions {
  /** By default the global tracer. */
  tracer?: OpenTracer | Tracer
  /** Vocabulary of the tags, where `tracer` is not Spoor's own. Default `opentracing`. */
  dialect?: Dialect
  /** Headers that may name the caller; the first that is there becomes the tag `peer.service`. */
  callerNameHeaders?: readonly string[]
  /** Believe `Forwarded` and `X-Forwarded-*` beyond what AWS adds itself. Default false. */
  trustProxy?: boolean
  /** How long to wait at most, in milliseconds, until finished spans are sent. Default 2000. */
  flushTimeout?: number
}

type Callback = (error?: unknown, result?: unknown) => void
type Handler = (this: any, event: any, context: any, callback?: any) => any

const checks: Checks<LambdaOptions> = {
  tracer: check((value) => typeof value?.startSpan === 'function', 'an OpenTracing tracer'),
  dialect: oneOf('otel', 'opentracing', 'both'),
  callerNameHeaders: listOf((item) => typeof item === 'string', 'a list of header names'),
  trustProxy: of('boolean'),
  flushTimeout: check((value) => Number.isFinite(value) && value >= 0, 'a number of milliseconds'),
}

/** On handlers that `awslambda.streamifyResponse()` has made (aws-lambda-nodejs-runtime-interface-client 3, `HttpResponseStream`). */
const STREAMING: unique symbol = Symbol.for('aws.lambda.runtime.handler.streaming')

/**
 * Traces the invocations of a function on AWS Lambda. A request through API Gateway, a function URL or a load balancer gives a
 * server span, with the status that the function answers; any other event gives a span with the name of the function. What is
 * finished is sent before the invocation ends, for the process may be frozen then.
 *
 * Asynchronous handlers, and those with a callback, keep their name, their arity, their result and their error. What a handler
 * throws synchronously is what the returned promise rejects with. Handlers that stream are returned as they are.
 *
 * @throws {SpoorError} `SPOOR_INVALID_OPTION`, `SPOOR_UNKNOWN_OPTION`, at once
 *
 * @example
 * export const handler = traceLambda(async (event) => ({ statusCode: 200, body: 'hello' }))
 */
export function traceLambda<Fn extends Handler>(handler: Fn, options: LambdaOptions = {}): Fn {
  if (typeof handler !== 'function') refuse('the handler of traceLambda()', handler, 'a function')
  checkEach<LambdaOptions>(options, checks)
  if (STREAMING in handler) return handler
  const traced = function (this: unknown, event: unknown, context: unknown, callback?: Callback): unknown {
    const invocation: Invocation = {
      event,
      context: (context ?? {}) as LambdaContext,
      fallback: handler.name || 'lambda',
      isCold: isColdStart(),
    }
    return new Visit(invocation, options).run(
      (reply) => handler.call(this, event, context, reply),
      callback,
      handler.length,
    )
  }
  return Object.defineProperties(traced, Object.getOwnPropertyDescriptors(handler)) as Fn
}

/** One invocation, from its event to the moment before the freeze. */
class Visit {
  readonly #invocation: Invocation
  readonly #options: LambdaOptions
  readonly #runtime: Runtime
  readonly #binding: Binding<Invocation>
  readonly #span: Span | null
  #over = false

  constructor(invocation: Invocation, options: LambdaOptions) {
    this.#invocation = invocation
    this.#options = options
    this.#runtime = sourceOf(options.tracer, options.dialect).runtime
    this.#binding = new Binding(invocationRow, this.#runtime, 'lambda')
    this.#span = this.#start()
  }

  /** @param arity of the handler, which tells whether its callback will be called */
  run(handle: (reply?: Callback) => unknown, callback: Callback | undefined, arity: number): unknown {
    // What the callback gets is what counts; the handler may return anything beside it.
    const reply: Callback | undefined =
      callback === undefined
        ? undefined
        : (error, result) => {
            const failed = error !== undefined && error !== null
            void this.#end(failed ? { error } : { result }).then(() => callback(error, result))
          }
    let returned: unknown
    try {
      returned =
        this.#span === null ? handle(reply) : this.#runtime.scope.with(this.#span, handle, undefined, reply)
    } catch (error) {
      return this.#end({ error }).then(() => {
        throw error
      })
    }
    if (isThenable(returned)) return this.#settled(returned)
    const waits = reply !== undefined && (arity >= 3 || (arity === 0 && returned === undefined))
    if (!waits) void this.#end({ result: returned })
    return returned
  }

  async #settled(returned: PromiseLike<unknown>): Promise<unknown> {
    let result: unknown
    try {
      result = await returned
    } catch (error) {
      await this.#end({ error })
      throw error
    }
    await this.#end({ result })
    return result
  }

  #start(): Span | null {
    if (!isHttpEvent(this.#invocation.event)) return this.#binding.start(this.#invocation)
    const { flushTimeout: _, ...options } = this.#options
    const span = startServerSpan(this.#invocation.event, { ...options, component: 'aws-lambda' })
    try {
      describeInvocation(this.#invocation, writerOf(span as EngineSpan))
    } catch (error) {
      report(
        'lambda',
        'the tracer threw when an invocation was described; the function is not affected',
        error,
      )
    }
    return span
  }

  /** Finishes the span, once, and waits until it is sent. Never rejects. */
  async #end(outcome: { readonly result?: unknown; readonly error?: unknown }): Promise<void> {
    if (this.#over) return
    this.#over = true
    const { event } = this.#invocation
    const failed = 'error' in outcome
    if (this.#span === null) return
    if (isHttpEvent(event)) {
      const route = routeOfEvent(event)
      finishServerSpan(
        this.#span,
        failed ? { error: outcome.error, route } : { status: statusOf(event, outcome.result), route },
      )
    } else this.#binding.end(this.#span as EngineSpan, this.#invocation, failed, outcome.error)
    await this.#flushed()
  }

  async #flushed(): Promise<void> {
    const { flushTimeout = 2000 } = this.#options
    const { context } = this.#invocation
    // A little must be left of the function's own time, or there is no answer at all.
    const left = (context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY) - 100
    const patience = Math.max(0, Math.min(flushTimeout, left))
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience)
    })
    try {
      await Promise.race([sourceOf(this.#options.tracer, this.#options.dialect).tracer.flush(), timeout])
    } catch (error) {
      report('lambda.flush', 'the tracer failed to send its spans; the function is not affected', error)
    } finally {
      clearTimeout(timer)
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/** Format 2.0 takes any result without a status for the body of a 200; the others must have one. */
function statusOf({ version }: LambdaEvent, result: unknown): number | undefined {
  const status = Number((result as { statusCode?: unknown } | null | undefined)?.statusCode)
  if (Number.isInteger(status) && status > 0) return status
  return version === '2.0' && result !== undefined && result !== null ? 200 : undefined
}
