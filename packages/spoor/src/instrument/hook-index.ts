import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from './epilogue.ts'
import type { ModuleTarget } from './hook.ts'

/** A listed file, found on disk. Its version may still be out of range. */
export interface FoundFile extends SourceFile {
  readonly path: string
  readonly targets: readonly ModuleTarget[]
}

/** A package of the list, found on disk. */
export interface FoundPackage {
  readonly package: string
  readonly version: string
  /** Its directory, with forward slashes. */
  readonly path: string
}

/** What reads a `package.json`. It is handed in so that other file systems can be tried. */
export type ReadFile = (path: string) => string

interface Manifest {
  readonly name?: unknown
  readonly version?: unknown
  readonly type?: unknown
}

/** How the path of a listed file ends. */
interface Tail {
  readonly package: string
  /** The last part of its name, without the scope. */
  readonly word: string
  readonly end: string
}

const MODULES = '/node_modules/'

/**
 * Answers for every file that a process loads whether it is listed. Nearly all are not, so the way to "no" is a slice
 * and one or two look-ups in a map, and the disk is asked once per directory of a listed package.
 *
 * The version is that of the `package.json` at the file's own root, so several copies of a library go side by side, in
 * nested folders, in a pnpm store, or linked in from a workspace. The name is that of the `package.json` too: a library
 * that was installed under an alias (`"express4": "npm:express@4"`) is found, and a fork under a known name is not touched.
 */
export class TargetIndex {
  /** Those of the listed packages that a file was loaded from, by directory. */
  readonly packages: Map<string, FoundPackage>
  readonly #files = new Map<string, Map<string, ModuleTarget[]>>()
  readonly #tails = new Map<string, Tail[]>()
  readonly #manifests = new Map<string, Manifest | null>()
  readonly #readFile: ReadFile

  constructor(
    targets: readonly ModuleTarget[],
    packages: Map<string, FoundPackage> = new Map(),
    readFile: ReadFile = (path) => readFileSync(path, 'utf8'),
  ) {
    this.packages = packages
    this.#readFile = readFile
    for (const target of targets) this.#add(target)
  }

  /**
   * The listed file at this place, or null.
   *
   * @param location a path of either kind of slashes
   */
  find(location: string): FoundFile | null {
    const path = location.includes('\\') ? location.replaceAll('\\', '/') : location
    const modules = path.lastIndexOf(MODULES)
    if (modules !== -1) {
      const start = modules + MODULES.length
      let end = path.indexOf('/', start)
      if (path[start] === '@') end = path.indexOf('/', end + 1)
      if (this.#files.has(path.slice(start, end))) return this.#fileIn(path.slice(0, end), path)
    }
    return this.#findElsewhere(path)
  }

  /** The listed file at a `file:` URL, whatever query it carries, or null. */
  findUrl(url: string): FoundFile | null {
    if (!url.startsWith('file:')) return null
    const end = url.search(/[?#]/)
    const plain = end === -1 ? url : url.slice(0, end)
    // Nothing to decode and no drive letter to take off is the rule, and `fileURLToPath` is dear.
    if (plain.startsWith('file:///') && !/%|^file:\/\/\/[a-z]:/i.test(plain)) return this.find(plain.slice(7))
    try {
      return this.find(fileURLToPath(plain))
    } catch {
      return null // A host, an encoded slash: Node does not load it either.
    }
  }

  /** What kind of module a file is by its name and its nearest `package.json`; undefined where Node has to look inside. */
  format(path: string): 'commonjs' | 'module' | undefined {
    if (path.endsWith('.mjs')) return 'module'
    if (path.endsWith('.cjs')) return 'commonjs'
    let directory = path.slice(0, path.lastIndexOf('/'))
    while (directory !== '' && !directory.endsWith('/node_modules')) {
      const manifest = this.#manifest(directory)
      if (manifest !== null)
        return manifest.type === 'module' || manifest.type === 'commonjs' ? manifest.type : undefined
      directory = directory.slice(0, directory.lastIndexOf('/'))
    }
    return undefined
  }

  #add(target: ModuleTarget): void {
    let files = this.#files.get(target.package)
    if (files === undefined) this.#files.set(target.package, (files = new Map()))
    const known = files.get(target.file)
    if (known !== undefined) {
      known.push(target)
      return
    }
    files.set(target.file, [target])
    const name = target.file.slice(target.file.lastIndexOf('/') + 1)
    const word = target.package.slice(target.package.indexOf('/') + 1)
    const tail = { package: target.package, word, end: `/${target.file}` }
    this.#tails.set(name, [...(this.#tails.get(name) ?? []), tail])
  }

  /**
   * Below a directory of another name: an alias, or a package linked in from outside. Half of all packages have an
   * `index.js`, and to read all their `package.json` would take 15 µs each, so the directory must at least remind of the
   * package: `express4`, `pg-next`.
   */
  #findElsewhere(path: string): FoundFile | null {
    const tails = this.#tails.get(path.slice(path.lastIndexOf('/') + 1))
    if (tails === undefined) return null
    for (const { package: name, word, end } of tails) {
      if (!path.endsWith(end)) continue
      const root = path.slice(0, -end.length)
      if (root.includes(word, root.lastIndexOf('/')) && this.#manifest(root)?.name === name) {
        return this.#fileIn(root, path)
      }
    }
    return null
  }

  #fileIn(root: string, path: string): FoundFile | null {
    const found = this.packages.get(root) ?? this.#packageAt(root)
    if (found === null) return null
    const file = path.slice(root.length + 1)
    const targets = this.#files.get(found.package)?.get(file)
    return targets === undefined
      ? null
      : { package: found.package, version: found.version, file, path, targets }
  }

  #packageAt(root: string): FoundPackage | null {
    const manifest = this.#manifest(root)
    if (typeof manifest?.name !== 'string' || typeof manifest.version !== 'string') return null
    if (!this.#files.has(manifest.name)) return null
    const found = { package: manifest.name, version: manifest.version, path: root }
    this.packages.set(root, found)
    return found
  }

  #manifest(directory: string): Manifest | null {
    let manifest = this.#manifests.get(directory)
    if (manifest === undefined) {
      manifest = this.#readManifest(`${directory}/package.json`)
      this.#manifests.set(directory, manifest)
    }
    return manifest
  }

  #readManifest(path: string): Manifest | null {
    try {
      return JSON.parse(this.#readFile(path)) as Manifest | null
    } catch {
      return null // There is none, or it is nobody's.
    }
  }
}
