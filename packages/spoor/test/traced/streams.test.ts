import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, test } from 'node:test'
import { traced } from 'spoor'
import { tracedBed } from './support.ts'

const bed = tracedBed()
const turn = (): Promise<void> => new Promise(setImmediate)

describe('a traced function that returns a stream', () => {
  test('the very stream comes back, unread, and its end ends the span', async () => {
    const stream = Readable.from(['a', 'b'])
    assert.equal(traced(() => stream)(), stream)
    await turn()
    assert.equal(bed.finished.length, 0)
    assert.equal(stream.readableFlowing, null)
    assert.deepEqual(await stream.toArray(), ['a', 'b'])
    await turn()
    assert.equal(bed.only().status.code, 'unset')
  })

  test('a duplex stream ends when it is closed, not when one side has ended', async () => {
    const stream = new PassThrough()
    traced(() => stream)()
    stream.resume().end('x')
    await finished(stream)
    await turn()
    assert.equal(bed.finished.length, 1)

    const half = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(), allowHalfOpen: true })
    traced(() => half, { name: 'half' })()
    half.push(null)
    half.resume()
    await once(half, 'end')
    assert.equal(bed.finished.length, 1)
    half.end()
    await finished(half)
    await turn()
    assert.equal(bed.named('half').status.code, 'unset')
  })

  test('a writable stream ends when it is closed', async () => {
    const stream = traced(() => new Writable({ write: (_chunk, _encoding, done) => done() }))()
    stream.end('x')
    await finished(stream)
    await turn()
    assert.equal(bed.finished.length, 1)
  })

  test('an error is recorded, and crashes or is handled as it would have been', async () => {
    const error = new Error('the disk')
    const stream = traced(() => new Readable({ read() {} }))()
    assert.equal(stream.listenerCount('error'), 0)
    stream.once('error', () => {})
    stream.destroy(error)
    await turn()
    assert.equal(bed.only().status.message, 'the disk')
  })

  test('destroying a stream ends the span without an error', async () => {
    traced(() => new Readable({ read() {} }))().destroy()
    await turn()
    assert.equal(bed.only().status.code, 'unset')
  })

  test('a stream in a pipeline is watched too', async () => {
    const chunks: unknown[] = []
    await pipeline(
      traced(() => Readable.from(['x', 'y']), { name: 'source' })(),
      traced(() => new PassThrough({ objectMode: true }), { name: 'middle' })(),
      async (source: AsyncIterable<unknown>) => {
        for await (const chunk of source) chunks.push(chunk)
      },
    )
    await turn()
    assert.deepEqual(chunks, ['x', 'y'])
    assert.equal(bed.finished.length, 2)
  })

  test('a stream that is over already has settled', async () => {
    const closed = Readable.from([])
    closed.destroy()
    await turn()
    assert.equal(traced(() => closed)(), closed)
    const failed = new Readable({ read() {} }).on('error', () => {})
    failed.destroy(new Error('before'))
    await turn()
    traced(() => failed)()
    assert.deepEqual(
      bed.finished.map((span) => span.status.message),
      ['', 'before'],
    )
  })

  test('a web stream is not locked, so the span ends with the call', async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue('x')
        controller.close()
      },
    })
    assert.equal(traced(() => stream)(), stream)
    assert.equal(stream.locked, false)
    assert.equal(bed.finished.length, 1)
    for await (const chunk of stream) assert.equal(chunk, 'x')
  })
})
