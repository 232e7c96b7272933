/** Opens an address in the user's browser, with what each system has for it. */
import { spawn } from 'node:child_process'

/** @returns whether there was something to open it with */
export function openBrowser(url: string): Promise<boolean> {
  const [program, ...args] = openers[process.platform] ?? ['xdg-open']
  return new Promise((resolve) => {
    const child = spawn(program!, [...args, url], { stdio: 'ignore', detached: true })
    child.on('error', () => resolve(false))
    child.on('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

const openers: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ['open'],
  // `start` is a word of the shell's; the first argument in quotes would be a window's title.
  win32: ['cmd', '/c', 'start', ''],
}
