import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LoadReport, ModuleTarget } from '../../dist/esm/instrument/hook.js'

/** Files by path; an object is written as JSON. */
export type Files = Record<string, string | object>

/** What a child process came to. */
export interface Outcome {
  /** The JSON that it printed last. */
  readonly answer: any
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** The built package, in the shape that a preload asks for. */
export const builtHook: { cjs: string; esm: string } = {
  cjs: fileURLToPath(new URL('../../dist/cjs/instrument/hook.js', import.meta.url)),
  esm: fileURLToPath(new URL('../../dist/esm/instrument/hook.js', import.meta.url)),
}

/** A temporary folder with an application in it. */
export class Sandbox {
  /** The real path: on some systems the temporary folder is behind a link. */
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), 'spoor-loading-')))

  constructor(files: Files = {}) {
    this.write(files)
  }

  write(files: Files): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.path, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    }
  }

  /** Runs `node` with these arguments in the folder. Bounded: it is killed after twenty seconds. */
  run(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
    const child = spawn(process.execPath, [...args], {
      cwd: this.path,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    })
    return settle(child)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/**
 * The source of a preload that marks whatever it is handed: functions and methods called `run` answer `traced …`.
 * `globalThis.loads` is the protocol of what was handed over, `globalThis.hook` the hook itself.
 */
export function preload(targets: readonly ModuleTarget[], format: 'cjs' | 'esm' = 'cjs'): string {
  const door = JSON.stringify(format === 'cjs' ? builtHook.cjs : new URL(`file://${builtHook.esm}`).href)
  const head =
    format === 'cjs' ? `const { hookModules } = require(${door})` : `import { hookModules } from ${door}`
  return `${head}
const marked = new WeakSet()
function mark(fn) {
  const traced = function (...args) { return 'traced ' + fn.apply(this, args) }
  marked.add(traced)
  return traced
}
globalThis.loads = []
globalThis.hook = hookModules(${JSON.stringify(targets)}, (target, loaded) => {
  globalThis.loads.push([loaded.package, loaded.version, loaded.file, loaded.how].join(' '))
  const names = target.locals ?? Object.keys(loaded.exports)
  for (const name of names) {
    const value = loaded.exports[name]
    if (typeof value !== 'function' || marked.has(value)) continue
    if (value.prototype?.run) {
      if (!marked.has(value.prototype.run)) value.prototype.run = mark(value.prototype.run)
    } else loaded.exports[name] = mark(value)
  }
})
`
}

/** What `globalThis.hook.report()` of the child printed. */
export type { LoadReport }

function settle(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk))
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ answer: lastJson(stdout), stdout, stderr, code }))
  })
}

function lastJson(stdout: string): unknown {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  } catch {
    return undefined
  }
}
