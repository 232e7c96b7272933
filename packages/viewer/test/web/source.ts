import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../../src/web/', import.meta.url))

/** A module of the page by itself, as the bundler builds it, for what can be tested without a browser. */
export async function loadSource<T>(path: string): Promise<T> {
  const { outputFiles } = await build({
    entryPoints: [ROOT + path],
    bundle: true,
    write: false,
    format: 'esm',
  })
  const code = Buffer.from(outputFiles[0]!.contents).toString('base64')
  return (await import(`data:text/javascript;base64,${code}`)) as T
}
