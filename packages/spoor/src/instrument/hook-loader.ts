/**
 * What runs in Node's loader thread, once `module.register` has started it there (see `hook-off-thread.ts`).
 */
import type { LoadFnOutput, LoadHookContext } from 'node:module'
import { edit } from './epilogue.ts'
import type { ModuleTarget } from './hook.ts'
import { TargetIndex } from './hook-index.ts'
import { Notebook } from './hook-notebook.ts'

/** What the application's thread sends along. */
export interface LoaderStart {
  readonly targets: readonly ModuleTarget[]
  /** Memory of the {@link Notebook} that brings newer lists. */
  readonly lists: SharedArrayBuffer
  /** Memory of the one that takes back the packages that were met. */
  readonly met: SharedArrayBuffer
}

let index = new TargetIndex([])
let lists = new Notebook()
let met = new Notebook()
const reported = new Set<string>()

/** Node calls this once, before the application's thread goes on. */
export function initialize(start: LoaderStart): void {
  index = new TargetIndex(start.targets)
  lists = new Notebook(start.lists)
  met = new Notebook(start.met)
}

/** Node calls this for every module that is imported. */
export async function load(
  url: string,
  context: LoadHookContext,
  nextLoad: (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput | Promise<LoadFnOutput>,
): Promise<LoadFnOutput> {
  takeNewerList()
  const result = await nextLoad(url, context)
  // CommonJS goes through `_compile` in the application's thread; to give its source here would cut it off from there.
  if (result.format !== 'module' || result.source === null || result.source === undefined) return result
  const file = index.findUrl(url)
  reportPackages()
  if (file === null) return result
  const source = typeof result.source === 'string' ? result.source : new TextDecoder().decode(result.source)
  return { ...result, source: edit(source, { ...file, format: 'module', how: 'loader' }, file.targets) }
}

function takeNewerList(): void {
  const newest = lists.read().at(-1)
  if (newest !== undefined) index = new TargetIndex(newest as ModuleTarget[])
}

function reportPackages(): void {
  for (const [path, found] of index.packages) {
    if (reported.has(path)) continue
    reported.add(path)
    met.write(found)
  }
}
