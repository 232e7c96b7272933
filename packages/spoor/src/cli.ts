#!/usr/bin/env node
/**
 * `spoor doctor`: what of this folder would be traced. `spoor doctor -- node app.js`: runs the program with tracing on,
 * and tells when it has ended what was seen of every library.
 */
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SpoorError } from './api/errors.ts'
import { installedFindings, renderFindings, renderOrigins } from './doctor.ts'
import { SDK_VERSION } from './export/sdk.ts'
import { instrumentations } from './instrumentations/index.ts'
import { nearest } from './nearest.ts'
import { environmentOptions } from './options.ts'

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
  tellOrigins()
  if (ownRegister(process.cwd()) === null) {
    console.log('\nThe tracing library itself is not installed in this folder: `npm install spoor`.')
  }
  console.log('\nStart the application with `node --import spoor/register app.js`,')
  console.log('or let the doctor watch it: `spoor doctor -- node app.js`.')
}

/** Options that would not have their default, and where each comes from; or what is wrong with one. */
function tellOrigins(): void {
  try {
    const origins = renderOrigins(environmentOptions({}).origins)
    if (origins !== '') console.log(`\n${origins}`)
  } catch (error) {
    const { code, message } = error as Partial<SpoorError>
    console.log(`\nThe configuration is not usable, the application would run untraced: ${message} [${code}]`)
  }
}

/** The report itself is printed by the traced process, which alone knows. */
function run([program, ...args]: string[]): void {
  const register = ownRegister(process.cwd()) ?? bundledRegister()
  const nodeOptions = `${process.env['NODE_OPTIONS'] ?? ''} --import=${pathToFileURL(register).href}`.trim()
  const child = spawn(program as string, args, {
    stdio: 'inherit',
    env: { ...process.env, NODE_OPTIONS: nodeOptions, SPOOR_DOCTOR: 'true' },
  })
  // The terminal sends Ctrl-C to both; we stay until the program has spoken.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('error', (error) => fail(`Cannot start ${program}: ${error.message}`))
  child.on('exit', (code, signal) => {
    // As shells tell of a signal: 128 and its number.
    process.exitCode = code ?? (signal === null ? 1 : 128 + constants.signals[signal])
  })
}

/** The copy that the application would load: its version is the one that was chosen. Null when it has none. */
function ownRegister(folder: string): string | null {
  try {
    return createRequire(join(folder, 'package.json')).resolve('spoor/register')
  } catch {
    return null
  }
}

/** The copy that this command belongs to: it may have been started by npx, or from elsewhere. */
function bundledRegister(): string {
  const command = realpathSync(process.argv[1] as string) // dist/esm/cli.js
  return join(dirname(command), '..', 'bundle', 'register.cjs')
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
