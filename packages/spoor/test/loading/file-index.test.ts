import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TargetIndex } from '../../dist/esm/instrument/hook-index.js'

const targets = [
  { package: 'pg', versions: '>=8 <9', file: 'lib/client.js' },
  { package: 'pg-pool', versions: '*', file: 'index.js' },
  { package: '@redis/client', versions: '*', file: 'dist/lib/client/index.js' },
  { package: 'express', versions: '4', file: 'lib/router/route.js' },
]

/** A file system that is a table, and counts how often it is asked. */
function indexOver(manifests: Record<string, object>): { index: TargetIndex; reads: string[] } {
  const reads: string[] = []
  const read = (path: string): string => {
    reads.push(path)
    const manifest = manifests[path]
    if (manifest === undefined) throw new Error(`ENOENT ${path}`)
    return JSON.stringify(manifest)
  }
  return { index: new TargetIndex(targets, new Map(), read), reads }
}

const pg = { name: 'pg', version: '8.23.1' }

describe('the index of listed files', () => {
  it('finds a file in a flat folder of modules', () => {
    const { index } = indexOver({ '/app/node_modules/pg/package.json': pg })
    const found = index.find('/app/node_modules/pg/lib/client.js')
    assert.deepEqual(found, {
      package: 'pg',
      version: '8.23.1',
      file: 'lib/client.js',
      path: '/app/node_modules/pg/lib/client.js',
      targets: [targets[0]],
    })
    assert.equal(index.find('/app/node_modules/pg/lib/result.js'), null)
  })

  it('finds Windows paths, by backslashes and as URLs', () => {
    const { index } = indexOver({ 'C:/app/node_modules/pg/package.json': pg })
    assert.equal(index.find('C:\\app\\node_modules\\pg\\lib\\client.js')?.file, 'lib/client.js')
    assert.equal(index.find('C:\\app\\node_modules\\pg\\lib\\client.js')?.version, '8.23.1')
  })

  it('finds the copy a path leads to, nested or in a pnpm store, each with its version', () => {
    const { index } = indexOver({
      '/a/node_modules/pg/package.json': pg,
      '/a/node_modules/old/node_modules/pg/package.json': { name: 'pg', version: '7.1.0' },
      '/a/node_modules/.pnpm/pg@8.1.0/node_modules/pg/package.json': { name: 'pg', version: '8.1.0' },
      '/a/node_modules/@redis/client/package.json': { name: '@redis/client', version: '6.0.0' },
    })
    assert.equal(index.find('/a/node_modules/pg/lib/client.js')?.version, '8.23.1')
    assert.equal(index.find('/a/node_modules/old/node_modules/pg/lib/client.js')?.version, '7.1.0')
    assert.equal(index.find('/a/node_modules/.pnpm/pg@8.1.0/node_modules/pg/lib/client.js')?.version, '8.1.0')
    assert.equal(index.find('/a/node_modules/@redis/client/dist/lib/client/index.js')?.version, '6.0.0')
  })

  it('finds a package under an alias and one linked in from outside, and passes over a fork', () => {
    const { index } = indexOver({
      '/a/node_modules/express4/package.json': { name: 'express', version: '4.22.3' },
      '/work/postgres/packages/pg/package.json': pg,
      '/a/node_modules/pg/package.json': { name: '@fork/pg', version: '8.0.0' },
    })
    assert.equal(index.find('/a/node_modules/express4/lib/router/route.js')?.package, 'express')
    assert.equal(index.find('/work/postgres/packages/pg/lib/client.js')?.package, 'pg')
    assert.equal(index.find('/a/node_modules/pg/lib/client.js'), null)
  })

  it('reads URLs, with a query, a fragment, and encoded letters', () => {
    const { index } = indexOver({
      '/app/node_modules/pg/package.json': pg,
      '/my app/ä/node_modules/pg/package.json': pg,
    })
    assert.equal(index.findUrl('file:///app/node_modules/pg/lib/client.js?v=1&x=/#y')?.package, 'pg')
    assert.equal(index.findUrl('file:///my%20app/%C3%A4/node_modules/pg/lib/client.js')?.package, 'pg')
    for (const url of [
      'node:fs',
      'data:text/javascript,1',
      'https://host/node_modules/pg/lib/client.js',
      'file://host/node_modules/pg/lib/client.js',
      'file:///a%2Fnode_modules/pg/lib/client.js',
      'x',
    ]) {
      assert.equal(index.findUrl(url), null, url)
    }
  })

  it('asks the disk nothing about files that cannot be listed, and once about a package that is', () => {
    const { index, reads } = indexOver({ '/app/node_modules/pg/package.json': pg })
    for (let number = 0; number < 1000; number++) {
      index.find(`/app/src/feature-${number}/main.js`)
      index.find(`/app/node_modules/other-${number}/lib/thing.js`)
      index.find(`/app/node_modules/other-${number}/index.js`)
      index.find(`/app/node_modules/other-${number}/lib/client.js`)
      index.find('/app/node_modules/pg/lib/result.js')
      index.find('/app/node_modules/pg/lib/client.js')
    }
    assert.deepEqual(reads, ['/app/node_modules/pg/package.json'])
  })

  it('survives what is not a path of a package', () => {
    const { index } = indexOver({})
    for (const path of [
      '',
      '/',
      'client.js',
      '/node_modules/',
      '/node_modules/pg',
      '/node_modules/@x',
      '\\\\?\\',
      '[eval]',
    ]) {
      assert.equal(index.find(path), null, path)
    }
  })

  it('takes a broken or missing package.json for none', () => {
    const index = new TargetIndex(targets, new Map(), () => '{ "name": "pg", ')
    assert.equal(index.find('/app/node_modules/pg/lib/client.js'), null)
    const empty = new TargetIndex(targets, new Map(), () => 'null')
    assert.equal(empty.find('/app/node_modules/pg/lib/client.js'), null)
  })

  it('remembers every copy that a file was loaded from, listed or not', () => {
    const { index } = indexOver({ '/app/node_modules/pg/package.json': { name: 'pg', version: '7.0.0' } })
    index.find('/app/node_modules/pg/lib/result.js')
    assert.deepEqual(
      [...index.packages.values()],
      [{ package: 'pg', version: '7.0.0', path: '/app/node_modules/pg' }],
    )
  })
})
