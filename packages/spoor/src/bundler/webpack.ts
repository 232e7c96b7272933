import { type BundlerOptions, BundleSource } from './source.ts'

/** The little that we use of a loader's `this`. */
interface LoaderContext {
  readonly resourcePath: string
  getOptions(): BundlerOptions
  callback(error: null, source: string, map?: unknown): void
}

/** The little that we use of webpack's compiler. */
interface WebpackCompiler {
  readonly options: { readonly module: { readonly rules: unknown[] } }
}

/** A plugin in the shape of webpack 5 and Rspack. */
export interface WebpackPlugin {
  apply(compiler: WebpackCompiler): void
}

/**
 * For webpack and Rspack, as a plugin.
 *
 * @throws {SpoorError} `SPOOR_BAD_RANGE` for a version range that cannot be read
 */
export function spoorWebpack(options: BundlerOptions = {}): WebpackPlugin {
  const { filter } = new BundleSource(options)
  return {
    apply(compiler) {
      compiler.options.module.rules.push({ test: filter, enforce: 'pre', loader: 'spoor/bundler', options })
    },
  }
}

const sources = new WeakMap<BundlerOptions, BundleSource>()

/**
 * For whatever takes webpack's loaders, Turbopack for one: name `spoor/bundler` as the loader of JavaScript.
 *
 * @param source text of the file
 * @param map its source map, which stays right: not a line moves
 */
export function webpackLoader(this: LoaderContext, source: string, map?: unknown): void {
  const options = this.getOptions()
  let edits = sources.get(options)
  if (edits === undefined) sources.set(options, (edits = new BundleSource(options)))
  this.callback(null, edits.edit(this.resourcePath, source) ?? source, map)
}
