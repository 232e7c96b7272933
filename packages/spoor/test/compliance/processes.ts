import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a fixture did, and said. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A file or folder among the fixtures, wherever the compiled tests are. */
export function fixture(path: string): string {
  return fileURLToPath(new URL(`../../test/compliance/fixtures/${path}`, import.meta.url))
}

/** Runs Node.js on something to its end, for half a minute at most. */
export function runNode(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const env = { ...process.env, ...options.env }
  // A test runner that is run by a test runner would report to it instead of to us.
  delete env['NODE_TEST_CONTEXT']
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args],
      { timeout: 60_000, killSignal: 'SIGKILL', ...options, env },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ code, stdout, stderr })
      },
    )
  })
}
