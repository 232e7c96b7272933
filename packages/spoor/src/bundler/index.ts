/**
 * `spoor/bundler`: libraries that end up inside a bundle are out of reach of every hook. These plugins give their files
 * the line that the hook would have given them. Load Spoor in the bundled application as usual, with `init()`; in which
 * order the bundler puts it and the libraries does not matter.
 *
 * @example
 * import { build } from 'esbuild'
 * import { spoorEsbuild } from 'spoor/bundler'
 *
 * await build({ entryPoints: ['app.js'], bundle: true, platform: 'node', plugins: [spoorEsbuild()] })
 */
import { type BundlerOptions, BundleSource } from './source.ts'

export type { BundlerOptions } from './source.ts'
export { spoorWebpack, type WebpackPlugin, webpackLoader as default } from './webpack.ts'

/** The little that we use of a plugin's view of esbuild. */
interface EsbuildBuild {
  onLoad(
    options: { filter: RegExp; namespace: string },
    callback: (file: { path: string }) => { contents: string; loader: 'js' } | null,
  ): void
}

/** A plugin in the shape of esbuild 0.17 and later. */
export interface EsbuildPlugin {
  readonly name: string
  setup(build: EsbuildBuild): void
}

/**
 * For esbuild. Place it before plugins that load JavaScript themselves: esbuild asks only the first that answers.
 *
 * @throws {SpoorError} `SPOOR_BAD_RANGE` for a version range that cannot be read
 */
export function spoorEsbuild(options?: BundlerOptions): EsbuildPlugin {
  const source = new BundleSource(options)
  return {
    name: 'spoor',
    setup(build) {
      build.onLoad({ filter: source.filter, namespace: 'file' }, ({ path }) => {
        const contents = source.edit(path)
        return contents === null ? null : { contents, loader: 'js' }
      })
    },
  }
}

/** A plugin in the shape that Rollup, Rolldown and Vite share. */
export interface RollupPlugin {
  readonly name: string
  readonly enforce: 'pre'
  transform(code: string, id: string): { code: string; map: null } | null
}

/**
 * For Rollup, Rolldown and Vite. Place it before `@rollup/plugin-commonjs`, which must see the line. Vite leaves
 * packages out of a server build unless `ssr.noExternal` says otherwise; those are reached when the application runs.
 *
 * @throws {SpoorError} `SPOOR_BAD_RANGE` for a version range that cannot be read
 */
export function spoorRollup(options?: BundlerOptions): RollupPlugin {
  const source = new BundleSource(options)
  return {
    name: 'spoor',
    enforce: 'pre',
    transform(code, id) {
      const edited = source.edit(id, code)
      // No map: not a line of the source has moved.
      return edited === null ? null : { code: edited, map: null }
    },
  }
}
