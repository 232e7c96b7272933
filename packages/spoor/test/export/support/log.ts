import { resetLog, setLogWriter } from '../../../dist/esm/log.js'

/** Collects what the library says while a test runs, instead of printing it. */
export function captureLog(): { lines: string[]; restore(): void } {
  const lines: string[] = []
  resetLog()
  const restore = setLogWriter((line) => lines.push(line))
  return { lines, restore }
}
