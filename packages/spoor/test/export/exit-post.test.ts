import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { OtlpHttpSender } from 'spoor/export'
import { batchOf } from './support/batch.js'
import { cert, key } from './support/certificate.js'
import { freePort } from './support/collector.js'
import { captureLog } from './support/log.js'

/** The collector runs in a thread of its own, because sending at exit blocks this one. */
async function collectorInThread(secure: boolean): Promise<{ port: number; bodies(): Promise<string[]> }> {
  const support = new URL('./support/collector.js', import.meta.url).href
  const worker = new Worker(
    `import('${support}').then(async ({ startCollector, accept }) => {
      const { parentPort, workerData } = require('node:worker_threads')
      const collector = await startCollector(accept, workerData.tls ? { tls: workerData.tls } : {})
      parentPort.postMessage(collector.port)
      parentPort.once('message', async () => {
        parentPort.postMessage(collector.requests.map((request) => request.body.toString()))
        await collector.close()
      })
    })`,
    { eval: true, workerData: secure ? { tls: { key, cert } } : {} },
  )
  const message = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve))
  const port = (await message()) as number
  return {
    port,
    bodies() {
      const answer = message()
      worker.postMessage('report')
      return answer as Promise<string[]>
    },
  }
}

describe('sending while the process ends', () => {
  for (const [title, secure, compression] of [
    ['plainly', false, 'none'],
    ['compressed', false, 'gzip'],
    ['over TLS', true, 'none'],
  ] as const) {
    it(`delivers several batches ${title}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'spoor-exit-'))
      writeFileSync(join(folder, 'cert.pem'), cert)
      const collector = await collectorInThread(secure)
      const sender = new OtlpHttpSender({
        url: `http${secure ? 's' : ''}://127.0.0.1:${collector.port}/v1/traces`,
        contentType: 'application/json',
        compression,
        tls: secure ? { certificate: join(folder, 'cert.pem') } : {},
        env: process.env,
        exitTimeout: 9000,
      })
      sender.sendSync([batchOf('one', 'two'), batchOf('three')])
      assert.equal(sender.lost, 0)
      const bodies = (await collector.bodies()).sort((one, other) => other.length - one.length)
      assert.equal(bodies.length, 2)
      assert.match(bodies[0] as string, /"one".*"two"/)
      assert.match(bodies[1] as string, /"three"/)
      rmSync(folder, { recursive: true })
    })
  }

  it('sets aside on disk what cannot be delivered', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-exit-'))
    const sender = new OtlpHttpSender({
      url: `http://127.0.0.1:${await freePort()}/v1/traces`,
      spillDirectory: folder,
      env: process.env,
    })
    sender.sendSync([batchOf('one'), batchOf('two')])
    assert.equal(readdirSync(folder).length, 2)
    assert.equal(sender.lost, 0)
    await sender.close()
    rmSync(folder, { recursive: true })
  })

  it('tells how many spans are lost', async () => {
    const log = captureLog()
    const sender = new OtlpHttpSender({
      url: `http://127.0.0.1:${await freePort()}/v1/traces`,
      env: process.env,
    })
    sender.sendSync([batchOf('one', 'two')])
    log.restore()
    assert.equal(sender.lost, 2)
    assert.match(log.lines.join(), /2 spans could not be sent .* while the process ended\. Await shutdown/)
  })

  it('starts no other program than Node: a packed application would start itself', () => {
    const index = fileURLToPath(new URL('../../dist/esm/export/otlp/exit-post.js', import.meta.url))
    const script = `import { postAtExit } from ${JSON.stringify(index)}
      Object.defineProperty(process, 'execPath', { value: '/opt/shop' })
      process.getBuiltinModule('node:child_process').spawnSync = () => console.log('started')
      const target = { protocol: 'http:', hostname: '127.0.0.1', port: 9, path: '/' }
      const request = { target, tls: {}, headers: {}, gzip: false, bodies: [[new Uint8Array(1)]], timeout: 100, env: {} }
      console.log(postAtExit(request))`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    assert.equal(child.stdout, '[ false ]\n')
  })
})
