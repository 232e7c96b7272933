import type { Engine } from './engine.ts'
import type { ModuleTarget } from './hook.ts'
import type { Settles } from './publish.ts'
import type { Row } from './row.ts'

/**
 * The vocabulary of an instrumentation. One library is one table: the events that it publishes itself, and the
 * methods around which we publish where it does not, each with a row that says what the event means.
 */
export interface Instrumentation {
  /** The library's name on npm, or of the built-in module. */
  readonly name: string
  /** Native tracing channels (`diagnostics_channel.tracingChannel`), by name without `tracing:` and `:start`. */
  readonly channels?: { readonly [name: string]: Row<any> }
  /** The versions served, for the table in the README, where no patch names the library itself. */
  readonly versions?: string
  /** Plain channels that hand over an object to set up: an application that was just made. */
  readonly points?: { readonly [channel: string]: (message: any, engine: Engine) => void }
  /** Operations told by several plain channels. */
  readonly exchanges?: readonly Exchange[]
  /** Methods to publish around. Their versions must not overlap with those that have native channels. */
  readonly patches?: readonly Patch[]
  /** What no table can say, for built-in modules: runs when the module is loaded. */
  readonly builtins?: readonly Builtin[]
  /** Needs the value that the module exports: a global of the library to set, a plugin to add. */
  readonly adopts?: readonly Adoption[]
}

/** An operation whose steps are published on plain channels, tied together by an object that all messages carry. */
export interface Exchange {
  readonly row: Row<any>
  /** The object by which the messages of one operation know each other. */
  readonly key: (message: any) => object
  /** Where the span's context is written to, at start. */
  readonly carrier?: (message: any) => { set(name: string, value: string): unknown }
  readonly start: string
  /** Channels that only add to what the event knows: their messages are assigned to it. */
  readonly progress?: readonly string[]
  readonly end: readonly string[]
  readonly error: string
}

/** Methods of one class or object, in the file that defines it. */
export interface Patch extends Pick<ModuleTarget, 'versions' | 'locals' | 'format' | 'direct'> {
  /** Package in which the file is: not always the one that users install. */
  readonly module: string
  /** Path inside the package, with extension. */
  readonly file: string
  /** Where the methods are, from what the file exports (or from its locals): `'prototype'`, `'Client.prototype'`, `''`. */
  readonly at: string
  /**
   * Where the same methods are from what the package's main file exports, for libraries handed over by hand: a path, or
   * how to get there where the class is not exported.
   */
  readonly from?: string | ((exports: any) => object | undefined)
  /** `'return'` by default. */
  readonly settles?: Settles
  readonly methods: { readonly [name: string]: Row<any> }
}

/** A built-in module whose prototypes are patched. */
export interface Builtin {
  readonly module: string
  readonly install: (exports: any, engine: Engine) => void
}

/** A file whose exports are handed over as they are. */
export interface Adoption extends Pick<ModuleTarget, 'versions' | 'locals' | 'format' | 'direct'> {
  readonly module: string
  readonly file: string
  readonly adopt: (exports: any, engine: Engine) => (() => void) | undefined
}

/** Declares an instrumentation. The function only gives the table its type. */
export function instrumentation(table: Instrumentation): Instrumentation {
  return table
}

/** The files of a table that have to be seen when they are loaded. */
export function targetsOf(table: Instrumentation): ModuleTarget[] {
  return [...(table.patches ?? []), ...(table.adopts ?? [])].map((source) => ({
    package: source.module,
    versions: source.versions,
    file: source.file,
    ...(source.locals === undefined ? {} : { locals: source.locals }),
    ...(source.format === undefined ? {} : { format: source.format }),
    ...(source.direct === undefined ? {} : { direct: source.direct }),
  }))
}
