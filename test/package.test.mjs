/** What is published: everything that is needed, and nothing else. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { root, runNpm } from '../scripts/support/run.mjs'

const manifest = JSON.parse(readFileSync(join(root, 'packages/spoor/package.json'), 'utf8'))

describe('the package', () => {
  it('FLK-Q11: brings no tests along, nor sources, nor scripts', async () => {
    const { output } = await runNpm([
      'pack',
      '--dry-run',
      '--json',
      '--ignore-scripts',
      '--workspace',
      'spoor',
    ])
    const [{ files }] = Object.values(JSON.parse(output.slice(output.search(/^[[{]/m)))).flat()
    const paths = files.map(({ path }) => path)
    assert.ok(paths.includes('dist/bundle/index.cjs'), 'the list is not the one that is meant')
    assert.deepEqual(
      paths.filter(
        (path) => !/^(?:dist\/(?:esm|cjs|bundle)\/|package\.json$|README\.md$|LICENSE$)/.test(path),
      ),
      [],
    )
    assert.deepEqual(
      paths.filter((path) => /\.test\.|\/tests?\/|\.map$/.test(path)),
      [],
    )
  })

  it('TOR-Q10: is held back by no other: no dependency, and no upper bound for Node.js', () => {
    assert.deepEqual(manifest.dependencies ?? {}, {})
    assert.deepEqual(manifest.peerDependencies ?? {}, {})
    assert.match(manifest.engines.node, /^>=[\d.]+$/)
  })
})
