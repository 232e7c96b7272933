import Module from 'node:module'
import { shared } from '../api/global.ts'
import { DESK, type Handover } from './epilogue.ts'
import type { LoadedModule, ModuleTarget, OnLoad } from './hook.ts'
import { hookCompile } from './hook-compile.ts'
import { type FoundPackage, TargetIndex } from './hook-index.ts'
import { hookOffThread } from './hook-off-thread.ts'
import { hasSyncHooks, hookSync } from './hook-sync.ts'
import { isInstalled } from './installed.ts'
import { satisfies } from './semver.ts'

/** One call of `hookModules`. */
export interface Listener {
  readonly targets: readonly ModuleTarget[]
  readonly onLoad: OnLoad
}

/**
 * What is edited in this process. `compile`: CommonJS, which is enough as long as no target names locals; `hooks` and
 * `loader`: ES modules too, by Node's synchronous hooks or in its loader thread. `none`: nothing, only the module cache
 * and bundles are within reach.
 */
export type HookMode = 'none' | 'compile' | 'hooks' | 'loader'

/** What edits ES modules. */
export interface EsModuleHook {
  readonly mode: HookMode
  /** Replaces the list, for every import that begins after this call. False if that has been done too often. */
  list(targets: readonly ModuleTarget[]): boolean
  /** The listed packages that were met elsewhere than in this thread, since it was last asked. */
  met(): FoundPackage[]
}

/** The one hook of a process. All copies of this package share it, so the key below changes with its shape. */
export interface ProcessHook {
  readonly listeners: Set<Listener>
  /** What was handed over, by path, or by name, version and file where a bundle hides the path. */
  readonly handed: Map<string, Handover>
  /** Listed packages that a file was loaded from, by directory. */
  readonly packages: Map<string, FoundPackage>
  /** What went wrong, in sentences. */
  readonly problems: Set<string>
  mode: HookMode
  index: TargetIndex
  esModules: EsModuleHook | null
  uninstall: (() => void) | null
}

/** The hook of this process, whichever copy of this package made it. */
export function processHook(): ProcessHook {
  return shared<ProcessHook>('module-hook.1', () => ({
    listeners: new Set(),
    handed: new Map(),
    packages: new Map(),
    problems: new Set(),
    mode: 'none',
    index: new TargetIndex([]),
    esModules: null,
    uninstall: null,
  }))
}

/** Tells a listener what has been handed over before, and from now on whatever comes. */
export function remember(hook: ProcessHook, listener: Listener): void {
  hook.listeners.add(listener)
  for (const handover of hook.handed.values()) tell(hook, listener, handover)
  relist(hook)
  hook.uninstall ??= install(hook)
}

/** The last to go takes the hook out of the process. */
export function forget(hook: ProcessHook, listener: Listener): void {
  if (!hook.listeners.delete(listener)) return
  relist(hook)
  if (hook.listeners.size > 0) return
  hook.uninstall?.()
  hook.uninstall = null
}

/** Hands over the listed files in the cache of CommonJS that nobody has handed over: they were loaded before us. */
export function attachLate(hook: ProcessHook): void {
  const cache = (Module as unknown as { _cache?: Record<string, NodeModule> })._cache ?? {}
  for (const filename of Object.keys(cache)) {
    const file = hook.index.find(filename)
    const module = cache[filename]
    if (file === null || module === undefined || wasHanded(hook, file.path, module)) continue
    if (!file.targets.some((target) => satisfies(file.version, target.versions))) continue
    if (module.loaded) {
      receive(hook, {
        package: file.package,
        version: file.version,
        file: file.file,
        how: 'late',
        path: file.path,
        module,
      })
    } else {
      hook.problems.add(
        `${file.path} was being loaded while Spoor was started, too late to be edited. Start Spoor before.`,
      )
    }
  }
}

/** A file may run again: test runners and hot reloading take it out of the cache. */
function wasHanded(hook: ProcessHook, path: string, module: NodeModule): boolean {
  const handover = hook.handed.get(path)
  return handover !== undefined && (handover.module === undefined || handover.module === module)
}

function relist(hook: ProcessHook): void {
  const targets = [...hook.listeners].flatMap((listener) => listener.targets)
  hook.index = new TargetIndex(targets, hook.packages)
  if (hook.mode !== 'none') listEsModules(hook, targets)
}

function install(hook: ProcessHook): () => void {
  const leaveDesk = takeDesk((handover) => receive(hook, handover))
  const obstacle = findObstacle()
  if (obstacle !== null) {
    hook.problems.add(obstacle)
    return leaveDesk
  }
  const undoCompile = hookCompile(() => hook.index)
  hook.mode = 'compile'
  relist(hook)
  return () => {
    leaveDesk()
    undoCompile()
    hook.mode = 'none'
  }
}

/**
 * Takes the place that epilogues push to: what was left there comes first, then whatever is handed over from now on.
 * Left again, it is an array that waits, as before.
 */
function takeDesk(push: (handover: Handover) => void): () => void {
  const place = globalThis as { [key: symbol]: { push(handover: Handover): unknown } }
  const before = place[Symbol.for(DESK)]
  place[Symbol.for(DESK)] = { push }
  if (Array.isArray(before)) for (const handover of before) push(handover)
  return () => {
    place[Symbol.for(DESK)] = []
  }
}

/** A sentence on why files cannot be edited here, or null. */
function findObstacle(): string | null {
  if (process.versions['bun'] !== undefined) {
    return 'Bun loads modules on a way of its own. Hand libraries to instrument(), or bundle with spoor/bundler.'
  }
  // Each test file of Jest has globals of its own, and functions of Node that come from outside of them. A hook set from
  // in here would sit in the process for ever, and see nothing of what Jest loads.
  if (!(Module instanceof Function)) {
    return 'This is a sandbox with a module system of its own, such as Jest. Hand libraries to instrument().'
  }
  return null
}

/**
 * Hooks ES modules from the first target on that can be one. Either way costs every file that the process loads, or the
 * start of a thread: measured on Node 24, the synchronous hooks take 10 µs per file, whatever they do, and `_compile` 1.
 */
function listEsModules(hook: ProcessHook, targets: readonly ModuleTarget[]): void {
  const modules = targets.filter(canBeEsModule)
  try {
    if (hook.esModules !== null) {
      if (!hook.esModules.list(modules)) hook.problems.add('The list of ES modules was changed too often.')
    } else if (modules.length > 0) {
      hook.esModules = hasSyncHooks() ? hookSync(() => hook.index) : hookOffThread(modules)
    }
  } catch (error) {
    hook.problems.add(`ES modules cannot be edited in this process: ${String(error)}`)
  }
  hook.mode = hook.esModules?.mode ?? 'compile'
}

function canBeEsModule({ package: name, locals, file, format, direct }: ModuleTarget): boolean {
  if (locals === undefined || locals.length === 0 || format === 'commonjs' || file.endsWith('.cjs'))
    return false
  return direct !== true || isInstalled(name)
}

/** Called from within the module that was loaded: nothing may be thrown into it. */
function receive(hook: ProcessHook, handover: Handover): void {
  hook.handed.set(handover.path ?? `${handover.package}@${handover.version}/${handover.file}`, handover)
  for (const listener of hook.listeners) tell(hook, listener, handover)
}

function tell(hook: ProcessHook, listener: Listener, handover: Handover): void {
  for (const target of listener.targets) {
    if (target.package !== handover.package || target.file !== handover.file) continue
    if (!satisfies(handover.version, target.versions)) continue
    const loaded = open(handover, target)
    if (loaded === null) continue
    try {
      listener.onLoad(target, loaded)
    } catch (error) {
      hook.problems.add(`${target.package}/${target.file}: ${String(error)}`)
    }
  }
}

/** What one target gets to see of a handover, or null if it sees nothing. */
function open(handover: Handover, target: ModuleTarget): LoadedModule | null {
  const { package: name, version, file, how, locals, module } = handover
  if (locals !== undefined && target.locals?.length)
    return { package: name, version, file, how, exports: locals }
  if (module === undefined) return null
  return {
    package: name,
    version,
    file,
    how,
    get exports() {
      return module.exports
    },
    set exports(value) {
      module.exports = value
    },
  }
}
