import { hasSyncHooks } from './hook-sync.ts'
import type { Undo } from './patch.ts'

/**
 * Says when a built-in module is loaded, so that its prototypes are patched then and not before: loading `http2` for
 * nothing costs 8 ms of start-up.
 */

interface NodeModule {
  registerHooks?(hooks: { resolve: (specifier: string, context: unknown, next: Next) => unknown }): {
    deregister(): void
  }
  _load(request: string, parent: unknown, isMain: boolean): unknown
}

type Next = (specifier: string, context: unknown) => unknown

/**
 * @param handlers by name without `node:`; each is called once, with the module's exports
 * @returns stops listening; does not undo what the handlers did
 */
export function onBuiltins(handlers: { readonly [name: string]: (exports: any) => void }): Undo {
  const { getBuiltinModule } = process
  const waiting = new Map(Object.entries(handlers))
  const loaded = (name: string): void => {
    const handler = waiting.get(name)
    if (handler === undefined) return
    waiting.delete(name)
    handler(getBuiltinModule(name))
  }
  const seen = (specifier: string): void => {
    if (waiting.size === 0) return
    loaded(specifier.startsWith('node:') ? specifier.slice(5) : specifier)
  }
  // Undocumented, but there since Node 0.x and without alternative; where it is missing, modules are patched at once.
  const loadedBefore = new Set((process as { moduleLoadList?: string[] }).moduleLoadList ?? [])
  for (const name of [...waiting.keys()]) {
    if (loadedBefore.size === 0 || loadedBefore.has(`NativeModule ${name}`)) loaded(name)
  }
  if (waiting.size === 0) return () => {}
  return listen(getBuiltinModule('node:module') as unknown as NodeModule, seen, () => {
    for (const name of [...waiting.keys()]) loaded(name)
  })
}

function listen(module: NodeModule, seen: (specifier: string) => void, now: () => void): Undo {
  if (typeof module.registerHooks !== 'function' || !hasSyncHooks() || !(module instanceof Function)) {
    // Without hooks that can be trusted an `import` of a built-in module cannot be seen. Nor can it in a sandbox such as Jest, whose module
    // system comes from outside of its globals, and throws when it is asked for hooks.
    now()
    return () => {}
  }
  const load = module._load
  module._load = function (this: unknown, request: string, ...rest: [parent: unknown, isMain: boolean]) {
    seen(request)
    return load.call(this, request, ...rest)
  }
  const ours = module._load
  const hooks = module.registerHooks({
    resolve(specifier, context, next) {
      seen(specifier)
      return next(specifier, context)
    },
  })
  return () => {
    hooks.deregister()
    if (module._load === ours) module._load = load
  }
}
