/** Child processes, the same way on every system. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the whole repository. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/**
 * Runs a program to its end and gives `{ code, signal, output }`, standard output and error as they came. Never throws
 * on a non-zero code: the caller knows what the failure means. `timeout` is in milliseconds. `inherit: true` lets the child write to our terminal.
 */
export function run(command, args, options = {}) {
  const { cwd = root, env = process.env, inherit = false, input, timeout = 0, uid, gid } = options
  return new Promise((settle, fail) => {
    const stdio = inherit ? 'inherit' : [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']
    const child = spawn(command, args, {
      cwd,
      env,
      stdio,
      timeout,
      windowsHide: true,
      ...(uid !== undefined && { uid, gid }),
    })
    const chunks = []
    child.stdout?.on('data', (chunk) => chunks.push(chunk))
    child.stderr?.on('data', (chunk) => chunks.push(chunk))
    if (input !== undefined) child.stdin.end(input)
    child.on('error', fail)
    child.on('close', (code, signal) => settle({ code, signal, output: Buffer.concat(chunks).toString() }))
  })
}

/** Runs a JavaScript file under the Node that runs us. */
export const runNode = (args, options) => run(process.execPath, args, options)

/** Runs npm by its JavaScript file: `npm` is a shell script on one system and `npm.cmd` on another. */
export function runNpm(args, options) {
  const file = npmFile()
  return file ? runNode([file, ...args], options) : run('npm', args, options)
}

function npmFile() {
  const beside = dirname(process.execPath)
  return [
    process.env.npm_execpath,
    join(beside, 'node_modules/npm/bin/npm-cli.js'),
    join(beside, '../lib/node_modules/npm/bin/npm-cli.js'),
  ].find((file) => file?.endsWith('npm-cli.js') && existsSync(file))
}
