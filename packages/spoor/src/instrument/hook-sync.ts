import Module from 'node:module'
import { edit } from './epilogue.ts'
import type { TargetIndex } from './hook-index.ts'
import { satisfies } from './semver.ts'

/** The sync hooks broke `require()` of ES modules before these versions (nodejs/node, ERR_VM_MODULE_LINK_FAILURE). */
const SOUND = '>=22.22.3 <23 || >=24.11.1 <25 || >=25.1'

/** Not JSON, WebAssembly, addons or TypeScript. */
const EDITABLE = new Set<string | null | undefined>(['commonjs', 'module', null, undefined])

/** Whether `module.registerHooks` is there and can be trusted. */
export function hasSyncHooks(): boolean {
  return typeof Module.registerHooks === 'function' && satisfies(process.versions.node, SOUND)
}

/**
 * Edits listed files, CommonJS and ES modules, on their way through Node's own synchronous hooks.
 *
 * @param index the list of the moment
 * @returns takes the hook out
 */
export function hookSync(index: () => TargetIndex): () => void {
  const hooks = Module.registerHooks({
    load(url, context, nextLoad) {
      const result = nextLoad(url, context)
      // A missing source means that Node reads the file later, through `_compile`.
      if (result.source === null || result.source === undefined) return result
      if (!EDITABLE.has(result.format)) return result
      const file = index().findUrl(url)
      if (file === null) return result
      // Node leaves the format open for `.js` that no package.json declares.
      const format = (result.format as 'commonjs' | 'module' | null | undefined) ?? index().format(file.path)
      const source = text(result.source)
      return { ...result, source: edit(source, { ...file, format, how: 'hooks' }, file.targets) }
    },
  })
  return () => hooks.deregister()
}

function text(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === 'string' ? source : new TextDecoder('utf-8', { ignoreBOM: true }).decode(source)
}
