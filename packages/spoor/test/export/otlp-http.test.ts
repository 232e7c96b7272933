import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import type { ClientRequest } from 'node:http'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { OtlpHttpSender } from 'spoor/export'
import { batchOf } from './support/batch.js'
import { accept, type Collector, startCollector, status } from './support/collector.js'
import { captureLog } from './support/log.js'

const JSON_TYPE = 'application/json'

const hold = setInterval(() => {}, 1000)
after(() => clearInterval(hold))

describe('sending by OTLP/HTTP', () => {
  let log: ReturnType<typeof captureLog>
  let collector: Collector
  let sender: OtlpHttpSender

  beforeEach(() => {
    log = captureLog()
  })

  afterEach(async () => {
    log.restore()
    await sender.close()
    await collector.close()
  })

  it('posts a batch as one request with our name, the given headers, and its length', async () => {
    collector = await startCollector()
    sender = new OtlpHttpSender({
      url: `${collector.url}?tenant=7`,
      headers: { 'X-API-Key': 'secret' },
      contentType: JSON_TYPE,
      userAgent: 'shop/1',
    })
    assert.deepEqual(await sender.send(batchOf('one', 'two')), { outcome: 'sent', rejected: 0, message: '' })
    const [request] = collector.requests
    assert.equal(request?.method, 'POST')
    assert.equal(request?.path, '/v1/traces?tenant=7')
    assert.equal(request?.headers['content-type'], JSON_TYPE)
    assert.equal(request?.headers['x-api-key'], 'secret')
    assert.equal(Number(request?.headers['content-length']), request?.body.length)
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    assert.equal(request?.headers['user-agent'], `shop/1 Spoor-OTLP-Exporter-JavaScript/${version}`)
    assert.deepEqual(
      collector.spans().map((span) => span.name),
      ['one', 'two'],
    )
  })

  it('compresses with gzip when asked to', async () => {
    collector = await startCollector()
    sender = new OtlpHttpSender({ url: collector.url, contentType: JSON_TYPE, compression: 'gzip' })
    const batch = batchOf(...Array.from({ length: 100 }, (_, index) => `span ${index}`))
    await sender.send(batch)
    assert.equal(collector.requests[0]?.headers['content-encoding'], 'gzip')
    assert.ok(Number(collector.requests[0]?.headers['content-length']) < batch.bytes / 4)
    assert.equal(collector.spans().length, 100)
  })

  it('joins the chunks of a batch and declares protobuf by default', async () => {
    collector = await startCollector()
    sender = new OtlpHttpSender({ url: collector.url })
    const chunks = [Buffer.from('one'), Buffer.alloc(200_000, 'x'), Buffer.from('three')]
    await sender.send({ chunks, bytes: 200_008, spans: 1 })
    assert.ok(collector.requests[0]?.body.equals(Buffer.concat(chunks)))
    assert.equal(collector.requests[0]?.headers['content-type'], 'application/x-protobuf')
  })

  it('keeps one connection for many batches, and sends them one after the other', async () => {
    let open = 0
    let most = 0
    const ports = new Set<number | undefined>()
    collector = await startCollector((_request, response) => {
      open++
      most = Math.max(most, open)
      ports.add(response.socket?.remotePort)
      setTimeout(() => {
        open--
        response.end()
      }, 5)
    })
    sender = new OtlpHttpSender({ url: collector.url })
    await Promise.all(Array.from({ length: 8 }, () => sender.send(batchOf('span'))))
    assert.equal(most, 1)
    assert.equal(ports.size, 1)
  })

  it('sends as many batches at a time as concurrency allows', async () => {
    let open = 0
    let most = 0
    collector = await startCollector((_request, response) => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        response.end()
      }, 20)
    })
    sender = new OtlpHttpSender({ url: collector.url, concurrency: 3 })
    await Promise.all(Array.from({ length: 9 }, () => sender.send(batchOf('span'))))
    assert.equal(most, 3)
  })

  it('marks its requests for the http instrumentation, and sends nothing of the mark', async () => {
    const marks: unknown[] = []
    const look = (message: unknown): void => {
      const { agent } = (message as { request: ClientRequest & { agent: Record<symbol, unknown> } }).request
      marks.push(agent[Symbol.for('spoor.untraced')])
    }
    channel('http.client.request.start').subscribe(look)
    try {
      collector = await startCollector()
      sender = new OtlpHttpSender({ url: collector.url })
      await sender.send(batchOf('span'))
    } finally {
      channel('http.client.request.start').unsubscribe(look)
    }
    assert.deepEqual(marks, [true])
    assert.doesNotMatch(JSON.stringify(collector.requests[0]?.headers), /untraced/)
  })

  it('runs outside of the context of whoever sends', async () => {
    const storage = new AsyncLocalStorage<string>()
    const contexts: unknown[] = []
    const look = (): void => {
      contexts.push(storage.getStore())
    }
    channel('http.client.request.start').subscribe(look)
    try {
      collector = await startCollector((request, response, number) =>
        (number === 1 ? status(503) : accept)(request, response, number),
      )
      sender = new OtlpHttpSender({ url: collector.url, retryDelay: 1 })
      await storage.run('a request of the application', () => sender.send(batchOf('span')))
    } finally {
      channel('http.client.request.start').unsubscribe(look)
    }
    assert.deepEqual(contexts, [undefined, undefined])
  })

  it('tells of partial success, in JSON, and does not send again', async () => {
    const body = JSON.stringify({ partialSuccess: { rejectedSpans: '2', errorMessage: 'span too old' } })
    collector = await startCollector(status(200, { 'content-type': JSON_TYPE }, body))
    sender = new OtlpHttpSender({ url: collector.url, contentType: JSON_TYPE })
    const batch = batchOf('one', 'two', 'three')
    assert.deepEqual(await sender.send(batch), { outcome: 'sent', rejected: 2, message: 'span too old' })
    await sender.send(batch)
    assert.equal(collector.requests.length, 2)
    assert.equal(log.lines.length, 1)
    assert.match(log.lines[0] as string, /refused 2 of 3 spans and says "span too old"/)
    assert.equal(sender.lost, 4)
  })

  it('tells of partial success in protobuf', async () => {
    // ExportTraceServiceResponse { partial_success = 1 { rejected_spans = 1: 300, error_message = 2: "no" } }
    const body = Buffer.from([0x0a, 0x07, 0x08, 0xac, 0x02, 0x12, 0x02, 0x6e, 0x6f])
    collector = await startCollector((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(body)
    })
    sender = new OtlpHttpSender({ url: collector.url })
    assert.deepEqual(await sender.send(batchOf('one')), { outcome: 'sent', rejected: 300, message: 'no' })
  })

  it('passes on a warning of a collector that has kept everything', async () => {
    const body = JSON.stringify({ partialSuccess: { errorMessage: 'this endpoint will move' } })
    collector = await startCollector(status(202, { 'content-type': JSON_TYPE }, body))
    sender = new OtlpHttpSender({ url: collector.url, contentType: JSON_TYPE })
    await sender.send(batchOf('one'))
    assert.match(log.lines.join(), /this endpoint will move/)
    assert.equal(sender.lost, 0)
  })

  it('sends nothing after close(), and says so', async () => {
    collector = await startCollector()
    sender = new OtlpHttpSender({ url: collector.url })
    await sender.close()
    const result = await sender.send(batchOf('late'))
    assert.deepEqual(result, { outcome: 'dropped', reason: 'the exporter is closed', spans: 1 })
    assert.equal(collector.requests.length, 0)
  })
})

describe('options of the OTLP/HTTP sender', () => {
  for (const url of ['', 'localhost:4318', '/v1/traces', 'ftp://localhost/', 'http://']) {
    it(`${JSON.stringify(url)} is refused at start, with a remedy`, () => {
      assert.throws(() => new OtlpHttpSender({ url }), {
        code: 'SPOOR_INVALID_ENDPOINT',
        message: /http:\/\/localhost:4318\/v1\/traces/,
      })
    })
  }

  it('headers that HTTP does not allow are refused at start, without printing their values', () => {
    const options = {
      url: 'http://localhost:4318/v1/traces',
      headers: { authorization: 'Bearer s3cret\r\nx: y' },
    }
    assert.throws(
      () => new OtlpHttpSender(options),
      (error: Error & { code: string }) =>
        error.code === 'SPOOR_INVALID_HEADER' && !error.message.includes('s3cret'),
    )
  })

  it('a certificate that cannot be read is refused at start', () => {
    const tls = { certificate: '/nonexistent/ca.pem' }
    assert.throws(() => new OtlpHttpSender({ url: 'https://localhost/', tls }), { code: 'SPOOR_TLS_FILE' })
  })
})
