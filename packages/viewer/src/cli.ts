#!/usr/bin/env node
/** The command: starts the viewer, says where it is, runs an application if asked to, ends on Ctrl-C. */
import { homedir } from 'node:os'
import { messageOf, ViewerError } from './errors.ts'
import { startViewer, type Viewer } from './index.ts'
import { openBrowser } from './open-browser.ts'
import { type CommandLine, defaultStorePath, helpText, parseCommandLine } from './options.ts'
import { requireLibrary, runCommand } from './run-command.ts'
import { version } from './version.ts'

/** By custom: of a command that was called wrongly. */
const EXIT_USAGE = 2
/** The last batch of an application that has just ended may still be on its way. */
const LAST_BATCH_MS = 200

try {
  await main(parseCommandLine(process.argv.slice(2), process.env))
} catch (error) {
  fail(error)
}

async function main(line: CommandLine): Promise<void> {
  if (line.help) {
    process.stdout.write(helpText())
    return
  }
  if (line.version) {
    console.log(version)
    return
  }
  if (line.command.length > 0) requireLibrary()
  const viewer = await start(line)
  greet(viewer, line.command.length > 0)
  if (line.open && !(await openBrowser(viewer.url)))
    tell('no browser could be opened: open the address yourself')
  if (line.command.length > 0) await accompany(viewer, line)
  else await untilInterrupted()
  await viewer.close()
}

/** Where the usual place cannot be written, as in many containers, traces are kept in memory rather than not at all. */
async function start({ viewer: options, isStoreChosen }: CommandLine): Promise<Viewer> {
  const all = { ...options, report: tell }
  if (isStoreChosen) return startViewer(all)
  try {
    return await startViewer({ ...all, store: defaultStorePath(process.env) })
  } catch (error) {
    if (!(error instanceof ViewerError) || error.code !== 'SPOOR_STORE_UNUSABLE') throw error
    tell(`${error.message}. Traces are kept in memory this time.`)
    return startViewer({ ...all, store: ':memory:' })
  }
}

async function accompany(viewer: Viewer, { command, exit }: CommandLine): Promise<void> {
  try {
    process.exitCode = await runCommand(command, viewer.otlpUrl).ended
  } catch (error) {
    fail(error)
    return
  }
  await new Promise((resolve) => setTimeout(resolve, LAST_BATCH_MS))
  if (exit || viewer.received === 0 || !process.stdout.isTTY) return
  tell(`${command[0]} has ended; its traces are at ${viewer.url} until Ctrl-C`)
  await untilInterrupted()
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
}

function greet({ url, otlpUrl, store, engine }: Viewer, isBesideCommand: boolean): void {
  // A command beside it has stdout to itself: others may read it.
  const out = isBesideCommand ? process.stderr : process.stdout
  const { bold, dim } = stylesFor(out)
  const kept = store === ':memory:' ? 'memory, until it ends' : tilde(store)
  const lines = [
    '',
    `${bold('Spoor')} ${version}`,
    `  Traces  ${bold(url)}`,
    `  OTLP    ${otlpUrl}  ${dim('OTEL_EXPORTER_OTLP_ENDPOINT, http/protobuf or http/json')}`,
    `  Store   ${kept}  ${dim(engine)}`,
    '',
  ]
  if (!isBesideCommand) lines.push(dim('  Ctrl-C ends it'), '')
  out.write(`${lines.join('\n')}\n`)
}

function tilde(path: string): string {
  const home = homedir()
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}

function stylesFor(out: NodeJS.WriteStream): Record<'bold' | 'dim', (text: string) => string> {
  const isPlain = !out.isTTY || Boolean(process.env['NO_COLOR']) || process.env['TERM'] === 'dumb'
  const style = (on: number) => (text: string) => (isPlain ? text : `\u001b[${on}m${text}\u001b[22m`)
  return { bold: style(1), dim: style(2) }
}

function tell(line: string): void {
  console.error(`spoor-viewer: ${line}`)
}

function fail(error: unknown): void {
  const isKnown = error instanceof ViewerError
  tell(isKnown ? `${error.message} [${error.code}]` : ((error as Error).stack ?? messageOf(error)))
  const isUsage = isKnown && error.code === 'SPOOR_BAD_OPTION'
  if (isUsage) console.error('`spoor-viewer --help` lists the options.')
  process.exitCode = isUsage ? EXIT_USAGE : 1
}
