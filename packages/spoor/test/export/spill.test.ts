import assert from 'node:assert/strict'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { type OtlpHttpOptions, OtlpHttpSender } from 'spoor/export'
import { Spill } from '../../dist/esm/export/otlp/spill.js'
import { batchOf } from './support/batch.js'
import { freePort, startCollector } from './support/collector.js'
import { captureLog } from './support/log.js'

const hold = setInterval(() => {}, 1000)
after(() => clearInterval(hold))

describe('spans set aside on disk', () => {
  let folder: string
  let log: ReturnType<typeof captureLog>

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spoor-spill-'))
    log = captureLog()
  })

  afterEach(() => {
    log.restore()
    rmSync(folder, { recursive: true, force: true })
  })

  function senderTo(port: number, options: Partial<OtlpHttpOptions> = {}): OtlpHttpSender {
    return new OtlpHttpSender({
      url: `http://127.0.0.1:${port}/v1/traces`,
      contentType: 'application/json',
      spillDirectory: folder,
      maxAttempts: 1,
      retryDelay: 1,
      ...options,
    })
  }

  it('arrive, oldest first, when the collector is back, and then leave the disk', async () => {
    const port = await freePort()
    const sender = senderTo(port)
    for (const name of ['first', 'second', 'third']) {
      assert.deepEqual(await sender.send(batchOf(name)), { outcome: 'spilled', spans: 1 })
    }
    assert.equal(readdirSync(folder).length, 3)
    assert.match(log.lines[0] as string, /spans are set aside on disk/)
    const collector = await startCollector(undefined, { port })
    await sender.send(batchOf('fourth'))
    await collector.received(4)
    await until(() => readdirSync(folder).length === 0)
    assert.deepEqual(
      collector.spans().map((span) => span.name),
      ['fourth', 'first', 'second', 'third'],
    )
    assert.equal(sender.lost, 0)
    await sender.close()
    await collector.close()
  })

  it('arrive through a later process that finds them at its start', async () => {
    const port = await freePort()
    const earlier = senderTo(port)
    await earlier.send(batchOf('from the earlier process'))
    await earlier.close()
    const collector = await startCollector(undefined, { port })
    const later = senderTo(port, { compression: 'gzip' })
    await collector.received(1)
    await until(() => readdirSync(folder).length === 0)
    assert.deepEqual(
      collector.spans().map((span) => span.name),
      ['from the earlier process'],
    )
    await later.close()
    await collector.close()
  })

  it('are sent by one process alone, though several share the folder', async () => {
    const one = new Spill(folder, 1e6)
    const other = new Spill(folder, 1e6)
    one.keep(batchOf('span'), 'json')
    const request = one.take()
    assert.equal(request?.spans, 1)
    assert.equal(other.take(), null)
    request?.release()
    assert.notEqual(new Spill(folder, 1e6).take(), null)
  })

  it('are taken over when the process that was sending them has died', () => {
    const spill = new Spill(folder, 1e6)
    spill.keep(batchOf('span'), 'json')
    assert.notEqual(spill.take(), null)
    const [claim] = readdirSync(folder) as [string]
    renameSync(join(folder, claim), join(folder, claim.replace(`.${process.pid}.`, '.999999.')))
    assert.equal(new Spill(folder, 1e6).take(), null, 'not at once')
    const longAgo = new Date(Date.now() - 3_600_000)
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), longAgo, longAgo)
    assert.notEqual(new Spill(folder, 1e6).take(), null)
  })

  it('take no more bytes than allowed: the oldest make room, and it is said once', () => {
    const batch = batchOf('span')
    const spill = new Spill(folder, batch.bytes * 3)
    for (let index = 0; index < 10; index++) assert.equal(spill.keep(batch, 'json'), true)
    const names = readdirSync(folder)
    assert.ok(names.length === 3, `${names.length} files`)
    assert.ok(names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) <= batch.bytes * 3)
    assert.equal(log.lines.length, 1)
  })

  it('leave foreign files alone', async () => {
    const foreign = [
      'notes.txt',
      'spoor-x.json',
      '.spoor-000000000-1-0000-1.tmp',
      'spoor-000000000-1-0000-1.exe',
    ]
    for (const name of foreign) writeFileSync(join(folder, name), 'precious')
    const spill = new Spill(folder, 1)
    assert.equal(spill.take(), null)
    assert.equal(spill.keep(batchOf('too large for this folder'), 'json'), false)
    assert.ok(foreign.every((name) => existsSync(join(folder, name))))
  })

  it('are readable by their owner alone', () => {
    const own = join(folder, 'made')
    new Spill(own, 1e6).keep(batchOf('span'), 'json')
    assert.equal(statSync(own).mode & 0o077, 0)
    assert.equal(statSync(join(own, readdirSync(own)[0] as string)).mode & 0o077, 0)
  })

  it('a folder that cannot be made is refused at start', () => {
    writeFileSync(join(folder, 'file'), '')
    assert.throws(() => new Spill(join(folder, 'file', 'inside'), 1e6), { code: 'SPOOR_SPILL_DIRECTORY' })
  })

  it('a folder that vanishes costs the spans and nothing else, and is said once', async () => {
    const sender = senderTo(await freePort())
    rmSync(folder, { recursive: true })
    assert.equal((await sender.send(batchOf('one'))).outcome, 'dropped')
    await sender.send(batchOf('two'))
    assert.equal(log.lines.filter((line) => line.includes('set spans aside')).length, 1)
    assert.equal(sender.lost, 2)
    await sender.close()
  })
})

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(condition())
}
