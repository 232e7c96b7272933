/**
 * Routers below other routers. A request knows under which path it came, `/tenants/acme`; a span wants the template that
 * the router was mounted with, `/tenants/:tenant`. So mounts are noted when they are made, and looked up when a request
 * enters a router.
 */

/** One path that a router was mounted at, cut at its slashes. */
type Mount = readonly string[]

const mounts = new WeakMap<object, Mount[]>()

/**
 * Notes what `use(path, …)` mounts.
 *
 * @param args the arguments: a path or several, in nested lists perhaps, and handlers
 */
export function noteMounts(args: readonly unknown[]): void {
  const [first] = [args[0]].flat(Infinity)
  if (typeof first === 'function') return // without a path nothing is added to it
  const paths = [args[0]].flat(Infinity).filter((path) => typeof path === 'string')
  for (const handler of args.slice(1).flat(Infinity)) {
    if (typeof handler === 'function' && Array.isArray((handler as { stack?: unknown }).stack)) {
      noteMount(handler, paths)
    }
  }
}

/** Notes the paths of one router or application. */
export function noteMount(router: object, paths: readonly string[]): void {
  const noted = mounts.get(router) ?? []
  for (const path of paths) {
    const mount = segments(path)
    const isKnown = noted.some((other) => other.join('/') === mount.join('/'))
    if (!isKnown && mount.length > 0 && mount.every(isPlain)) noted.push(mount)
  }
  if (noted.length > 0) mounts.set(router, noted)
}

/** Templates of the prefixes that a request has come through, where they differ from what stands in its URL. */
const TEMPLATES: unique symbol = Symbol.for('spoor.templates')

interface Request {
  readonly baseUrl?: string
  readonly params?: { readonly [name: string]: unknown }
  [TEMPLATES]?: Map<string, string>
}

/** A request enters a router, and its `baseUrl` is the path up to there. */
export function enterRouter(router: object, request: Request): void {
  const { baseUrl } = request
  if (baseUrl === undefined || baseUrl === '') return
  const noted = mounts.get(router)
  const actual = segments(baseUrl)
  if (noted === undefined) {
    guess(request, baseUrl, actual)
    return
  }
  const mount = noted.find((candidate) => isEndOf(actual, candidate))
  if (mount === undefined) return
  const above = `/${actual.slice(0, actual.length - mount.length).join('/')}`
  const template = `${templateOf(request, above === '/' ? '' : above)}/${mount.join('/')}`
  if (template !== baseUrl) (request[TEMPLATES] ??= new Map()).set(baseUrl, template)
}

/**
 * A router that was mounted before anybody looked does not tell how. What the mount's parameters have matched stands in
 * the path, and shows where they are.
 */
function guess(request: Request, baseUrl: string, actual: readonly string[]): void {
  const known = [...(request[TEMPLATES]?.keys() ?? [])].filter((path) => baseUrl.startsWith(`${path}/`))
  const above = known.sort((a, b) => b.length - a.length)[0] ?? ''
  const names = Object.entries(request.params ?? {})
  const below = actual.slice(segments(above).length).map((segment) => {
    const name = names.find(([, value]) => typeof value === 'string' && encodeURIComponent(value) === segment)
    return name === undefined ? segment : `:${name[0]}`
  })
  const template = `${templateOf(request, above)}/${below.join('/')}`
  if (template !== baseUrl) (request[TEMPLATES] ??= new Map()).set(baseUrl, template)
}

/** The template of a path that a request has come through; the path itself where no other is known. */
export function templateOf(request: Request, baseUrl: string = request.baseUrl ?? ''): string {
  return request[TEMPLATES]?.get(baseUrl) ?? baseUrl
}

function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

/** A segment that stands for exactly one of a URL. Optional and repeated ones cannot be told apart afterwards. */
function isPlain(segment: string): boolean {
  return !/[*?+(){}[\]]/.test(segment)
}

function isEndOf(actual: readonly string[], mount: Mount): boolean {
  const start = actual.length - mount.length
  return (
    start >= 0 &&
    mount.every(
      (segment, i) =>
        segment.includes(':') || segment.toLowerCase() === (actual[start + i] as string).toLowerCase(),
    )
  )
}
