import type { Span } from '../api/span.ts'
import { type Checks, check, isObject, listOf, of } from '../checks.ts'
import { checkIgnore, type Ignore } from './ignore.ts'
import { checkAttributes, type TracedAttributes } from './traced-attributes.ts'

/** What can be said of how requests are traced: to `init()` for all of them, to a tracing object for those of one app. */
export interface ServerOptions<Request extends object = any, Response extends object = any> {
  /** Trace every request. Default true, once an application is attached. */
  traceAll?: boolean
  /** Properties of a request that its span tells of: `['headers.user-agent', 'params.id']`. See {@link TracedAttributes}. */
  tracedAttributes?: TracedAttributes<Request>
  /** Called with the span of a request when all its tags are there: may rename it and set others. */
  startSpanCallback?: (span: Span, request: Request) => unknown
  /** Called right before the span of a request is finished. `error` is what the handler threw or passed on. */
  finishSpanCallback?: (span: Span, request: Request, response: Response, error?: unknown) => unknown
  /** The name of the span. By default the method and the route's template. */
  operationName?: string | ((request: Request) => string | undefined)
  /** Requests that are not traced, and nothing below them. See {@link Ignore}. */
  ignore?: Ignore<Request>
  /** Headers that may name the caller; the first that is there becomes the tag `peer.service`. */
  callerNameHeaders?: readonly string[]
  /** Believe `Forwarded` and `X-Forwarded-*`: only where a proxy of yours sets them. Default false. */
  trustProxy?: boolean
}

const callback = check((value) => typeof value === 'function', 'a function')

export const serverChecks: Checks<ServerOptions> = {
  traceAll: of('boolean'),
  tracedAttributes: check(
    (value) => isObjectOrList(value) || typeof value === 'string',
    'a list of property paths and functions, or an object of them',
  ),
  startSpanCallback: callback,
  finishSpanCallback: callback,
  operationName: check(
    (value) => typeof value === 'string' || typeof value === 'function',
    'a name or a function',
  ),
  ignore: check(isObjectOrList, 'a list of paths, a function, or { paths, methods, userAgents, routes }'),
  callerNameHeaders: listOf((item) => typeof item === 'string', 'a list of header names'),
  trustProxy: of('boolean'),
}

function isObjectOrList(value: unknown): boolean {
  return isObject(value) || Array.isArray(value)
}

/** @throws {SpoorError} for what only shows inside of an option: a secret to be told, a rule that matches nothing */
export function checkServerOptions({ tracedAttributes, ignore }: ServerOptions): void {
  if (tracedAttributes !== undefined) checkAttributes(tracedAttributes)
  if (ignore !== undefined) checkIgnore(ignore)
}
