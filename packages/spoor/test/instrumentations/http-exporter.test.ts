import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { it } from 'node:test'
import { MemorySink } from 'spoor/export'
import { ask, finished, listen, shutdown, trace } from './support/web.ts'

it('the exporter’s own requests are not traced, and carry no trace of their own', async () => {
  // A collector below node:http, so that nothing of it is traced either.
  const received: string[] = []
  const collector = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      received.push(data.toString('latin1'))
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
  })
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const { port } = collector.address() as AddressInfo
  const sink = new MemorySink()
  trace({ exporters: ['otlp', sink], endpoint: `http://127.0.0.1:${port}` })
  const site = await listen((_, response) => response.end())
  await ask(site.origin)
  const [span] = await finished(sink, 1)
  assert.equal(span?.kind, 'server')
  await site.close()
  await shutdown()
  assert.equal(sink.spans.length, 0)
  assert.match(received[0] ?? '', /^POST \/v1\/traces HTTP\/1\.1/)
  assert.ok(received.every((request) => !/^traceparent:/im.test(request)))
  collector.close()
})
