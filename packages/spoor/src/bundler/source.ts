import { readFileSync } from 'node:fs'
import { targetsOf } from '../instrument/define.ts'
import { edit } from '../instrument/epilogue.ts'
import type { ModuleTarget } from '../instrument/hook.ts'
import { TargetIndex } from '../instrument/hook-index.ts'
import { checkRange } from '../instrument/semver.ts'
import { instrumentations } from '../instrumentations/index.ts'

/** What every plugin takes. */
export interface BundlerOptions {
  /** Files to edit instead of those that Spoor knows. */
  readonly targets?: readonly ModuleTarget[]
}

/** The same edit that a running process makes, for a bundler. */
export class BundleSource {
  /** Matches the paths of files that may be listed, and of few others. */
  readonly filter: RegExp
  readonly #index: TargetIndex

  /** @throws {SpoorError} `SPOOR_BAD_RANGE` for a version range that cannot be read */
  constructor({ targets = instrumentations.flatMap(targetsOf) }: BundlerOptions = {}) {
    for (const target of targets) checkRange(target.versions)
    this.#index = new TargetIndex(targets)
    const names = new Set(targets.map((target) => target.file.slice(target.file.lastIndexOf('/') + 1)))
    const alternatives = [...names].map((name) => name.replace(/[^\w-]/g, '\\$&'))
    this.filter = new RegExp(`[/\\\\](?:${alternatives.join('|')})$`)
  }

  /**
   * The edited source of a listed file, or null: leave the file as it is.
   *
   * @param path where the file lies; a query behind it is passed over
   * @param source its text, if the bundler has read it
   */
  edit(path: string, source?: string): string | null {
    const plain = path.replace(/[?#].*$/, '')
    if (!this.filter.test(plain)) return null
    const file = this.#index.find(plain)
    if (file === null) return null
    const text = source ?? readFileSync(file.path, 'utf8')
    // The path stays out: a build must come out the same on every machine.
    const { package: name, version, file: inside } = file
    const format = this.#index.format(file.path)
    const edited = edit(text, { package: name, version, file: inside, format }, file.targets)
    return edited === text ? null : edited
  }
}
