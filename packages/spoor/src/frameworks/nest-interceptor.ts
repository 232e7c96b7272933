import { SpoorError } from '../api/errors.ts'
import { nameOf, serveMessage } from '../instrument/messages.ts'
import { isObservable, type Observable, watchObservable } from '../instrument/observables.ts'
import { noteFailure, openSpanOf, tellHandler } from '../instrument/open-requests.ts'
import type { EngineSpan } from '../instrument/row.ts'
import type { Exchange } from '../instrument/serve.ts'
import { tellAttributes } from '../instrument/server-policy.ts'
import type { TracedAttribute } from '../instrument/traced-attributes.ts'
import { templateOf } from '../instrumentations/fastify.ts'
import { messageOf } from '../instrumentations/nest-messages.ts'
import { routeOf } from './express.ts'
import type { NestInterceptor, NestTracing } from './nest-tracing.ts'

/** The part of Nest's `ExecutionContext` that we use. */
export interface ExecutionContext {
  getType(): string
  getClass(): { readonly name: string }
  getHandler(): { readonly name: string }
  getArgs(): readonly any[]
}

export interface CallHandler {
  handle(): Observable
}

export interface Marks {
  /** Opens spans where there are none. */
  readonly opens: boolean
  readonly attributes?: readonly TracedAttribute[]
}

/** What an interceptor of ours does: Nest gives it what a handler's own arguments need not have. */
export function intercepted(
  tracing: NestTracing,
  context: ExecutionContext,
  next: CallHandler,
  marks: Marks,
): unknown {
  switch (context.getType()) {
    case 'http':
      return interceptRequest(tracing, context, next, marks)
    case 'rpc':
      return interceptMessage(tracing, context, next, marks)
    default:
      return next.handle() // WebSockets, GraphQL: their requests are other things
  }
}

function interceptRequest(
  tracing: NestTracing,
  context: ExecutionContext,
  next: CallHandler,
  { opens, attributes }: Marks,
): unknown {
  const exchange = exchangeOf(context.getArgs())
  if (exchange === null) return next.handle()
  const handle = (): unknown => {
    const span = openSpanOf(exchange.message)
    return span === null ? next.handle() : watched(tracing, span, context, next)
  }
  return opens ? tracing.serve(exchange, handle, attributes) : handle()
}

function interceptMessage(
  tracing: NestTracing,
  context: ExecutionContext,
  next: CallHandler,
  { opens, attributes }: Marks,
): unknown {
  const [data, known] = context.getArgs()
  const present = typeof known === 'object' && known !== null ? openSpanOf(known) : null
  const tell = (span: EngineSpan): void => {
    if (attributes !== undefined) tellAttributes(span, { data, context: known }, attributes)
  }
  if (present !== null) {
    tell(present)
    return watched(tracing, present, context, next)
  }
  if (!opens) return next.handle()
  let span: EngineSpan | undefined
  return serveMessage(
    tracing.messages,
    messageOf(patternOf(context), known),
    () => (span === undefined ? next.handle() : watched(tracing, span, context, next)),
    (begun) => {
      span = begun
      tell(begun)
    },
  )
}

function watched(
  { runtime }: NestTracing,
  span: EngineSpan,
  context: ExecutionContext,
  next: CallHandler,
): unknown {
  tellHandler(runtime, span, {
    framework: 'nest',
    controller: context.getClass().name,
    method: context.getHandler().name,
  })
  const answer = next.handle()
  if (!isObservable(answer)) return answer
  const settled = (failed: boolean, error?: unknown): void => {
    if (failed && openSpan(span)) noteFailure(span, error)
  }
  return watchObservable(answer, settled, (step) => step())
}

function openSpan(span: EngineSpan): boolean {
  return span.finished !== true
}

/** The first of the patterns that `@MessagePattern()` and `@EventPattern()` have left on the handler. */
function patternOf(context: ExecutionContext): string {
  const patterns = metadata.getMetadata?.('microservices:pattern', context.getHandler())
  const [pattern] = Array.isArray(patterns) ? patterns : [patterns]
  return pattern === undefined ? context.getHandler().name : nameOf(pattern)
}

interface Messages {
  readonly raw?: object
}

function exchangeOf([request, response]: readonly (Messages | undefined)[]): Exchange | null {
  if (typeof request !== 'object' || request === null || typeof response !== 'object' || response === null)
    return null
  const { raw } = request
  if (raw === undefined) return { message: request, response, route: () => routeOf(request as never) }
  return {
    message: raw,
    response: response.raw ?? response,
    request,
    reply: response,
    route: () => templateOf(request as never),
  }
}

/** `reflect-metadata`, which Nest brings along. */
interface Metadata {
  getMetadata?(key: string, target: object): unknown
  defineMetadata?(key: string, value: unknown, target: object): void
}
const metadata = Reflect as Metadata

/** As `@UseInterceptors()` of Nest 11 and 12 leaves it (packages/common/constants.ts). */
const INTERCEPTORS = '__interceptors__'

/**
 * Marks a handler by an interceptor of its own. The handler itself stays what it is, with all that decorators, above the
 * mark or below it, have hung onto it.
 *
 * @throws {SpoorError} `SPOOR_NO_METADATA`
 */
export function intercepting(handler: object, interceptor: NestInterceptor): void {
  if (metadata.defineMetadata === undefined) {
    throw new SpoorError(
      'SPOOR_NO_METADATA',
      'A handler was marked before reflect-metadata was loaded, without which Nest has no decorators. ' +
        "Import '@nestjs/common', or 'reflect-metadata', before.",
    )
  }
  const others = metadata.getMetadata?.(INTERCEPTORS, handler)
  metadata.defineMetadata(INTERCEPTORS, [interceptor, ...(Array.isArray(others) ? others : [])], handler)
}
