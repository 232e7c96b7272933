import Module from 'node:module'
import { edit } from './epilogue.ts'
import type { TargetIndex } from './hook-index.ts'
import type { EsModuleHook } from './hook-process.ts'
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
 * Edits listed files on their way through Node's own synchronous hooks. It is there for ES modules; CommonJS whose source
 * comes from somebody else's loader never gets to `_compile`, so it is edited here as well.
 *
 * @param index the list of the moment
 */
export function hookSync(index: () => TargetIndex): EsModuleHook {
  let hooks: { deregister(): void } | null = register(index)
  return {
    mode: 'hooks',
    list(targets) {
      if (targets.length > 0) hooks ??= register(index)
      else {
        hooks?.deregister()
        hooks = null
      }
      return true
    },
    met: () => [],
  }
}

function register(index: () => TargetIndex): { deregister(): void } {
  return Module.registerHooks({
    load(url, context, nextLoad) {
      const result = nextLoad(url, context)
      const { source, format } = result
      if (source === null || source === undefined || !EDITABLE.has(format)) return result
      const file = index().findUrl(url)
      if (file === null) return result
      // Node leaves the format open for `.js` that no package.json declares.
      const known = (format as 'commonjs' | 'module' | null | undefined) ?? index().format(file.path)
      return { ...result, source: edit(text(source), { ...file, format: known, how: 'hooks' }, file.targets) }
    },
  })
}

function text(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === 'string' ? source : new TextDecoder('utf-8', { ignoreBOM: true }).decode(source)
}
