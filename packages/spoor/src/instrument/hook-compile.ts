import Module from 'node:module'
import { edit } from './epilogue.ts'
import type { TargetIndex } from './hook-index.ts'

interface Compiler {
  _compile(this: unknown, content: unknown, filename: string, ...rest: unknown[]): unknown
}

/**
 * Edits listed CommonJS files, and ES modules that are entered by `require()`, when Node compiles them.
 *
 * On every version of Node all CommonJS passes here, also what tsx, ts-node and their like read and transform in
 * `require.extensions`, and it is by far the cheapest place to stand: the file has been read, and nothing is converted.
 *
 * @param index the list of the moment
 * @returns takes the hook out
 */
export function hookCompile(index: () => TargetIndex): () => void {
  const compiler = Module.prototype as unknown as Compiler
  const original = compiler._compile
  let active = true

  // Versions of Node differ in what comes after the file name: pass it on as it is.
  function _compile(this: unknown, content: unknown, filename: string, ...rest: unknown[]): unknown {
    const source =
      active && typeof content === 'string' ? edited(content, filename, rest[0], index()) : content
    return original.call(this, source, filename, ...rest)
  }

  compiler._compile = _compile
  return () => {
    active = false
    // Somebody may have wrapped it after us.
    if (compiler._compile === _compile) compiler._compile = original
  }
}

function edited(content: string, filename: string, given: unknown, index: TargetIndex): string {
  if (typeof filename !== 'string') return content
  const file = index.find(filename)
  if (file === null) return content
  const format = given === 'module' || given === 'commonjs' ? given : undefined
  return edit(content, { ...file, format, how: 'compile' }, file.targets)
}
