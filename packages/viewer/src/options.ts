/** The options of the command, from its arguments and its environment: one table, from which its help is printed too. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { ViewerError } from './errors.ts'
import type { ViewerOptions } from './index.ts'
import { nearest } from './nearest.ts'

export interface CommandLine {
  viewer: ViewerOptions
  /** Whether the path of the store was chosen, rather than left to us. */
  isStoreChosen: boolean
  open: boolean
  /** End with the command, even if there are traces to look at. */
  exit: boolean
  help: boolean
  version: boolean
  /** What stands after `--`: a program and its arguments. */
  command: string[]
}

interface Option {
  name: string
  alias?: string
  env?: string
  /** How the help calls the value; switches have none. */
  value?: string
  help: string
  apply(line: CommandLine, value: string, name: string): void
}

const OPTIONS: readonly Option[] = [
  {
    name: '--otlp-port',
    env: 'SPOOR_VIEWER_OTLP_PORT',
    value: '<port>',
    help: 'where applications send their spans, OTLP/HTTP (4318; 0 for a free one)',
    apply: ({ viewer }, value, name) => {
      viewer.otlpPort = parsePort(value, name)
    },
  },
  {
    name: '--ui-port',
    alias: '--port',
    env: 'SPOOR_VIEWER_UI_PORT',
    value: '<port>',
    help: 'where the page is (4319; 0 for a free one)',
    apply: ({ viewer }, value, name) => {
      viewer.uiPort = parsePort(value, name)
    },
  },
  {
    name: '--host',
    env: 'SPOOR_VIEWER_HOST',
    value: '<address>',
    help: 'address to listen on (localhost: this machine only)',
    apply: ({ viewer }, value, name) => {
      viewer.host = required(value, name)
    },
  },
  {
    name: '--store',
    env: 'SPOOR_VIEWER_STORE',
    value: '<path>',
    help: 'file that keeps the traces, or :memory: to keep them until the viewer ends',
    apply: (line, value, name) => {
      line.viewer.store = required(value, name) === ':memory:' ? value : resolve(value)
      line.isStoreChosen = true
    },
  },
  {
    name: '--max-bytes',
    env: 'SPOOR_VIEWER_MAX_BYTES',
    value: '<size>',
    help: 'size of the store, after which the oldest traces go (1GB; 256MB in memory)',
    apply: ({ viewer }, value, name) => {
      viewer.maxBytes = parseSize(value, name)
    },
  },
  {
    name: '--max-age',
    env: 'SPOOR_VIEWER_MAX_AGE',
    value: '<time>',
    help: 'age after which traces go: 90m, 12h, 7d (7d)',
    apply: ({ viewer }, value, name) => {
      viewer.maxAge = parseTime(value, name)
    },
  },
  {
    name: '--max-body',
    env: 'SPOOR_VIEWER_MAX_BODY',
    value: '<size>',
    help: 'largest request, after decompression (64MB)',
    apply: ({ viewer }, value, name) => {
      viewer.maxBody = parseSize(value, name)
    },
  },
  {
    name: '--allow-origin',
    env: 'SPOOR_VIEWER_ALLOW_ORIGIN',
    value: '<origin>',
    help: 'web pages that may send spans, besides those on localhost; several with commas',
    apply: ({ viewer }, value, name) => {
      viewer.allowedOrigins = [...(viewer.allowedOrigins ?? []), ...required(value, name).split(',')]
    },
  },
  {
    name: '--allow-host',
    env: 'SPOOR_VIEWER_ALLOW_HOST',
    value: '<name>',
    help: 'names by which the page may be called, besides localhost; several with commas',
    apply: ({ viewer }, value, name) => {
      viewer.allowedHosts = [...(viewer.allowedHosts ?? []), ...required(value, name).split(',')]
    },
  },
  {
    name: '--open',
    help: 'open the page in a browser',
    apply: (line) => {
      line.open = true
    },
  },
  {
    name: '--exit',
    help: 'end with the command, instead of staying to show its traces',
    apply: (line) => {
      line.exit = true
    },
  },
  {
    name: '--help',
    alias: '-h',
    help: 'print this',
    apply: (line) => {
      line.help = true
    },
  },
  {
    name: '--version',
    alias: '-v',
    help: 'print the version',
    apply: (line) => {
      line.version = true
    },
  },
]

/**
 * Arguments win over the environment.
 *
 * @throws `SPOOR_BAD_OPTION`
 */
export function parseCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  const line: CommandLine = {
    viewer: {},
    isStoreChosen: false,
    open: false,
    exit: false,
    help: false,
    version: false,
    command: [],
  }
  readEnvironment(env, line)
  const split = args.indexOf('--')
  if (split >= 0) line.command = args.slice(split + 1)
  readArguments(split < 0 ? args : args.slice(0, split), line)
  if (split >= 0 && line.command.length === 0)
    throw bad('a command must follow --, as in: spoor-viewer -- node app.js')
  return line
}

export function helpText(): string {
  const left = OPTIONS.map(
    ({ name, alias, value = '' }) => `  ${alias ? `${name}, ${alias}` : name} ${value}`,
  )
  const width = Math.max(...left.map((text) => text.length)) + 2
  const options = OPTIONS.map(({ help }, i) => left[i]!.padEnd(width) + help)
  return `A local trace viewer: receives spans over OTLP, keeps them, shows them.

Usage:
  spoor-viewer [options]
  spoor-viewer [options] -- <command> [arguments]   runs a Node application with tracing on

Options:
${options.join('\n')}

Every option with a value can be set in the environment too: --otlp-port as SPOOR_VIEWER_OTLP_PORT.

With a command, the viewer stays until Ctrl-C once traces have come, so that they can be looked at; it ends
with the command, and with its exit code, if none came, if its output is not a terminal, or with --exit.
`
}

/** Where traces are kept when nobody says: they can be lost without harm, so with the user's caches. */
export function defaultStorePath(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string {
  const file = join('spoor', 'traces.db')
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), file)
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', file)
  // The XDG specification says to ignore relative paths.
  const cache = env['XDG_CACHE_HOME']
  return join(cache?.startsWith('/') ? cache : join(homedir(), '.cache'), file)
}

function readEnvironment(env: NodeJS.ProcessEnv, line: CommandLine): void {
  const known = new Map(OPTIONS.flatMap((option) => (option.env ? [[option.env, option] as const] : [])))
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('SPOOR_VIEWER_')) continue
    const option = known.get(name)
    if (!option) throw unknown(`environment variable ${name}`, name, known.keys())
    // An empty variable counts as one that is not set, as everywhere in OpenTelemetry.
    if (value) option.apply(line, value, name)
  }
}

function readArguments(args: readonly string[], line: CommandLine): void {
  const known = new Map(
    OPTIONS.flatMap((option) => [option.name, option.alias ?? []].flat().map((name) => [name, option])),
  )
  const seen = new Set<Option>()
  for (let i = 0; i < args.length; i++) {
    const [, name, inline] = /^(-[^=]*)(?:=(.*))?$/s.exec(args[i]!) ?? []
    if (name === undefined) throw bad(`${args[i]} is not an option; to run a command, put -- before it`)
    const option = known.get(name)
    if (!option) throw unknown(`option ${name}`, name, known.keys())
    if (option.value === undefined && inline !== undefined) throw bad(`${name} takes no value`)
    if (option.value !== undefined && inline === undefined && i + 1 >= args.length) {
      throw bad(`${name} needs a value: ${option.value}`)
    }
    // The first time on the command line, what the environment said is put aside; lists then grow.
    if (!seen.has(option)) forgetList(option, line)
    seen.add(option)
    option.apply(line, option.value === undefined ? '' : (inline ?? args[++i]!), name)
  }
}

function forgetList({ name }: Option, { viewer }: CommandLine): void {
  if (name === '--allow-origin') delete viewer.allowedOrigins
  if (name === '--allow-host') delete viewer.allowedHosts
}

function unknown(what: string, name: string, candidates: Iterable<string>): ViewerError {
  const meant = nearest(name, candidates)
  return bad(`${what} is not known${meant ? `: did you mean ${meant}?` : ''}`)
}

function parsePort(value: string, name: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  if (port <= 65535) return port
  throw bad(`${name} must be a port from 0 to 65535, not ${JSON.stringify(value)}`)
}

const SIZES: Record<string, number> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

function parseSize(value: string, name: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(value.trim()) ?? []
  const bytes = Math.floor(Number(amount) * (SIZES[unit?.toLowerCase() ?? ''] ?? Number.NaN))
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw bad(`${name} must be a size such as 500MB or 2GB, not ${JSON.stringify(value)}`)
}

const TIMES: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function parseTime(value: string, name: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([smhd])$/i.exec(value.trim()) ?? []
  const ms = Math.floor(Number(amount) * (TIMES[unit?.toLowerCase() ?? ''] ?? Number.NaN))
  if (Number.isSafeInteger(ms) && ms > 0) return ms
  throw bad(`${name} must be a time such as 90m, 12h or 7d, not ${JSON.stringify(value)}`)
}

function required(value: string, name: string): string {
  if (value.trim() !== '') return value
  throw bad(`${name} needs a value`)
}

function bad(message: string): ViewerError {
  return new ViewerError('SPOOR_BAD_OPTION', message)
}
