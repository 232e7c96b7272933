import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import {
  BatchSink,
  type EncodedBatch,
  JsonBatchEncoder,
  type OtlpHttpOptions,
  OtlpHttpSender,
  type SendResult,
} from 'spoor/export'
import { finishedSpan } from '../../dist/esm/testing/finished-span.js'
import { batchOf } from './support/batch.js'
import {
  accept,
  type Behaviour,
  type Collector,
  freePort,
  inTurn,
  startCollector,
  status,
} from './support/collector.js'
import { captureLog } from './support/log.js'

const JSON_TYPE = 'application/json'
const SENT = { outcome: 'sent', rejected: 0, message: '' }

const hold = setInterval(() => {}, 1000)
after(() => clearInterval(hold))

describe('a collector that is not well', () => {
  let log: ReturnType<typeof captureLog>
  let collector: Collector | undefined
  let sender: OtlpHttpSender

  beforeEach(() => {
    log = captureLog()
  })

  afterEach(async () => {
    log.restore()
    await sender.close()
    await collector?.close()
    collector = undefined
  })

  async function collectorThat(
    behaviour: Behaviour,
    options: Partial<OtlpHttpOptions> = {},
  ): Promise<Collector> {
    collector = await startCollector(behaviour)
    sender = new OtlpHttpSender({ url: collector.url, contentType: JSON_TYPE, retryDelay: 1, ...options })
    return collector
  }

  async function send(batch: EncodedBatch = batchOf('span')): Promise<SendResult> {
    return await sender.send(batch)
  }

  it('absent: says so once, keeps trying, and gives up after the time it may take', async () => {
    const url = `http://127.0.0.1:${await freePort()}/v1/traces`
    sender = new OtlpHttpSender({ url, retryDelay: 20, maxRetryTime: 400 })
    const began = Date.now()
    const result = await send()
    await send()
    assert.equal(result.outcome, 'dropped')
    assert.ok(Date.now() - began < 2500)
    assert.equal(log.lines.length, 1)
    assert.match(
      log.lines[0] as string,
      /^spoor: cannot reach the collector at http:\/\/127\.0\.0\.1:\d+\/v1\/traces \(ECONNREFUSED\); spans are kept for 0 s and then dropped\. Start one with `npx spoor-viewer`, or set OTEL_EXPORTER_OTLP_ENDPOINT\.$/,
    )
    assert.equal(sender.lost, 2)
  })

  it('absent and then there: nothing is lost, and the recovery is told', async () => {
    const port = await freePort()
    sender = new OtlpHttpSender({
      url: `http://127.0.0.1:${port}/v1/traces`,
      contentType: JSON_TYPE,
      retryDelay: 20,
    })
    const result = send(batchOf('early'))
    await new Promise((resolve) => setTimeout(resolve, 30))
    collector = await startCollector(accept, { port })
    assert.deepEqual(await result, SENT)
    assert.deepEqual(
      collector.spans().map((span) => span.name),
      ['early'],
    )
    assert.equal(log.lines.length, 2)
    assert.match(log.lines[1] as string, /takes spans again; nothing was lost$/)
  })

  it('back after losses: the recovery tells how many spans are gone', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/v1/traces`
    sender = new OtlpHttpSender({ url, contentType: JSON_TYPE, retryDelay: 1, maxRetryTime: 10 })
    await send(batchOf('one', 'two'))
    collector = await startCollector(accept, { port })
    assert.deepEqual(await send(), SENT)
    assert.match(log.lines.at(-1) as string, /takes spans again; 2 spans were lost meanwhile$/)
  })

  it('absent while the process ends: hurry() gives up at once instead of waiting', async () => {
    const url = `http://127.0.0.1:${await freePort()}/v1/traces`
    sender = new OtlpHttpSender({ url, retryDelay: 60_000 })
    const waiting = send()
    await new Promise((resolve) => setTimeout(resolve, 30))
    const began = Date.now()
    sender.hurry()
    assert.equal((await waiting).outcome, 'dropped')
    assert.equal((await send()).outcome, 'dropped')
    assert.ok(Date.now() - began < 500)
  })

  it('hanging while the process ends: a queue of batches waits for one timeout, not for one each', async () => {
    const { requests } = await collectorThat(() => {}, { timeout: 60_000 })
    const sink = new BatchSink(new JsonBatchEncoder(() => ({})), sender, { maxSpans: 1 })
    for (let index = 0; index < 10; index++) sink.record(finishedSpan())
    await new Promise((resolve) => setTimeout(resolve, 30))
    const began = Date.now()
    await sink.close()
    assert.ok(Date.now() - began < 5000, `took ${Date.now() - began} ms`)
    assert.equal(requests.length, 1)
    assert.equal(sender.lost, 10)
  })

  it('with a name that does not exist: the message says to correct the address', async () => {
    sender = new OtlpHttpSender({ url: 'http://collector.invalid/v1/traces', maxAttempts: 1 })
    await send()
    assert.match(log.lines.join(), /ENOTFOUND|EAI_AGAIN/)
    assert.match(log.lines.join(), /OTEL_EXPORTER_OTLP_ENDPOINT/)
  })

  for (const code of [429, 502, 503, 504]) {
    it(`${code}: the batch is sent again and arrives`, async () => {
      const { requests, spans } = await collectorThat(inTurn(status(code), status(code), accept))
      assert.deepEqual(await send(), SENT)
      assert.equal(requests.length, 3)
      assert.equal(spans().length, 1)
      assert.match(log.lines[0] as string, new RegExp(`answered ${code}; spans are kept for 60 s`))
    })
  }

  for (const code of [400, 401, 403, 404, 408, 500, 501]) {
    it(`${code}: the batch is dropped without another attempt, and said once`, async () => {
      const { requests } = await collectorThat(
        status(code, { 'content-type': JSON_TYPE }, '{"message":"no such luck"}'),
      )
      const result = await send()
      assert.equal(result.outcome, 'dropped')
      await send()
      assert.equal(requests.length, 2)
      assert.equal(log.lines.length, 1)
      assert.match(
        log.lines[0] as string,
        new RegExp(`answered ${code} "no such luck"; the spans are dropped\\. \\w+`),
      )
    })
  }

  it('400 with a google.rpc.Status in protobuf: its message is printed', async () => {
    const message = Buffer.from('bad span id')
    const body = Buffer.concat([Buffer.from([0x08, 0x03, 0x12, message.length]), message])
    await collectorThat((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/x-protobuf' }).end(body)
    })
    await send()
    assert.match(log.lines[0] as string, /answered 400 "bad span id"/)
  })

  it('401: the remedy names the variable for credentials', async () => {
    await collectorThat(status(401))
    await send()
    assert.match(log.lines[0] as string, /OTEL_EXPORTER_OTLP_HEADERS/)
  })

  it('a redirect is not followed, and told with its target', async () => {
    const { requests } = await collectorThat(status(308, { location: 'https://elsewhere.example/v1/traces' }))
    assert.equal((await send()).outcome, 'dropped')
    assert.equal(requests.length, 1)
    assert.match(log.lines[0] as string, /308 to https:\/\/elsewhere\.example/)
  })

  it('429 with Retry-After in seconds: it is left alone for so long', async () => {
    const times: number[] = []
    await collectorThat(
      inTurn(
        (_request, response) => {
          times.push(Date.now())
          response.writeHead(429, { 'retry-after': '1' }).end()
        },
        (request, response, number) => {
          times.push(Date.now())
          accept(request, response, number)
        },
      ),
    )
    assert.deepEqual(await send(), SENT)
    assert.ok((times[1] as number) - (times[0] as number) >= 990)
  })

  it('503 with Retry-After as a date: it is left alone until then', async () => {
    let until = 0
    let came = 0
    await collectorThat(
      inTurn(
        (_request, response) => {
          until = Math.ceil(Date.now() / 1000) * 1000 + 1000
          response.writeHead(503, { 'retry-after': new Date(until).toUTCString() }).end()
        },
        (request, response, number) => {
          came = Date.now()
          accept(request, response, number)
        },
      ),
    )
    assert.deepEqual(await send(), SENT)
    assert.ok(came >= until - 5, `${came} is not before ${until}`)
  })

  it('429 with a Retry-After beyond our patience: the batch is given up at once', async () => {
    await collectorThat(status(429, { 'retry-after': '3600' }))
    const began = Date.now()
    assert.equal((await send()).outcome, 'dropped')
    assert.ok(Date.now() - began < 500)
  })

  it('503 for ever: so many attempts and no more', async () => {
    const { requests } = await collectorThat(status(503), { maxAttempts: 4 })
    assert.equal((await send()).outcome, 'dropped')
    assert.equal(requests.length, 4)
  })

  it('413: the batch is divided until it fits, and every span arrives once', async () => {
    const limit = 700
    const { spans } = await collectorThat((request, response, number) =>
      (request.body.length > limit ? status(413) : accept)(request, response, number),
    )
    const names = Array.from({ length: 16 }, (_, index) => `span ${index}`)
    assert.ok(batchOf(...names).bytes > 4 * limit)
    assert.deepEqual(await send(batchOf(...names)), SENT)
    assert.deepEqual(
      spans().map((span) => span.name),
      names,
    )
  })

  it('413 for a single span: it is dropped, and its fellows are not', async () => {
    const { spans } = await collectorThat((request, response, number) =>
      (request.body.includes('huge') ? status(413) : accept)(request, response, number),
    )
    const result = await send(batchOf('one', 'huge', 'three'))
    assert.equal(result.outcome, 'dropped')
    assert.equal(result.outcome === 'dropped' && result.spans, 1)
    assert.deepEqual(
      spans().map((span) => span.name),
      ['one', 'three'],
    )
    assert.equal(sender.lost, 1)
  })

  it('hanging: the request ends after its timeout and is tried again', async () => {
    const { requests } = await collectorThat(
      inTurn(() => {}, accept),
      { timeout: 50 },
    )
    assert.deepEqual(await send(), SENT)
    assert.equal(requests.length, 2)
    assert.match(log.lines[0] as string, /gave no answer within 50 ms.*OTEL_EXPORTER_OTLP_TIMEOUT/)
  })

  it('hanging amid its answer: the timeout ends that too', async () => {
    await collectorThat(
      (_request, response) => {
        response.writeHead(200, { 'content-type': JSON_TYPE }).write('{"partial')
      },
      { timeout: 50, maxRetryTime: 200, maxAttempts: 2 },
    )
    const began = Date.now()
    await send()
    assert.ok(Date.now() - began < 1000)
  })

  it('dropping the connection without an answer: the batch is sent again', async () => {
    const { requests, spans } = await collectorThat(
      inTurn((_request, response) => response.destroy(), accept),
    )
    assert.deepEqual(await send(), SENT)
    assert.equal(requests.length, 2)
    assert.equal(spans().length, 1)
  })

  it('dropping the connection amid its answer: the status counts', async () => {
    const { requests } = await collectorThat((_request, response) => {
      response.writeHead(200, { 'content-type': JSON_TYPE, 'content-length': '100' }).write('{"part')
      setTimeout(() => response.destroy(), 10)
    })
    assert.deepEqual(await send(), SENT)
    assert.equal(requests.length, 1)
  })

  it('closing idle connections: the batch that meets one is sent again without a word', async () => {
    const { requests } = await collectorThat((request, response, number) => {
      accept(request, response, number)
      // The worst moment: after the answer, while the client takes the connection for alive.
      response.on('finish', () => setImmediate(() => response.socket?.destroy()))
    })
    for (let index = 0; index < 5; index++) {
      assert.deepEqual(await send(), SENT)
    }
    assert.ok(requests.length >= 5)
    assert.deepEqual(log.lines, [])
  })

  it('answering garbage with status 200: it counts as accepted', async () => {
    const bodies = [
      '\u0000\u00ff\u0080 not json',
      '{"partialSuccess":7}',
      '[]',
      'null',
      '{"partialSuccess":{"rejectedSpans":{}}}',
    ]
    for (const type of [JSON_TYPE, 'application/x-protobuf', 'text/html', '']) {
      for (const body of bodies) {
        await collectorThat(status(200, { 'content-type': type }, body))
        assert.equal((await send()).outcome, 'sent')
        await collector?.close()
        await sender.close()
      }
    }
    collector = undefined
  })

  it('answering something that is not HTTP: told with a hint about ports', async () => {
    const server = createServer((socket: Socket) => {
      socket.on('error', () => {})
      socket.end('220 smtp.example ESMTP\r\n')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    sender = new OtlpHttpSender({ url: `http://127.0.0.1:${port}/`, maxAttempts: 1 })
    assert.equal((await send()).outcome, 'dropped')
    assert.match(log.lines[0] as string, /does not speak HTTP/)
    server.close()
  })

  it('answering without end: at most 4 MiB of it are read', async () => {
    let written = 0
    const flood = (response: ServerResponse): void => {
      const chunk = Buffer.alloc(256 * 1024, 0x20)
      const pump = (): void => {
        while (!response.destroyed) {
          written += chunk.length
          if (!response.write(chunk)) {
            response.once('drain', pump)
            return
          }
        }
      }
      pump()
    }
    await collectorThat((_request, response) => {
      response.writeHead(200, { 'content-type': JSON_TYPE })
      flood(response)
    })
    assert.equal((await send()).outcome, 'sent')
    assert.ok(written < 32 * 1024 * 1024, `${written} bytes were written`)
  })

  it('control characters and secrets do not reach the log', async () => {
    collector = await startCollector(
      status(400, { 'content-type': 'text/plain' }, '\u001b[2J\r\nspoor: forged\u202e'),
    )
    const url = collector.url.replace('http://', 'http://user:hunter2@')
    sender = new OtlpHttpSender({ url: `${url}?key=hunter3` })
    await send()
    assert.equal(collector.requests[0]?.headers.authorization, `Basic ${btoa('user:hunter2')}`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not be there
    assert.doesNotMatch(log.lines.join('\n'), /[\u0000-\u001f\u202e]|hunter/)
  })

  it('memory stays bounded while a collector refuses thousands of batches', async () => {
    const url = `http://127.0.0.1:${await freePort()}/v1/traces`
    sender = new OtlpHttpSender({ url, maxAttempts: 1, retryDelay: 0 })
    const batch: EncodedBatch = { chunks: [Buffer.alloc(64 * 1024)], bytes: 64 * 1024, spans: 100 }
    const heap = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    for (let index = 0; index < 200; index++) await send(batch)
    const before = heap()
    for (let index = 0; index < 1500; index++) await send(batch)
    assert.ok(heap() - before < 40 * 1024 * 1024, `grew by ${heap() - before} bytes`)
    assert.equal(sender.lost, 170_000)
    assert.equal(log.lines.length, 1)
  })
})
