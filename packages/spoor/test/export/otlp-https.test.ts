import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { OtlpHttpSender } from 'spoor/export'
import { batchOf } from './support/batch.js'
import { cert, key } from './support/certificate.js'
import { type Collector, startCollector } from './support/collector.js'
import { captureLog } from './support/log.js'

const hold = setInterval(() => {}, 1000)
after(() => clearInterval(hold))

describe('sending over TLS to a collector with a certificate of its own', () => {
  let folder: string
  let certificate: string
  let clientKey: string
  let collector: Collector
  let log: ReturnType<typeof captureLog>

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spoor-tls-'))
    certificate = join(folder, 'cert.pem')
    clientKey = join(folder, 'key.pem')
    writeFileSync(certificate, cert)
    writeFileSync(clientKey, key)
    const tls = { key, cert, ca: cert, requestCert: true, rejectUnauthorized: false }
    collector = await startCollector(
      (_request, response) => {
        const { authorized } = response.socket as unknown as { authorized: boolean }
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ partialSuccess: { errorMessage: `client known: ${authorized}` } }))
      },
      { tls },
    )
    log = captureLog()
  })

  after(async () => {
    log.restore()
    await collector.close()
    rmSync(folder, { recursive: true })
  })

  async function send(
    tls: NonNullable<ConstructorParameters<typeof OtlpHttpSender>[0]['tls']>,
  ): Promise<unknown> {
    const sender = new OtlpHttpSender({
      url: collector.url,
      contentType: 'application/json',
      tls,
      maxAttempts: 1,
    })
    try {
      return await sender.send(batchOf('span'))
    } finally {
      await sender.close()
    }
  }

  it('is refused without its certificate, and told with the variable to set', async () => {
    assert.equal(((await send({})) as { outcome: string }).outcome, 'dropped')
    assert.match(log.lines.join('\n'), /SELF_SIGNED_CERT.*OTEL_EXPORTER_OTLP_CERTIFICATE/)
  })

  it('works with its certificate', async () => {
    assert.deepEqual(await send({ certificate }), {
      outcome: 'sent',
      rejected: 0,
      message: 'client known: false',
    })
  })

  it('proves who the client is with a key and a certificate', async () => {
    const result = await send({ certificate, clientKey, clientCertificate: certificate })
    assert.deepEqual(result, { outcome: 'sent', rejected: 0, message: 'client known: true' })
  })

  it('accepts any certificate when told to be insecure', async () => {
    assert.deepEqual(await send({ insecure: true }), {
      outcome: 'sent',
      rejected: 0,
      message: 'client known: false',
    })
  })
})
