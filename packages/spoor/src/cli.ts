#!/usr/bin/env node
/**
 * `spoor doctor`: what of this folder would be traced. `spoor doctor -- node app.js`: runs the program with tracing on,
 * and tells when it has ended what was seen of every library.
 */
import { spawn } from 'node:child_process'
import { installedFindings, renderFindings } from './doctor.ts'
import { SDK_VERSION } from './export/sdk.ts'
import { instrumentations } from './instrumentations/index.ts'
import { nearest } from './nearest.ts'

const HELP = `spoor ${SDK_VERSION}

  spoor doctor                   what is installed here, and how it would be traced
  spoor doctor -- node app.js    runs the program traced, and tells what came of every library
  spoor --help | --version
`

function main(args: readonly string[]): void {
  const [command, ...rest] = args
  if (command === '--version' || command === '-v') console.log(SDK_VERSION)
  else if (command === undefined || command === '--help' || command === '-h') process.stdout.write(HELP)
  else if (command !== 'doctor') fail(unknown('command', command, ['doctor', '--help', '--version']))
  else if (rest.length === 0) examine()
  else if (rest[0] !== '--') fail(unknown('argument', rest[0] as string, ['--']))
  else if (rest.length === 1) fail('There is no program after "--". Write: spoor doctor -- node app.js')
  else run(rest.slice(1))
}

function examine(): void {
  console.log(renderFindings(installedFindings(instrumentations, process.cwd())))
  console.log('\nStart the application with `node --import spoor/register app.js`,')
  console.log('or let the doctor watch it: `spoor doctor -- node app.js`.')
}

/** The report itself is printed by the traced process, which alone knows. */
function run([program, ...args]: string[]): void {
  const nodeOptions = `${process.env['NODE_OPTIONS'] ?? ''} --import spoor/register`.trim()
  const child = spawn(program as string, args, {
    stdio: 'inherit',
    env: { ...process.env, NODE_OPTIONS: nodeOptions, SPOOR_DOCTOR: 'true' },
  })
  // The terminal sends Ctrl-C to both; we stay until the program has spoken.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('error', (error) => fail(`Cannot start ${program}: ${error.message}`))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 0)
  })
}

function unknown(what: string, given: string, known: readonly string[]): string {
  const close = nearest(given, known)
  return `There is no ${what} ${JSON.stringify(given)}. ${close === undefined ? 'See spoor --help.' : `Did you mean ${close}?`}`
}

function fail(message: string): void {
  console.error(message)
  process.exitCode = 2
}

main(process.argv.slice(2))
