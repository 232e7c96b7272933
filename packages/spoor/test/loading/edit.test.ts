import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createContext, runInContext, runInThisContext } from 'node:vm'
import { edit, type SourceFile } from '../../dist/esm/instrument/epilogue.js'

const file: SourceFile = { package: 'lib', version: '2.1.0', file: 'lib/client.js', format: 'commonjs' }
const listed = { package: 'lib', versions: '>=2 <3', file: 'lib/client.js' }
const byName = { ...listed, locals: ['Client', 'connect'] }

describe('edit', () => {
  it('leaves every source alone that is not a listed file of a listed version', () => {
    const source = 'exports.a = 1'
    const others: SourceFile[] = [
      { ...file, package: 'other' },
      { ...file, version: '3.0.0' },
      { ...file, version: '1.9.9' },
      { ...file, version: 'unknown' },
      { ...file, file: 'lib/client.mjs' },
    ]
    for (const other of others) assert.equal(edit(source, other, [listed, byName]), source)
    assert.equal(edit(source, file, []), source)
  })

  it('adds one line and moves none', () => {
    const source = `#!/usr/bin/env node\n'use strict'\nconst Client = class {}\n// end`
    const edited = edit(source, file, [byName]).split('\n')
    assert.equal(edited.length, 5)
    assert.equal(edited[2]?.indexOf('Client'), 'const Client'.indexOf('Client'), 'no column moves')
    assert.deepEqual([edited[0], edited[1], edited[3]], ['#!/usr/bin/env node', `'use strict'`, '// end'])
  })

  it('keeps a byte order mark first and a source map comment last', () => {
    const comment = '//# sourceMappingURL=data:application/json;base64,e30='
    for (const ending of ['', '\n', '\r\n', '\n\n']) {
      const edited = edit(`\uFEFFexports.a = 1\n${comment}${ending}`, file, [listed])
      assert.ok(edited.startsWith('\uFEFFexports.a = 1\n;'))
      assert.ok(edited.endsWith(`\n${comment}${ending}`))
    }
  })

  it('is not taken in by text that looks like a source map comment', () => {
    const source = 'exports.text = `\n//# sourceMappingURL=x.map`'
    assert.equal(run(edit(source, file, [listed])).exports.text, '\n//# sourceMappingURL=x.map')
  })

  it('edits a source once, however often it passes by', () => {
    const once = edit('exports.a = 1', file, [listed])
    assert.equal(edit(once, { ...file, how: 'compile' }, [listed]), once)
  })

  it('holds with every kind of ending', () => {
    const endings = [
      'module.exports = 1',
      '// comment',
      '/* comment */',
      'var a = 1',
      'if (0) {}',
      '',
      '\n',
      '+1',
    ]
    for (const ending of endings) {
      const { handed } = run(edit(`exports.a = 1\n${ending}`, file, [listed]))
      assert.equal(handed.length, 1, ending)
    }
  })

  it('hands over module.exports of CommonJS, and the module so that they can be replaced', () => {
    const { handed, exports } = run(edit('module.exports = function a() {}', file, [listed]))
    assert.equal(handed[0].module.exports, exports)
    assert.deepEqual(
      { ...handed[0], module: undefined },
      { package: 'lib', version: '2.1.0', file: 'lib/client.js', how: 'bundle', module: undefined },
    )
  })

  it('hands over locals that nothing exports, in strict code too, to be read and replaced', () => {
    for (const directive of ['', `'use strict'\n`]) {
      const source = `${directive}const Client = class {}\nfunction connect() { return 1 }\nexports.now = () => [Client, connect()]`
      const { handed, exports } = run(edit(source, file, [byName]))
      const { locals } = handed[0]
      assert.equal(exports.now()[0], locals.Client)
      locals.Client = 'other'
      locals.connect = () => 2
      assert.deepEqual([...exports.now()], ['other', 2])
    }
  })

  it('lets a name that the file does not have cost nothing, and makes no global of it', () => {
    for (const directive of ['', `'use strict'\n`]) {
      const { handed, context } = run(edit(`${directive}exports.a = 1`, file, [byName]))
      assert.equal(handed[0].locals.Client, undefined)
      handed[0].locals.Client = 1
      assert.equal('Client' in context, false)
    }
  })

  it('hands over both when some targets have names and some have not', () => {
    const { handed } = run(edit('class Client {}\nexports.a = 1', file, [listed, byName]))
    assert.equal(handed[0].module.exports.a, 1)
    assert.equal(typeof handed[0].locals.Client, 'function')
  })

  it('asks at run time for a module whose format nobody knows', () => {
    const { format: _, ...unknown } = file
    assert.equal(run(edit('exports.a = 1', unknown, [listed])).handed[0].module.exports.a, 1)
    assert.doesNotThrow(() => runInThisContext(`(() => {${edit('', unknown, [listed])}})()`))
  })

  it('leaves an ES module alone of which no name is asked for', () => {
    assert.equal(edit('export {}', { ...file, format: 'module' }, [listed]), 'export {}')
  })

  it('makes exported constants assignable, and a default export follow its name', () => {
    const source =
      'export const connect = () => 1\nclass Client {}\nexport default Client;\nconst Clients = 2'
    const edited = edit(source, { ...file, format: 'module' }, [byName])
    assert.match(edited, /^export let {3}connect = /)
    assert.match(edited, /^export \{ Client as default \}$/m)
    assert.match(edited, /^const Clients = 2$/m)
  })

  it('takes names with a dollar sign as they are', () => {
    const target = { ...listed, locals: ['$client'] }
    const { handed } = run(edit('const $client = 1\nconst x$client = 2', file, [target]))
    handed[0].locals.$client = 3
    assert.equal(handed[0].locals.$client, 3)
  })

  it('loses nothing when nobody is there yet: handovers wait in an array', () => {
    const { context } = run(edit('exports.a = 1', file, [listed]), null)
    assert.equal(runInContext('globalThis[Symbol.for("spoor.loaded")].length', context), 1)
  })
})

/** Runs CommonJS as Node wraps it, in a context of its own. */
function run(source: string, desk: unknown[] | null = []): { handed: any[]; exports: any; context: any } {
  const context: any = createContext({})
  if (desk !== null) context[Symbol.for('spoor.loaded')] = desk
  const module = { exports: {} as any }
  const body = source.replace(/^\uFEFF/, '').replace(/^#!.*/, '')
  runInContext(`(function (exports, require, module) {${body}\n})`, context)(
    module.exports,
    undefined,
    module,
  )
  return { handed: desk ?? [], exports: module.exports, context }
}
