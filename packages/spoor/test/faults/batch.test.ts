import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BatchOptions,
  type BatchSender,
  BatchSink,
  type EncodedBatch,
  OtlpHttpSender,
  ProtobufBatchEncoder,
  type SendResult,
} from 'spoor/export'
import { JsonBatchEncoder } from '../../dist/esm/export/otlp/json-batch.js'
import { finishedSpan } from '../../dist/esm/testing/finished-span.js'
import { spansOf } from '../encode/decoder.ts'
import { freePort, startCollector } from '../export/support/collector.ts'
import { captureLog } from '../export/support/log.ts'

const envelope = { resource: ['service.name', 'test'], scopeName: 's', scopeVersion: '1', schemaUrl: 'u' }
const sent: SendResult = { outcome: 'sent', rejected: 0, message: '' }

/** A collector in memory that takes a batch when it is told to. */
class HandSender implements BatchSender {
  readonly names: string[][] = []
  readonly sync: string[][] = []
  readonly calls: string[] = []
  open: boolean
  #waiting: (() => void)[] = []

  constructor(open: boolean) {
    this.open = open
  }

  async send(batch: EncodedBatch): Promise<SendResult> {
    if (!this.open) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.names.push(spansOf(batch).map((span) => span.name ?? ''))
    return sent
  }

  /** Lets the batch that waits pass. */
  async pass(): Promise<void> {
    this.#waiting.shift()?.()
    await new Promise(setImmediate)
  }

  sendSync(batches: readonly EncodedBatch[]): void {
    for (const batch of batches) this.sync.push(spansOf(batch).map((span) => span.name ?? ''))
  }

  hurry(): void {
    this.calls.push('hurry')
  }

  async close(): Promise<void> {
    this.calls.push('close')
  }
}

function bed(open: boolean, options: Partial<BatchOptions> = {}): { sink: BatchSink; sender: HandSender } {
  const sender = new HandSender(open)
  return { sink: new BatchSink(new ProtobufBatchEncoder(() => envelope), sender, options), sender }
}

const record = (sink: BatchSink, from: number, to: number): void => {
  for (let i = from; i < to; i++) sink.record(finishedSpan({ name: String(i) }))
}
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index))

describe('the queue before a collector', () => {
  test('keeps the order, and divides by number of spans', async () => {
    const { sink, sender } = bed(true, { maxSpans: 10 })
    record(sink, 0, 35)
    await sink.flush()
    assert.deepEqual(
      sender.names.map((names) => names.length),
      [10, 10, 10, 5],
    )
    assert.deepEqual(sender.names.flat(), numbers(0, 35))
  })

  test('divides by bytes', async () => {
    const { sink, sender } = bed(true, { maxBytes: 5000 })
    for (let i = 0; i < 20; i++) sink.record(finishedSpan({ name: `${i}${'x'.repeat(1000)}` }))
    await sink.flush()
    assert.deepEqual(
      sender.names.map((names) => names.length),
      [5, 5, 5, 5],
    )
  })

  test('sends by itself after the delay, and not before', async () => {
    const { sink, sender } = bed(true, { delay: 30 })
    record(sink, 0, 3)
    await sleep(5)
    assert.equal(sender.names.length, 0)
    await sleep(60)
    assert.deepEqual(sender.names, [numbers(0, 3)])
  })

  test('a slow collector gets few large batches rather than many small ones', async () => {
    const { sink, sender } = bed(false, { delay: 1 })
    for (let i = 0; i < 20; i++) {
      record(sink, i, i + 1)
      await sleep(3)
    }
    sender.open = true
    await sender.pass()
    await sink.flush()
    assert.deepEqual(sender.names.flat(), numbers(0, 20))
    assert.ok(sender.names.length <= 3, `${sender.names.length} batches`)
  })

  test('what waited for the collector goes out when it has answered, without another span or flush', async () => {
    const { sink, sender } = bed(false, { delay: 1 })
    record(sink, 0, 1)
    await sleep(10)
    record(sink, 1, 2)
    await sleep(10)
    sender.open = true
    await sender.pass()
    await sleep(10)
    assert.deepEqual(sender.names, [['0'], ['1']])
  })

  test('is bounded in bytes: further spans are dropped, counted, and that is said once', async () => {
    const log = captureLog()
    try {
      const { sink, sender } = bed(false, { maxSpans: 10, maxQueueBytes: 2000 })
      record(sink, 0, 1000)
      assert.ok(sink.dropped > 900 && sink.dropped < 1000)
      assert.equal(log.lines.length, 1)
      assert.match(log.lines[0] ?? '', /\d+ spans of \d+ bytes are waiting.*OTEL_TRACES_SAMPLER/)
      sender.open = true
      await sender.pass()
      await sink.flush()
      assert.deepEqual(sender.names.flat(), numbers(0, 1000 - sink.dropped))
      record(sink, 0, 1)
      await sink.flush()
      assert.deepEqual(sender.names.at(-1), ['0'])
    } finally {
      log.restore()
    }
  })

  test('is bounded in spans if asked to, whatever the size of a batch', async () => {
    const log = captureLog()
    try {
      for (const maxSpans of [10, 2048]) {
        const { sink, sender } = bed(false, { maxSpans, maxQueueSpans: 100 })
        record(sink, 0, 500)
        assert.equal(sink.dropped, 400)
        sender.open = true
        await sender.pass()
        await sink.flush()
        assert.deepEqual(sender.names.flat(), numbers(0, 100))
      }
    } finally {
      log.restore()
    }
  })
})

describe('flush and close', () => {
  test('flush resolves when what was recorded before is sent, though more keeps coming', async () => {
    const { sink, sender } = bed(false, { maxSpans: 5 })
    record(sink, 0, 3)
    let flushed = false
    void sink.flush().then(() => {
      flushed = true
    })
    record(sink, 3, 23)
    await sender.pass()
    assert.equal(flushed, true)
    sender.open = true
    await sender.pass()
    await sink.flush()
    assert.deepEqual(sender.names.flat(), numbers(0, 23))
  })

  test('several flushes resolve, each when its own batches are dealt with', async () => {
    const { sink, sender } = bed(false)
    const order: number[] = []
    const flushes = [0, 1, 2].map((number) => {
      record(sink, number, number + 1)
      return sink.flush().then(() => order.push(number))
    })
    await new Promise(setImmediate)
    assert.deepEqual(order, [])
    for (let i = 1; i <= 3; i++) {
      await sender.pass()
      assert.equal(order.length, i)
    }
    await Promise.all(flushes)
    assert.deepEqual(order, [0, 1, 2])
  })

  test('close hurries, flushes and closes the sender', async () => {
    const { sink, sender } = bed(true)
    record(sink, 0, 1)
    await sink.close()
    assert.deepEqual(sender.names, [['0']])
    assert.deepEqual(sender.calls, ['hurry', 'close'])
  })

  test('exit hands everything over at once: what is on its way, what waits, what is collected', () => {
    const { sink, sender } = bed(false, { maxSpans: 2 })
    record(sink, 0, 5)
    sink.exit()
    assert.deepEqual(sender.sync, [['0', '1'], ['2', '3'], ['4']])
  })
})

describe('faults around the queue', () => {
  test('a sender that throws or rejects costs its batch, once reported, and the next ones go on', async () => {
    const log = captureLog()
    try {
      for (const fail of [
        () => {
          throw new Error('no way')
        },
        () => Promise.reject(new Error('no way')),
      ]) {
        const names: string[] = []
        let calls = 0
        const sender: BatchSender = {
          send(batch) {
            if (++calls === 1) return fail()
            names.push(...spansOf(batch).map((span) => span.name ?? ''))
            return Promise.resolve(sent)
          },
          sendSync() {},
          hurry() {},
          async close() {},
        }
        const sink = new BatchSink(new ProtobufBatchEncoder(() => envelope), sender, { maxSpans: 1 })
        record(sink, 0, 3)
        await sink.flush()
        assert.deepEqual(names, ['1', '2'])
      }
      assert.equal(log.lines.length, 1)
      assert.match(log.lines[0] ?? '', /no way/)
    } finally {
      log.restore()
    }
  })

  test('an encoder that cannot finish a batch does not throw out of a timer', async () => {
    const log = captureLog()
    try {
      for (const Encoder of [ProtobufBatchEncoder, JsonBatchEncoder]) {
        const refuse = (): never => {
          throw new Error('no resource')
        }
        const sink = new BatchSink(new Encoder(refuse), new HandSender(true), { delay: 1 })
        record(sink, 0, 1)
        await sleep(10)
        await sink.close()
      }
      assert.equal(log.lines.length, 1)
      assert.match(log.lines[0] ?? '', /1 spans cannot be made into a request.*no resource/)
    } finally {
      log.restore()
    }
  })

  test('an absent collector under 200,000 spans: memory stays within the bound', {
    timeout: 60_000,
  }, async () => {
    const log = captureLog()
    try {
      const sender = new OtlpHttpSender({ url: `http://127.0.0.1:${await freePort()}/v1/traces`, env: {} })
      const sink = new BatchSink(new ProtobufBatchEncoder(() => envelope), sender, {
        maxQueueBytes: 4 * 1024 * 1024,
        delay: 5,
      })
      const before = process.memoryUsage()
      let most = 0
      for (let round = 0; round < 200; round++) {
        for (let i = 0; i < 1000; i++) {
          sink.record(finishedSpan({ name: `GET /${i}`, attributes: ['key', 'value', 'other', i] }))
        }
        await new Promise(setImmediate)
        most = Math.max(most, process.memoryUsage().arrayBuffers - before.arrayBuffers)
      }
      assert.ok(sink.dropped > 100_000)
      assert.ok(most < 16 * 1024 * 1024, `${most} bytes in buffers`)
      const began = performance.now()
      await sink.close()
      assert.ok(performance.now() - began < 4000)
      assert.ok(log.lines.length <= 3, log.lines.join('\n'))
    } finally {
      log.restore()
    }
  })

  test('an absent collector and one span now and then: a small batch holds no large buffer', async () => {
    const { sink } = bed(false, { delay: 0 })
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 300; i++) {
      record(sink, i, i + 1)
      void sink.flush()
    }
    const grown = process.memoryUsage().arrayBuffers - before
    assert.ok(grown < 1024 * 1024, `${grown} bytes for 300 spans`)
  })

  test('not one of 100,000 spans is lost on the way to a healthy collector', {
    timeout: 60_000,
  }, async () => {
    const collector = await startCollector()
    try {
      const sink = new BatchSink(
        new ProtobufBatchEncoder(() => envelope),
        new OtlpHttpSender({ url: collector.url, env: {} }),
      )
      const total = 100_000
      for (let i = 0; i < total; i++) {
        sink.record(finishedSpan({ name: `span ${i}`, attributes: ['i', i] }))
        // The application lets the event loop turn from time to time, as a server does.
        if (i % 1000 === 999) await new Promise(setImmediate)
      }
      await sink.close()
      assert.equal(sink.dropped, 0)
      const seen = new Set<string>()
      for (const { body } of collector.requests) {
        for (const span of spansOf({ chunks: [body], bytes: body.length, spans: 0 }))
          seen.add(span.name ?? '')
      }
      assert.equal(seen.size, total)
    } finally {
      await collector.close()
    }
  })
})
