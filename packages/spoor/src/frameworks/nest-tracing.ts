import { SpoorError } from '../api/errors.ts'
import { Binding } from '../instrument/bind.ts'
import { inboundMessage, type Message } from '../instrument/messages.ts'
import type { Undo } from '../instrument/patch.ts'
import type { Runtime } from '../instrument/runtime.ts'
import { readAttributes, type TracedAttributes } from '../instrument/traced-attributes.ts'
import { expressFramework } from './express.ts'
import { fastifyFramework } from './fastify.ts'
import { type CallHandler, type ExecutionContext, intercepted, intercepting } from './nest-interceptor.ts'
import { nameHandlers, traceServer } from './nest-parts.ts'
import { type Framework, Tracing, type TracingOptions } from './tracing.ts'

/** An application of Nest, a microservice, or an HTTP adapter. */
export interface NestApp {
  getHttpAdapter?: () => any
  getInstance?: () => any
  getMicroservices?: () => any[]
}

/** As `APP_INTERCEPTOR`, `useGlobalInterceptors()` and `@UseInterceptors()` take it. */
export interface NestInterceptor {
  intercept(context: any, next: any): any
}

/**
 * Traces all requests of Nest applications and all messages of microservices, or the handlers that are marked.
 *
 * Attached to an application, it tells which class and method handled a request, and what exception filters took, guards'
 * errors too. A microservice of a hybrid application that is connected later is attached by itself.
 */
export class NestTracing<Request extends object = any, Response extends object = any> extends Tracing<
  NestApp,
  Request,
  Response
> {
  /** For those who have no application at hand: `app.useGlobalInterceptors(tracing.interceptor)`. */
  readonly interceptor: NestInterceptor
  #messages: { readonly runtime: Runtime; readonly binding: Binding<Message> } | null = null

  constructor(options: TracingOptions<NestApp, Request, Response> = {}) {
    super(framework, options)
    this.interceptor = this.intercept(this.tracesAll)
  }

  /** An interceptor that opens spans, or only adds to those that are there. For marks and modules. */
  intercept(opens: boolean, attributes?: TracedAttributes): NestInterceptor {
    const marks = { opens, ...(attributes === undefined ? {} : { attributes: readAttributes(attributes) }) }
    return {
      intercept: (context: ExecutionContext, next: CallHandler) => intercepted(this, context, next, marks),
    }
  }

  /** What opens the spans of messages. For adapters. */
  get messages(): Binding<Message> {
    const { runtime } = this
    if (this.#messages?.runtime !== runtime)
      this.#messages = { runtime, binding: new Binding(inboundMessage, runtime, 'nest message') }
    return this.#messages.binding
  }
}

const framework: Framework<NestApp> = {
  name: 'nest',
  // A handler is called with whatever its parameters ask for: the request is the interceptor's to know.
  exchange: () => null,
  message: (request: { raw?: object }) => request.raw,
  mark(handler, attributes, tracing) {
    intercepting(handler, (tracing as NestTracing).intercept(true, attributes))
    return handler
  },
  attach(app, tracing) {
    const undo = [...attachAdapter(app, tracing), ...attachServers(app, tracing as NestTracing)]
    if (undo.length === 0) {
      throw new SpoorError(
        'SPOOR_NOT_AN_APP',
        'attach() got something that is neither an application of Nest with Express or Fastify, nor a microservice.',
      )
    }
    undo.push(nameHandlers(app))
    return () => {
      for (const step of undo) step()
    }
  },
}

const platforms: { readonly [type: string]: Framework<any> | undefined } = {
  express: expressFramework,
  fastify: fastifyFramework,
}

function attachAdapter(app: NestApp, tracing: Tracing): Undo[] {
  const adapter = app.getHttpAdapter?.() ?? app
  const platform = platforms[adapter.getType?.()]
  return platform === undefined ? [] : [platform.attach(adapter.getInstance(), tracing)]
}

function attachServers(app: NestApp & { serverInstance?: object }, tracing: NestTracing): Undo[] {
  const servers = [app, ...(app.getMicroservices?.() ?? [])].map(({ serverInstance }) => serverInstance)
  return servers
    .filter((server) => server !== undefined)
    .map((server) => traceServer(server, () => tracing.messages))
}
