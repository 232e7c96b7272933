import { attachLate, forget, type Listener, processHook, remember } from './hook-process.ts'
import { type LoadReport, report } from './hook-report.ts'
import { checkRange } from './semver.ts'

export type { LoadReport, SeenPackage } from './hook-report.ts'

/** One file of one library whose bindings the engine wants. */
export interface ModuleTarget {
  /** npm name: `pg`, `@redis/client`. */
  readonly package: string
  /** Range of versions whose file looks as the instrumentation expects: `>=8.0.3 <9`. */
  readonly versions: string
  /** Path inside the package, posix, with extension: `lib/client.js`. */
  readonly file: string
  /**
   * Names of the module's own top-level bindings. An ES module is only ever reached by name; of a CommonJS file without
   * names `module.exports` is handed over.
   */
  readonly locals?: readonly string[]
  /** Says of a file with names that it is no ES module, for which another hook would have to be set. */
  readonly format?: 'commonjs'
  /**
   * Says of an ES module that applications install its package themselves: without it in sight no hook for ES modules is
   * set, since that costs every file that the process loads.
   */
  readonly direct?: boolean
}

/**
 * The way on which a module came: Node's synchronous hooks, the compiler of CommonJS, the loader thread, the module
 * cache because it was loaded before us, a bundle, or the user's own hand.
 */
export type LoadedHow = 'hooks' | 'compile' | 'loader' | 'late' | 'bundle' | 'hand'

/** A listed file that has been loaded. */
export interface LoadedModule {
  readonly package: string
  readonly version: string
  /** Path inside the package, as in the target. */
  readonly file: string
  readonly how: LoadedHow
  /**
   * `module.exports` of a CommonJS file, and setting it replaces them; an object with a getter and a setter per local
   * otherwise. A local that the module lacks reads as undefined. Where `how` is `late`, always `module.exports`.
   */
  exports: any
}

/** Gets each listed file once it has run, before whoever asked for it goes on. It may mutate what it gets. */
export type OnLoad = (target: ModuleTarget, loaded: LoadedModule) => void

/** What {@link hookModules} returns. */
export interface ModuleHook {
  /** Takes the targets back, and the hook out of the process if nobody else uses it. What was mutated stays mutated. */
  undo(): void
  /** What has been loaded so far, for the doctor. */
  report(): LoadReport
}

/**
 * Calls back for every listed file that this process loads, whichever way: by `require`, `import` or a bundle, as
 * CommonJS or as an ES module, now or later. Files that were loaded before are handed over during the call.
 *
 * There is one hook in a process however often this is called, and by however many copies of this package.
 *
 * @param targets the files; an empty list hooks nothing
 * @param onLoad what it throws is swallowed: the engine guards itself and knows where to report
 * @throws {SpoorError} `SPOOR_BAD_RANGE` for a version range that cannot be read
 */
export function hookModules(targets: readonly ModuleTarget[], onLoad: OnLoad): ModuleHook {
  for (const target of targets) checkRange(target.versions)
  const hook = processHook()
  const listener: Listener = { targets, onLoad }
  remember(hook, listener)
  attachLate(hook)
  return {
    undo: () => forget(hook, listener),
    report: () => report(hook),
  }
}
