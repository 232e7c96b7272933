import type { Handover } from './epilogue.ts'
import type { LoadedHow, ModuleTarget } from './hook.ts'
import type { HookMode, ProcessHook } from './hook-process.ts'
import { satisfies } from './semver.ts'

/** One copy of a listed package that this process has loaded something of. */
export interface SeenPackage {
  readonly package: string
  readonly version: string
  /** Its directory, with forward slashes; null in a bundle. */
  readonly path: string | null
  /** Whether its version is in the range of a target. */
  readonly supported: boolean
  /** The way its first file came; null if none was handed over. */
  readonly how: LoadedHow | null
  /** Files that were handed over, as paths inside the package. */
  readonly files: readonly string[]
  /** Why nothing, or less than everything, of it is reached; null if all is well. */
  readonly why: string | null
}

/** What `spoor doctor` says about module loading. */
export interface LoadReport {
  readonly mode: HookMode
  readonly packages: readonly SeenPackage[]
  /** What went wrong, in sentences. */
  readonly problems: readonly string[]
}

/** What has been loaded in this process so far. */
export function report(hook: ProcessHook): LoadReport {
  for (const found of hook.esModules?.met() ?? []) hook.packages.set(found.path, found)
  const targets = [...hook.listeners].flatMap((listener) => listener.targets)
  return {
    mode: hook.mode,
    packages: copies(hook).map((copy) => describe(copy, targets)),
    problems: [...hook.problems],
  }
}

interface Copy {
  readonly package: string
  readonly version: string
  readonly path: string | null
  readonly handovers: Handover[]
}

/** Packages by directory; those out of a bundle by name and version. */
function copies(hook: ProcessHook): Copy[] {
  const known = new Map<string, Copy>()
  for (const found of hook.packages.values()) known.set(found.path, { ...found, handovers: [] })
  for (const handover of hook.handed.values()) {
    const path = handover.path?.slice(0, -handover.file.length - 1) ?? null
    const key = path ?? `${handover.package}@${handover.version}`
    let copy = known.get(key)
    if (copy === undefined) {
      copy = { package: handover.package, version: handover.version, path, handovers: [] }
      known.set(key, copy)
    }
    copy.handovers.push(handover)
  }
  return [...known.values()]
}

function describe(copy: Copy, allTargets: readonly ModuleTarget[]): SeenPackage {
  const targets = allTargets.filter((target) => target.package === copy.package)
  const inRange = targets.filter((target) => satisfies(copy.version, target.versions))
  return {
    package: copy.package,
    version: copy.version,
    path: copy.path,
    supported: inRange.length > 0,
    how: copy.handovers[0]?.how ?? null,
    files: copy.handovers.map((handover) => handover.file),
    why: explain(copy, targets, inRange),
  }
}

function explain(
  copy: Copy,
  targets: readonly ModuleTarget[],
  inRange: readonly ModuleTarget[],
): string | null {
  if (inRange.length === 0) {
    const ranges = [...new Set(targets.map((target) => target.versions))]
    return `version ${copy.version} is outside of ${ranges.join(' || ')}`
  }
  if (copy.handovers.length === 0) {
    return `none of its listed files was seen: ${inRange.map((target) => target.file).join(', ')}`
  }
  const unreached = inRange.flatMap((target) => {
    const late = copy.handovers.find((handover) => handover.file === target.file && handover.how === 'late')
    return late === undefined ? [] : (target.locals ?? [])
  })
  return unreached.length === 0
    ? null
    : `it was loaded before Spoor: only its exports are reached, not ${[...new Set(unreached)].join(', ')}`
}
