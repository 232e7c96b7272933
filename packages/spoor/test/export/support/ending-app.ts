/**
 * An application that ends in one of many ways: `node ending-app.js <way>`. With COLLECTOR set to a port, it is
 * traced, and has one span to send at its end.
 */
import { createServer } from 'node:http'
import { BatchSink, JsonBatchEncoder, OtlpHttpSender, onProcessEnd } from 'spoor/export'
import { finishedSpan } from '../../../dist/esm/testing/finished-span.js'

const way = process.argv[2] as string
const port = process.env['COLLECTOR']
let sink: BatchSink | undefined

if (port) {
  const sender = new OtlpHttpSender({
    url: `http://127.0.0.1:${port}/v1/traces`,
    contentType: 'application/json',
    env: process.env,
    exitTimeout: 9000,
  })
  sink = new BatchSink(new JsonBatchEncoder(() => ({})), sender)
  const installed = sink
  onProcessEnd({
    flush: () => installed.flush(),
    exit: () => installed.exit(),
    hurry: () => sender.hurry(),
    timeout: Number(process.env['END_TIMEOUT'] ?? 3000),
  })
}

const ways: Record<string, () => unknown> = {
  dry() {},
  'exit 0': () => process.exit(0),
  'exit 3': () => process.exit(3),
  'exit code'() {
    process.exitCode = 4
  },
  throw() {
    throw new Error('uncaught')
  },
  reject() {
    void Promise.reject(new Error('unhandled'))
  },
  abort: () => process.abort(),
  beforeExit() {
    process.once('beforeExit', () => setTimeout(() => process.exit(5), 10))
  },
  'await flush': () => sink?.flush(),
  serve,
  'serve and listen'() {
    serve()
    process.on('SIGTERM', () => setTimeout(() => process.exit(7), 20))
  },
  'serve and ignore'() {
    serve()
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => process.exit(8))
  },
  /** What signal-exit 4.1 does (src/index.ts): it kills the process if nobody else listens. */
  'serve with signal-exit'() {
    serve()
    const listener = (): void => {
      if (process.listeners('SIGTERM').length !== 1) return
      process.off('SIGTERM', listener)
      process.kill(process.pid, 'SIGTERM')
    }
    process.on('SIGTERM', listener)
  },
}

sink?.record(finishedSpan({ name: way }))
await ways[way]?.()

function serve(): void {
  createServer((_request, response) => response.end()).listen(0, '127.0.0.1', () => console.log('ready'))
}
