import Module from 'node:module'
import { pathToFileURL } from 'node:url'
import type { ModuleTarget } from './hook.ts'
import type { FoundPackage } from './hook-index.ts'
import type { LoaderStart } from './hook-loader.ts'
import { Notebook } from './hook-notebook.ts'
import type { EsModuleHook } from './hook-process.ts'

/**
 * Edits ES modules on versions of Node whose synchronous hooks are missing or unsound, in Node's loader thread.
 *
 * @throws whatever `module.register` throws, for instance where our own files have been bundled
 */
export function hookOffThread(targets: readonly ModuleTarget[]): EsModuleHook {
  const lists = new Notebook()
  const met = new Notebook()
  const start: LoaderStart = { targets, lists: lists.memory, met: met.memory }
  Module.register(loaderUrl(), { data: start })
  return {
    mode: 'loader',
    list: (newTargets) => lists.write(newTargets),
    met: () => met.read() as FoundPackage[],
  }
}

/**
 * `hook-loader.js` beside this file. `import.meta` and `__filename` each exist in only one of our two builds; the call
 * stack knows the file in both, as a URL in ES modules and as a path in CommonJS.
 */
function loaderUrl(): string {
  const prepare = Error.prepareStackTrace
  let here: string | null | undefined
  try {
    Error.prepareStackTrace = (_error, sites) => sites[0]?.getFileName()
    here = new Error().stack
  } finally {
    Error.prepareStackTrace = prepare
  }
  if (typeof here !== 'string') throw new Error('The call stack does not name the file it runs in.')
  return new URL('./hook-loader.js', here.startsWith('file:') ? here : pathToFileURL(here)).href
}
