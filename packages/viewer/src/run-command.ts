/** Runs an application with tracing on, and lets it have the terminal and the signals. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ViewerError } from './errors.ts'

/** Node sends these on to nobody. A terminal sends the first three to every process in its foreground itself. */
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM', 'SIGUSR2']

export interface Running {
  /** Resolves with the exit code; by the shells' custom 128 and the signal's number after a signal. */
  readonly ended: Promise<number>
}

/** @throws `SPOOR_NO_LIBRARY`: worth knowing before anything is started */
export function requireLibrary(): void {
  registerUrl(process.cwd())
}

/**
 * @param command a program and its arguments
 * @param otlpUrl where it sends its spans, unless its environment says otherwise
 * @returns `ended` rejects with `SPOOR_NO_COMMAND`
 */
export function runCommand(command: readonly string[], otlpUrl: string): Running {
  const [program, ...args] = command
  const child = spawn(program!, args, { stdio: 'inherit', env: tracedEnvironment(process.env, otlpUrl) })
  const handlers = SIGNALS.map((signal) => [signal, () => void forward(child, signal)] as const)
  for (const [signal, handler] of handlers) process.on(signal, handler)
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => reject(noCommand(program!, error)))
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
  return {
    ended: ended.finally(() => {
      for (const [signal, handler] of handlers) process.off(signal, handler)
    }),
  }
}

/** What it takes for a Node process, and those that it starts, to send their spans here. */
export function tracedEnvironment(
  env: NodeJS.ProcessEnv,
  otlpUrl: string,
  cwd: string = process.cwd(),
): NodeJS.ProcessEnv {
  const register = registerUrl(cwd)
  const traced: NodeJS.ProcessEnv = {
    ...env,
    NODE_OPTIONS: [env['NODE_OPTIONS'], `--import=${register}`].filter(Boolean).join(' '),
  }
  traced['OTEL_EXPORTER_OTLP_ENDPOINT'] ||= otlpUrl
  if (!namesService(env)) traced['OTEL_SERVICE_NAME'] = serviceName(cwd)
  return traced
}

function forward(child: ChildProcess, signal: NodeJS.Signals): void {
  // In a terminal Ctrl-C reaches the child without us, and twice is what many programs take for "at once".
  const isFromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT')
  if (!isFromTerminal) child.kill(signal)
}

/** The application's own copy of the library comes first: it is the version that was chosen. */
function registerUrl(cwd: string): string {
  for (const from of [join(cwd, 'package.json'), import.meta.url]) {
    try {
      return pathToFileURL(createRequire(from).resolve('spoor/register')).href
    } catch {
      // Not there: the next place.
    }
  }
  throw new ViewerError(
    'SPOOR_NO_LIBRARY',
    `the tracing library is not installed in ${cwd}: run \`npm install spoor\` there`,
  )
}

function namesService(env: NodeJS.ProcessEnv): boolean {
  return (
    Boolean(env['OTEL_SERVICE_NAME']) ||
    /(^|,)\s*service\.name\s*=/.test(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')
  )
}

/** The name in the nearest package.json, without its scope; else that of the folder. */
function serviceName(cwd: string): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    try {
      const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown }
      if (typeof name === 'string' && name) return name.replace(/^@[^/]*\//, '')
    } catch {
      // No package.json, or none that can be read.
    }
    if (folder === dirname(folder)) return cwd.split(/[\\/]/).pop() || 'unknown_service:node'
  }
}

function noCommand(program: string, error: NodeJS.ErrnoException): ViewerError {
  const why = error.code === 'ENOENT' ? 'there is no such program' : error.message
  return new ViewerError('SPOOR_NO_COMMAND', `${program} cannot be run: ${why}`, { cause: error })
}
