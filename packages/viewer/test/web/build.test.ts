import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

const ROOT = fileURLToPath(new URL('../../dist/web/', import.meta.url))
const BUDGET = 60 * 1024
const assets = readdirSync(join(ROOT, 'assets')).map((name) => `assets/${name}`)
const index = readFileSync(join(ROOT, 'index.html'), 'utf8')

describe('the built page', () => {
  it(`costs at most ${BUDGET / 1024} KiB gzipped on first load`, () => {
    const loaded = [
      'index.html',
      ...[...index.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]!),
    ]
    const size = loaded.reduce((sum, name) => sum + readFileSync(join(ROOT, `${name}.gz`)).length, 0)
    assert.equal(loaded.length, 5)
    assert.ok(size <= BUDGET, `${size} bytes`)
  })

  it('has every file compressed beside it, with the same content', () => {
    for (const name of ['index.html', ...assets.filter((name) => !/\.(gz|br)$/.test(name))]) {
      const plain = readFileSync(join(ROOT, name))
      assert.ok(gunzipSync(readFileSync(join(ROOT, `${name}.gz`))).equals(plain), name)
      assert.ok(brotliDecompressSync(readFileSync(join(ROOT, `${name}.br`))).equals(plain), name)
    }
  })

  it('names its files by their content, so that they may be cached for ever', () => {
    for (const name of assets) assert.match(name, /-[0-9A-Za-z]{8}\.(js|css|svg)(\.gz|\.br)?$/)
  })

  it('passes on the licences of what is bundled into it', () => {
    const text = readFileSync(join(ROOT, 'third-party-licences.txt'), 'utf8')
    for (const name of ['preact', '@preact/signals', '@preact/signals-core']) {
      assert.match(text, new RegExp(`^${name} \\d+\\.`, 'm'))
    }
    assert.equal(text.match(/Permission is hereby granted/g)?.length, 3)
  })

  it('has no inline script, no inline style and nothing from elsewhere', () => {
    assert.doesNotMatch(index, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/)
    for (const name of ['index.html', ...assets.filter((name) => /\.(js|css)$/.test(name))]) {
      const text = readFileSync(join(ROOT, name), 'utf8').replaceAll(
        /http:\/\/(www\.w3\.org|localhost:4318)[^"'`]*/g,
        '',
      )
      assert.doesNotMatch(text, /https?:\/\/[a-z]|@import|@font-face/, name)
    }
  })
})
