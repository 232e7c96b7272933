import { isObject, refuse, requireKnown } from '../checks.ts'
import { report } from '../log.ts'
import type { InboundRequest } from './inbound-request.ts'
import { pathOf } from './url.ts'

/** A text, exactly as it is; with `*` at its end, what begins so; or a regular expression. */
export type Pattern = string | RegExp

/** Which requests are not traced. One rule that fits is enough. */
export interface IgnoreRules<Request extends object = any> {
  /** Paths, without query: `'/health'`, `'/static/*'`, `/\.png$/`. */
  readonly paths?: readonly Pattern[]
  readonly methods?: readonly string[]
  /** A part of the `User-Agent`, in any case, or a regular expression. */
  readonly userAgents?: readonly Pattern[]
  /** Decides by the request, when it arrives. */
  readonly when?: (request: Request) => boolean
  /** Templates of routes: `'/users/:id/avatar'`. What the request has done until its route is known is forgotten too. */
  readonly routes?: readonly Pattern[]
  /** Decides by the request and its route, when that is known. */
  readonly whenRouted?: (request: Request, route: string) => boolean
}

/** Rules; a list stands for `paths`, a function for `when`. */
export type Ignore<Request extends object = any> =
  | IgnoreRules<Request>
  | readonly Pattern[]
  | ((request: Request) => boolean)

const RULES = ['paths', 'methods', 'userAgents', 'when', 'routes', 'whenRouted']

/** @throws {SpoorError} `SPOOR_UNKNOWN_RULE`, `SPOOR_INVALID_OPTION` */
export function checkIgnore(given: Ignore): void {
  for (const [name, rule] of Object.entries(rulesOf(given))) {
    requireKnown('rule', name, RULES)
    if (rule === undefined) continue
    if (name.startsWith('when')) {
      if (typeof rule !== 'function') refuse(`ignore.${name}`, rule, 'a function')
    } else if (!Array.isArray(rule) || !rule.every(isPattern)) {
      refuse(`ignore.${name}`, rule, 'a list of texts and regular expressions')
    }
  }
}

/** The decision, in its two moments. */
export interface IgnoreDecision {
  atArrival(request: object, view: InboundRequest): boolean
  /** Whether any rule waits for the route. */
  readonly waits: boolean
  atRoute(request: object, route: string): boolean
}

export function ignoring(given: Ignore | undefined): IgnoreDecision | null {
  if (given === undefined) return null
  const { paths = [], methods = [], userAgents = [], when, routes = [], whenRouted } = rulesOf(given)
  const ignored = new Set(methods.map((method) => method.toUpperCase()))
  return {
    atArrival(request, view) {
      if (ignored.has(view.method)) return true
      if (paths.length > 0 && paths.some((pattern) => matches(pattern, pathOf(view.url)))) return true
      if (
        userAgents.length > 0 &&
        userAgents.some((pattern) => isPartOf(pattern, view.headers['user-agent']))
      )
        return true
      return when !== undefined && answer('when', () => when(request))
    },
    waits: routes.length > 0 || whenRouted !== undefined,
    atRoute: (request, route) =>
      routes.some((pattern) => matches(pattern, route)) ||
      (whenRouted !== undefined && answer('whenRouted', () => whenRouted(request, route))),
  }
}

/** The rules that a short form stands for. */
export function rulesOf(given: Ignore): IgnoreRules {
  if (typeof given === 'function') return { when: given }
  return Array.isArray(given) ? { paths: given as readonly Pattern[] } : (given as IgnoreRules)
}

function isPattern(item: unknown): boolean {
  return typeof item === 'string' || (isObject(item) && item instanceof RegExp)
}

function matches(pattern: Pattern, text: string): boolean {
  if (typeof pattern !== 'string') return found(pattern, text)
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern
}

function isPartOf(pattern: Pattern, header: string | string[] | undefined): boolean {
  const text = String(header ?? '')
  if (text === '') return false
  return typeof pattern === 'string'
    ? text.toLowerCase().includes(pattern.toLowerCase())
    : found(pattern, text)
}

/** Without the memory that a global or sticky expression keeps from one text to the next. */
function found(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0
  return pattern.test(text)
}

/** What a rule of the user's says; a request is traced when the rule throws. */
function answer(rule: string, ask: () => unknown): boolean {
  try {
    return ask() === true
  } catch (error) {
    report(
      `ignore.${rule}`,
      `the function ignore.${rule} threw; the request is traced and not affected`,
      error,
    )
    return false
  }
}
