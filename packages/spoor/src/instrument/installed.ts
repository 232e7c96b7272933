import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** Answers that were found once: targets of one package come one after the other. */
const known = new Map<string, boolean>()

/** Whether a package is installed where the application is, or above it. Looks at no more than a few folders. */
export function isInstalled(name: string): boolean {
  const [, script = ''] = process.argv
  const folders = new Set([...upwards(process.cwd()), ...upwards(dirname(resolve(script)))])
  const key = [name, ...folders].join('\n')
  let found = known.get(key)
  if (found === undefined) {
    found = [...folders].some((folder) => existsSync(join(folder, 'node_modules', name, 'package.json')))
    known.set(key, found)
  }
  return found
}

function upwards(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...upwards(above)]
}
