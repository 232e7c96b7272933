import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FileSink } from 'spoor/export'
import { finishedSpan } from '../../dist/esm/testing/finished-span.js'
import { readSpans } from './support/collector.js'
import { captureLog } from './support/log.js'

describe('FileSink', () => {
  let folder: string
  let path: string
  let log: ReturnType<typeof captureLog>

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spoor-file-'))
    path = join(folder, 'spans.jsonl')
    log = captureLog()
  })

  afterEach(() => {
    log.restore()
    rmSync(folder, { recursive: true })
  })

  const lines = (): string[] => readFileSync(path, 'utf8').split('\n').filter(Boolean)
  const names = (): string[] =>
    lines()
      .flatMap(readSpans)
      .map((span) => span.name)

  it('appends one request per line, each with the resource, at most so many spans in one', async () => {
    const sink = new FileSink({ path, batchSize: 2, resource: { 'service.name': 'shop' } })
    for (let index = 0; index < 5; index++) sink.record(finishedSpan({ name: `span ${index}` }))
    await sink.close()
    assert.deepEqual(names(), ['span 0', 'span 1', 'span 2', 'span 3', 'span 4'])
    assert.equal(lines().length, 3)
    for (const line of lines()) assert.match(line, /"service\.name","value":\{"stringValue":"shop"\}/)
  })

  it('keeps what is in the file', async () => {
    for (const name of ['first run', 'second run']) {
      const sink = new FileSink({ path })
      sink.record(finishedSpan({ name }))
      await sink.close()
    }
    assert.deepEqual(names(), ['first run', 'second run'])
  })

  it('writes by itself after a while', async () => {
    const sink = new FileSink({ path, scheduleDelay: 5 })
    sink.record(finishedSpan({ name: 'alone' }))
    for (let tries = 0; lines().length === 0 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.deepEqual(names(), ['alone'])
    await sink.close()
  })

  it('writes synchronously at exit, a write in progress included', async () => {
    const sink = new FileSink({ path, batchSize: 1 })
    sink.record(finishedSpan({ name: 'being written' }))
    sink.record(finishedSpan({ name: 'waiting' }))
    sink.exit()
    const written = new Set(names())
    await sink.close() // lets the write in progress end, before its folder goes
    assert.deepEqual(written, new Set(['being written', 'waiting']))
  })

  it('a full disk costs the spans, is said once, and when there is space again the file is whole', async () => {
    if (!existsSync('/dev/full')) return // not Linux
    symlinkSync('/dev/full', path)
    const sink = new FileSink({ path })
    for (let round = 0; round < 3; round++) {
      sink.record(finishedSpan())
      await sink.flush()
    }
    assert.equal(sink.dropped, 3)
    assert.equal(log.lines.length, 1)
    assert.match(log.lines[0] as string, /dropped; free some space on the disk/)
    unlinkSync(path)
    sink.record(finishedSpan({ name: 'after' }))
    await sink.close()
    assert.deepEqual(names(), ['after'])
  })

  it('a disk that is too slow costs spans and not memory', async () => {
    const sink = new FileSink({ path, limit: 2000 })
    for (let index = 0; index < 100; index++) sink.record(finishedSpan())
    assert.ok(sink.dropped > 80)
    assert.equal(log.lines.length, 1)
    await sink.close()
    assert.equal(lines().flatMap(readSpans).length + sink.dropped, 100)
  })

  it('a path that cannot be written to is refused at start', () => {
    assert.throws(() => new FileSink({ path: join(folder, 'missing', 'spans.jsonl') }), {
      code: 'SPOOR_FILE_NOT_WRITABLE',
      message: /ENOENT/,
    })
  })
})
