import { report } from '../log.ts'
import { Binding } from './bind.ts'
import { onBuiltins } from './builtins.ts'
import { listenToExchange, listenToPoint, listenToTracingChannel } from './channels.ts'
import { type Instrumentation, type Patch, targetsOf } from './define.ts'
import { hookModules, type LoadedModule, type LoadReport, type ModuleTarget } from './hook.ts'
import { patchMethod, reach, type Undo } from './patch.ts'
import { publish } from './publish.ts'
import type { Row } from './row.ts'
import type { Runtime } from './runtime.ts'

/** Tables in, running instrumentations out. One per process; everything it does can be undone. */
export class Engine {
  readonly runtime: Runtime
  readonly #tables: readonly Instrumentation[]
  readonly #bindings: { library: string; binding: Binding<any> }[] = []
  readonly #undo: Undo[] = []
  #modules: { undo(): void; report(): LoadReport } | null = null

  readonly #mark: symbol | undefined

  /** @param mark on what is patched; engines with another one patch on top of each other */
  constructor(runtime: Runtime, tables: readonly Instrumentation[], mark?: symbol) {
    this.runtime = runtime
    this.#tables = tables
    this.#mark = mark
  }

  /** Starts everything: subscribes to channels, watches for modules, patches what is loaded already. */
  start(): void {
    for (const table of this.#tables) this.#listen(table)
    this.#watchBuiltins()
    const owners = new Map<string, Instrumentation[]>()
    for (const table of this.#tables) {
      for (const file of targetsOf(table).map(fileOf)) owners.set(file, [...(owners.get(file) ?? []), table])
    }
    const targets = this.#tables.flatMap(targetsOf)
    if (targets.length === 0) return
    this.#modules = hookModules(targets, (target, loaded) => {
      for (const table of new Set(owners.get(fileOf(target)))) this.#attach(table, target, loaded)
    })
  }

  /**
   * Instruments a library that was loaded where no hook could see it: too early, in a bundle, on another runtime.
   *
   * @param exports what the library's main file exports
   * @returns how many methods were found and patched; 0 when no table knows the library or all is done already
   */
  instrument(exports: object): number {
    let patched = 0
    for (const table of this.#tables) {
      for (const patch of table.patches ?? []) {
        this.#guarded(table, () => {
          const target = handedOver(exports, patch)
          if (target !== undefined) patched += this.#patch(table, patch, target)
        })
      }
    }
    return patched
  }

  /** Takes everything back. Methods that others have wrapped since stay, switched off. */
  stop(): void {
    for (const { binding } of this.#bindings) binding.enabled = false
    for (const undo of this.#undo.splice(0).reverse()) undo()
    this.#modules?.undo()
    this.#modules = null
  }

  /** For built-in modules: patches a method for as long as the engine runs. */
  patch(target: object, name: string | symbol, wrap: (original: any) => object): void {
    const undo = patchMethod(target, name, wrap, this.#mark)
    if (undo !== null) this.#undo.push(undo)
  }

  /** The same for a function that a built-in module exports: those who import it by name get ours too. */
  patchExport(module: string, name: string, wrap: (original: any) => object): void {
    const { syncBuiltinESMExports } = process.getBuiltinModule('node:module')
    this.#undo.push(syncBuiltinESMExports) // undone in reverse order: after the patch
    this.patch(process.getBuiltinModule(module) as object, name, wrap)
    syncBuiltinESMExports()
  }

  /** A binding that {@link stop} switches off and that {@link events} counts. */
  bind<Event>(library: string, row: Row<Event>, label: string): Binding<Event> {
    const binding = new Binding(row, this.runtime, label)
    this.#bindings.push({ library, binding })
    return binding
  }

  /** What was seen of each library: the files that were loaded, and how many events came. */
  report(): EngineReport {
    const events: { [library: string]: number } = {}
    const off: string[] = []
    for (const { library, binding } of this.#bindings) {
      events[library] = (events[library] ?? 0) + binding.events
      if (!binding.enabled) off.push(binding.label)
    }
    return { tables: this.#tables, modules: this.#modules?.report() ?? null, events, off }
  }

  #listen(table: Instrumentation): void {
    for (const [channel, row] of Object.entries(table.channels ?? {})) {
      this.#undo.push(listenToTracingChannel(channel, this.bind(table.name, row, channel)))
    }
    this.#listenToPoints(table)
    for (const exchange of table.exchanges ?? []) {
      this.#undo.push(listenToExchange(exchange, this.bind(table.name, exchange.row, exchange.start)))
    }
  }

  #listenToPoints(table: Instrumentation): void {
    for (const [channel, handler] of Object.entries(table.points ?? {})) {
      this.#undo.push(listenToPoint(channel, (message) => this.#guarded(table, () => handler(message, this))))
    }
  }

  #watchBuiltins(): void {
    const handlers: { [name: string]: (exports: any) => void } = {}
    for (const table of this.#tables) {
      for (const { module, install } of table.builtins ?? []) {
        const others = handlers[module]
        handlers[module] = (exports) => {
          others?.(exports)
          this.#guarded(table, () => install(exports, this))
        }
      }
    }
    this.#undo.push(onBuiltins(handlers))
  }

  #attach(table: Instrumentation, seen: ModuleTarget, loaded: LoadedModule): void {
    for (const patch of table.patches ?? []) {
      if (patch.module !== seen.package || patch.file !== seen.file || patch.versions !== seen.versions)
        continue
      const target = reach(loaded.exports, patch.at)
      if (target !== undefined) this.#patch(table, patch, target)
      if (loaded.how === 'late' && patch.locals !== undefined) reportLate(table, loaded)
    }
    for (const { module, file, versions, adopt } of table.adopts ?? []) {
      if (module !== seen.package || file !== seen.file || versions !== seen.versions) continue
      this.#guarded(table, () => {
        const undo = adopt(loaded.exports, this)
        if (undo !== undefined) this.#undo.push(undo)
      })
    }
  }

  #patch(table: Instrumentation, patch: Patch, target: object): number {
    let patched = 0
    for (const [method, row] of Object.entries(patch.methods)) {
      this.#guarded(table, () => {
        const binding = this.bind(table.name, row, `${table.name} ${method}`)
        const undo = patchMethod(
          target,
          method,
          (original) => publish(original, binding, patch.settles ?? 'return'),
          this.#mark,
        )
        if (undo === null) return
        this.#undo.push(undo)
        patched += 1
      })
    }
    return patched
  }

  #guarded(table: Instrumentation, action: () => void): void {
    try {
      action()
    } catch (error) {
      report(
        `install.${table.name}`,
        `${table.name} could not be instrumented; it works as if untraced`,
        error,
      )
    }
  }
}

export interface EngineReport {
  readonly tables: readonly Instrumentation[]
  readonly modules: LoadReport | null
  /** Events by library. */
  readonly events: { readonly [library: string]: number }
  /** Labels of the rows that have been switched off. */
  readonly off: readonly string[]
}

/** The bindings inside of a file are out of reach once it has run. */
function reportLate({ name }: Instrumentation, loaded: LoadedModule): void {
  report(
    `late.${name}`,
    `${loaded.package} ${loaded.version} was loaded before Spoor was started, and is traced in part only. ` +
      'Start Spoor first: `node --import spoor/register`, or init() before anything else is imported.',
  )
}

/** Where a patch finds its methods in a library handed over by hand, as CommonJS or as the namespace of an ES module. */
function handedOver(exports: object, { from, ...patch }: Patch): object | undefined {
  if (from === undefined) return undefined
  for (const library of [exports, (exports as { default?: object }).default]) {
    if (library === undefined || library === null) continue
    const target = typeof from === 'function' ? from(library) : reach(library, from)
    if (target !== undefined && hasMethods(target, patch)) return target
  }
  return undefined
}

/** A library handed over by hand does not say which one it is: it is known by all of the methods of a patch. */
function hasMethods(target: object, patch: Pick<Patch, 'methods'>): boolean {
  return Object.keys(patch.methods).every(
    (name) => typeof (target as { [name: string]: unknown })[name] === 'function',
  )
}

function fileOf(target: ModuleTarget): string {
  return `${target.package}/${target.file}@${target.versions}`
}
