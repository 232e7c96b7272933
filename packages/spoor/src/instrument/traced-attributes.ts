import { SpoorError } from '../api/errors.ts'
import { refuse } from '../checks.ts'
import { report } from '../log.ts'
import { maskQuery, secretParameters } from './url.ts'

/** Where the value of one tag comes from: a property path of the request, or a function of it. */
export type AttributeSource<Request extends object = any> = string | ((request: Request) => unknown)

/**
 * What the span of a request tells of it: paths such as `method`, `ip`, `params.id`, `headers.user-agent`; functions,
 * whose name becomes the tag; or an object from tag to either. Text is a list too, separated by white space or commas.
 *
 * Values are read when the request arrives, and once more at its end where there was nothing yet: route parameters are
 * known late. What is missing, null, empty, or throws is left out.
 */
export type TracedAttributes<Request extends object = any> =
  | string
  | readonly AttributeSource<Request>[]
  | { readonly [tag: string]: AttributeSource<Request> }

/** One attribute, ready to be read. */
export interface TracedAttribute {
  readonly tag: string
  /** Undefined for nothing. Never throws. */
  read(request: object): unknown
}

/** @throws {SpoorError} `SPOOR_SECRET_ATTRIBUTE`, `SPOOR_INVALID_OPTION` */
export function checkAttributes(given: TracedAttributes): void {
  readAttributes(given)
}

/** @throws {SpoorError} as {@link checkAttributes} */
export function readAttributes(given: TracedAttributes | undefined): TracedAttribute[] {
  if (given === undefined) return []
  if (typeof given === 'string') return readAttributes(given.split(/[\s,]+/).filter((path) => path !== ''))
  const entries = Array.isArray(given)
    ? (given as readonly AttributeSource[]).map((source): [string, AttributeSource] => [
        tagOf(source),
        source,
      ])
    : Object.entries(given as { [tag: string]: AttributeSource })
  return entries.map(([tag, source]) => attribute(tag, source))
}

function tagOf(source: AttributeSource): string {
  return typeof source === 'function' ? source.name : source
}

function attribute(tag: string, source: AttributeSource): TracedAttribute {
  if (typeof source === 'function' && tag !== '') return { tag, read: guarded(tag, source) }
  if (typeof source !== 'string' || source === '') {
    refuse('the option tracedAttributes', source, 'made of property paths and functions with a name')
  }
  const steps = source.split('.')
  refuseSecret(source, steps)
  const isUrl = URLS.has(steps.at(-1) as string)
  return {
    tag,
    read: guarded(tag, (request) => {
      const value = follow(request, steps) ?? followView(request, steps)
      return isUrl && typeof value === 'string' ? withoutSecrets(value) : value
    }),
  }
}

/** Properties whose text has a query. */
const URLS: ReadonlySet<string> = new Set(['url', 'originalUrl', 'href', 'search', 'querystring'])

function withoutSecrets(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark + 1) + maskQuery(url.slice(mark + 1), secretParameters)
}

/** What keeps its values behind `get`. Requests of frameworks have such a method too, and it reads what the client sent. */
const COLLECTIONS: ReadonlySet<string> = new Set([
  ...['[object Headers]', '[object Map]', '[object URLSearchParams]'],
])

/** Follows a path. Headers are found in any case, and behind `get` where they are a `Headers` or a `Map`. */
function follow(request: object, steps: readonly string[]): unknown {
  let value: unknown = request
  for (const [index, step] of steps.entries()) {
    if (value === undefined || value === null) return undefined
    const key = steps[index - 1] === 'headers' ? step.toLowerCase() : step
    value = COLLECTIONS.has(Object.prototype.toString.call(value))
      ? (value as { get(key: string): unknown }).get(key)
      : (value as { [key: string]: unknown })[key]
  }
  return value
}

/** How to see a request whose framework keeps what is asked for elsewhere, by the prototype of such requests. */
const views = new WeakMap<object, (request: any) => object>()

/**
 * Makes `method`, `path`, `headers.…` and `params.…` known of requests that have them under other names, or behind methods.
 *
 * @param request one of them: what holds for it holds for all of its class
 */
export function seeThrough<Request extends object>(
  request: Request,
  view: (request: Request) => object,
): void {
  const prototype: object | null = Object.getPrototypeOf(request)
  if (prototype !== null && prototype !== Object.prototype && !views.has(prototype))
    views.set(prototype, view)
}

function followView(request: object, steps: readonly string[]): unknown {
  const prototype: object | null = Object.getPrototypeOf(request)
  const view = prototype === null ? undefined : views.get(prototype)
  return view === undefined ? undefined : follow(view(request), steps)
}

/** Words that name what must not leave the process. */
const SECRET =
  /^(?:auth|authorization|proxy-authorization|cookie|cookies|set-cookie|signedcookies|session|sid|jwt)$|passw|secret|token|api[-_]?key|credential|private[-_]?key|signature/i
/** Collections that hold secrets among other things. */
const WHOLE: ReadonlySet<string> = new Set([
  ...[
    'headers',
    'rawHeaders',
    'trailers',
    'body',
    'rawBody',
    'payload',
    'state',
    'raw',
    'req',
    'res',
    'socket',
  ],
])

function refuseSecret(path: string, steps: readonly string[]): void {
  const secret = steps.find((step) => SECRET.test(step))
  if (secret === undefined && !WHOLE.has(steps.at(-1) as string)) return
  throw new SpoorError(
    'SPOOR_SECRET_ATTRIBUTE',
    `The traced attribute "${path}" would send ${secret === undefined ? 'all that is in it, secrets included' : 'a secret'}. ` +
      'Name a single harmless property, or give a function that returns what may be sent.',
  )
}

function guarded(tag: string, source: (request: any) => unknown): TracedAttribute['read'] {
  return (request) => {
    try {
      return tagValue(source(request))
    } catch (error) {
      report(
        `attribute.${tag}`,
        `the traced attribute "${tag}" could not be read; it is left out, the request is not affected`,
        error,
      )
      return undefined
    }
  }
}

const MOST_CHARACTERS = 4096
const MOST_PROPERTIES = 64

function tagValue(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return value === '' ? undefined : value.slice(0, MOST_CHARACTERS)
    case 'number':
    case 'boolean':
      return value
    case 'bigint':
      return String(value).slice(0, MOST_CHARACTERS)
    case 'object':
      return value === null ? undefined : describe(value)
    default:
      return undefined
  }
}

/** A list of plain values as text, anything else as JSON without what its keys say is secret. */
function describe(value: object): string | undefined {
  if (value instanceof Date) return value.toISOString()
  if (ArrayBuffer.isView(value)) return undefined
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) {
    return value.slice(0, MOST_PROPERTIES).join(', ').slice(0, MOST_CHARACTERS) || undefined
  }
  let properties = 0
  const json = JSON.stringify(value, (key, property: unknown) => {
    properties += 1
    if (properties > MOST_PROPERTIES) return undefined
    if (SECRET.test(key) || secretParameters.has(key.toLowerCase())) return 'REDACTED'
    return typeof property === 'string' ? property.slice(0, 256) : property
  }) as string | undefined
  return json === undefined || json === '{}' ? undefined : json.slice(0, MOST_CHARACTERS)
}
