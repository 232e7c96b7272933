import Module from 'node:module'
import { shared } from '../api/global.ts'
import type { Handover } from './epilogue.ts'
import type { LoadedModule, ModuleTarget, OnLoad } from './hook.ts'
import { hookCompile } from './hook-compile.ts'
import { takeDesk } from './hook-desk.ts'
import { type FoundPackage, TargetIndex } from './hook-index.ts'
import { hookOffThread, type OffThreadHook } from './hook-off-thread.ts'
import { hasSyncHooks, hookSync } from './hook-sync.ts'
import { satisfies } from './semver.ts'

/** One call of `hookModules`. */
export interface Listener {
  readonly targets: readonly ModuleTarget[]
  readonly onLoad: OnLoad
}

/** How files are reached in this process. `none`: only those in the module cache and in bundles. */
export type HookMode = 'hooks' | 'compile' | 'none'

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
  offThread: OffThreadHook | null
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
    offThread: null,
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
    if (file === null || module === undefined || hook.handed.has(file.path)) continue
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

function relist(hook: ProcessHook): void {
  const targets = [...hook.listeners].flatMap((listener) => listener.targets)
  hook.index = new TargetIndex(targets, hook.packages)
  if (hook.mode === 'compile') hookEsModules(hook, targets)
}

function install(hook: ProcessHook): () => void {
  const undo = [takeDesk((handover) => receive(hook, handover))]
  const obstacle = findObstacle()
  if (obstacle !== null) {
    hook.problems.add(obstacle)
  } else {
    hook.mode = hasSyncHooks() ? 'hooks' : 'compile'
    if (hook.mode === 'hooks') undo.push(hookSync(() => hook.index))
    undo.push(hookCompile(() => hook.index))
    relist(hook)
  }
  return () => {
    for (const step of undo) step()
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

/** The loader thread costs its start: it runs only where a target can be an ES module. */
function hookEsModules(hook: ProcessHook, targets: readonly ModuleTarget[]): void {
  const modules = targets.filter((target) => target.locals?.length && !target.file.endsWith('.cjs'))
  if (hook.offThread !== null) {
    if (!hook.offThread.list(modules)) hook.problems.add('The list of ES modules was changed too often.')
  } else if (modules.length > 0) {
    try {
      hook.offThread = hookOffThread(modules)
    } catch (error) {
      hook.problems.add(`ES modules cannot be edited in this process: ${String(error)}`)
    }
  }
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
