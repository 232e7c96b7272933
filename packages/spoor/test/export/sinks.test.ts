import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as runner from 'node:test'
import { BatchSink, ConsoleSink, FileSink, JsonBatchEncoder, MemorySink, OtlpHttpSender } from 'spoor/export'
import { setLogWriter } from '../../dist/esm/log.js'
import { describeSink } from '../../dist/esm/testing/sink-kit.js'
import { readSpans, startCollector } from './support/collector.js'

// What sinks say of broken destinations is another test's subject.
const restore = setLogWriter(() => {})
runner.after(restore)

// The exporter's sockets do not keep a process alive, so something else must while a test waits for them.
const hold = setInterval(() => {}, 1000)
runner.after(() => clearInterval(hold))

runner.describe('MemorySink', () => {
  describeSink(runner, {
    sink() {
      const sink = new MemorySink()
      return { sink, arrived: () => sink.spans }
    },
  })
})

runner.describe('FileSink', () => {
  describeSink(runner, {
    sink() {
      const folder = mkdtempSync(join(tmpdir(), 'spoor-file-'))
      const path = join(folder, 'spans.jsonl')
      return {
        sink: new FileSink({ path, batchSize: 64 }),
        arrived: () => readFileSync(path, 'utf8').split('\n').filter(Boolean).flatMap(readSpans),
        // The folder is gone: neither can the file be opened nor made.
        breakDestination: () => rmSync(folder, { recursive: true }),
        dispose: () => rmSync(folder, { recursive: true, force: true }),
      }
    },
  })
})

runner.describe('ConsoleSink', () => {
  describeSink(runner, {
    many: 200,
    sink() {
      let text = ''
      let broken = false
      const stream = {
        write(part: string) {
          if (broken) throw new Error('the terminal is gone')
          text += part
        },
      }
      return {
        sink: new ConsoleSink({ stream, width: 200 }),
        arrived: () => arrivedOnScreen(text),
        breakDestination: () => {
          broken = true
        },
      }
    },
  })
})

runner.describe('BatchSink with JSON over HTTP', () => {
  describeSink(runner, {
    async sink() {
      const collector = await startCollector()
      const sender = new OtlpHttpSender({
        url: collector.url,
        contentType: 'application/json',
        maxRetryTime: 50,
        retryDelay: 1,
      })
      let closed = false
      return {
        sink: new BatchSink(new JsonBatchEncoder(() => ({})), sender, { maxSpans: 100 }),
        arrived: () => collector.spans(),
        async breakDestination() {
          closed = true
          await collector.close()
        },
        async dispose() {
          if (!closed) await collector.close()
        },
      }
    },
  })
})

/** A waterfall shows names; each of these spans is a trace of its own, so a title tells of one span. */
function arrivedOnScreen(text: string): { traceId: string; name: string }[] {
  return [...text.matchAll(/^(.+?) · \d+ spans? · .* {2}([0-9a-f]{32})$/gm)].map((match) => ({
    name: match[1] as string,
    traceId: match[2] as string,
  }))
}
