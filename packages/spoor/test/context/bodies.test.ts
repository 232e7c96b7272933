import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, pipeline, Transform, Writable } from 'node:stream'
import { pipeline as pipelined } from 'node:stream/promises'
import { after, afterEach, before, describe, it } from 'node:test'
import { createGzip } from 'node:zlib'
import { activeSpan, shutdown, tracer, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { ExpressTracing } from 'spoor/express'
import { finished, type Listening, listen, load, raw, trace } from '../instrumentations/support/web.ts'

const BOUNDARY = 'xBOUNDARYx'

/** A form with one field and two files, of which one is large. */
function form(name: string): Buffer {
  const part = (head: string, body: string): string => `--${BOUNDARY}\r\n${head}\r\n\r\n${body}\r\n`
  return Buffer.from(
    part('Content-Disposition: form-data; name="title"', name) +
      part('Content-Disposition: form-data; name="files"; filename="a.txt"', 'small') +
      part('Content-Disposition: form-data; name="files"; filename="b.txt"', 'x'.repeat(200_000)) +
      `--${BOUNDARY}--\r\n`,
  )
}

function post(path: string, body: Buffer | string, close = false): Buffer {
  const head =
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${close ? 'Connection: close\r\n' : ''}\r\n`
  return Buffer.concat([Buffer.from(head), Buffer.from(body)])
}

/** Whose span is active at each step, and a child made there. */
const note = (request: any, step: string): void => {
  withSpan(step, { tags: { request: request.url } }, () => {})
}

type Handler = (request: any, response: any) => unknown

const readers: { [path: string]: Handler } = {
  '/events'(request, response) {
    request.on('data', () => note(request, 'data'))
    request.on('end', () => {
      note(request, 'end')
      response.end()
    })
    request.on('close', () => note(request, 'close'))
  },
  async '/iterate'(request, response) {
    for await (const _ of request) note(request, 'chunk')
    note(request, 'done')
    response.end()
  },
  '/pipe'(request, response) {
    const through = new Transform({
      transform(chunk, _, next) {
        note(request, 'transform')
        next(null, chunk)
      },
      flush(next) {
        note(request, 'flush')
        next()
      },
    })
    request.pipe(through).pipe(createGzip()).pipe(new PassThrough()).resume()
    through.on('end', () => {
      note(request, 'end')
      response.end()
    })
  },
  async '/pipeline'(request, response) {
    const sink = new Writable({
      write(_chunk, _encoding, next) {
        note(request, 'write')
        setImmediate(next)
      },
    })
    await pipelined(request, createGzip(), sink)
    note(request, 'done')
    response.end()
  },
  '/pipeline-callback'(request, response) {
    pipeline(request, new PassThrough(), new PassThrough().resume(), () => {
      note(request, 'callback')
      response.end()
    })
  },
  '/busboy'(request, response) {
    const parser = load('busboy')({ headers: request.headers })
    parser.on('field', () => note(request, 'field'))
    parser.on('file', (_name: string, stream: any) => {
      note(request, 'file')
      stream.on('data', () => note(request, 'file data'))
      stream.on('end', () => note(request, 'file end'))
    })
    parser.on('close', () => {
      note(request, 'close')
      response.end()
    })
    request.pipe(parser)
  },
}

/** The ways in which an application is traced. */
const ways: { [way: string]: (app: any) => MemorySink } = {
  everything: () => trace(),
  attached(app) {
    const sink = trace({ disable: ['http', 'express'] })
    new ExpressTracing({ app, tracer })
    return sink
  },
}

for (const [way, start] of Object.entries(ways)) {
  describe(`bodies of requests, ${way}`, { timeout: 60_000 }, () => {
    let folder: string
    let site: Listening | undefined
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'spoor-bodies-'))
    })
    after(() => rmSync(folder, { recursive: true, force: true }))
    afterEach(async () => {
      await site?.close()
      site = undefined
      await shutdown()
    })

    const serve = async (routes: (app: any) => void): Promise<MemorySink> => {
      // Loaded before, as an application that attaches a tracing object may have.
      const app = load('express')()
      const sink = start(app)
      routes(app)
      site = await listen(app)
      return sink
    }
    /** Every child has the span of its own request as its parent, and there is at least one for each request. */
    const assertOwn = (
      spans: readonly SpanData[],
      paths: readonly string[],
      steps: readonly string[],
    ): void => {
      const servers = spans.filter(({ kind }) => kind === 'server')
      assert.equal(servers.length, paths.length)
      for (const path of new Set(paths)) {
        const own = spans.filter((span) => span.attributes['request'] === path)
        const parents = new Set(own.map(({ parentSpanId }) => parentSpanId))
        const server = servers.filter(({ spanId }) => parents.has(spanId))
        assert.equal(server.length, paths.filter((each) => each === path).length, path)
        assert.equal(parents.size, server.length, `${path}: ${[...parents]}`)
        for (const step of steps)
          assert.ok(
            own.some(({ name }) => name === step),
            `${path} has no "${step}"`,
          )
      }
    }
    const settled = async (sink: MemorySink, servers: number): Promise<SpanData[]> => {
      const deadline = Date.now() + 5000
      while (sink.spans.filter(({ kind }) => kind === 'server').length < servers && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 2))
      return finished(sink, sink.spans.length)
    }

    it('NODE-04: children made while a body is read are those of its request, pipelined and in turn, in whatever way it is read', async () => {
      const sink = await serve((app) => {
        for (const [path, handler] of Object.entries(readers)) app.post(`${path}/:id`, handler)
      })
      const { port } = site as Listening
      for (const path of Object.keys(readers)) {
        const paths = ['one', 'two', 'three'].map((id) => `${path}/${id}`)
        const bytes = paths.map((each, index) => post(each, form(each), index === 2))

        await raw(port, Buffer.concat(bytes), /(?:HTTP\/1\.1 200[\s\S]*){3}/)
        assertOwn(await settled(sink, 3), paths, [])

        // One after the other on one connection, in pieces: the parser is used again, and so is its context.
        const socket = connect(port, '127.0.0.1')
        let answers = 0
        socket
          .setEncoding('latin1')
          .on('data', (text: string) => (answers += text.split('HTTP/1.1').length - 1))
        for (const [index, message] of bytes.entries()) {
          for (let at = 0; at < message.length; at += 40_000) {
            socket.write(message.subarray(at, at + 40_000))
            await new Promise((resolve) => setTimeout(resolve, 2))
          }
          while (answers <= index) await once(socket, 'data')
        }
        socket.destroy()
        assertOwn(await settled(sink, 3), paths, [])
      }
    })

    it('NODE-04: an upload by multer goes on in the span of its request, into memory and to the disk', async () => {
      for (const storage of ['memory', 'disk']) {
        const multer = load('multer')
        const sink = await serve((app) => {
          const upload = multer(
            storage === 'memory'
              ? { storage: multer.memoryStorage(), fileFilter: filter }
              : {
                  fileFilter: filter,
                  storage: multer.diskStorage({
                    destination: (request: any, _file: unknown, next: any) => {
                      note(request, 'destination')
                      next(null, folder)
                    },
                    filename: (request: any, file: any, next: any) => {
                      note(request, 'filename')
                      next(null, `${request.params.id}-${file.originalname}`)
                    },
                  }),
                },
          )
          app.post('/upload/:id', upload.array('files'), async (request: any, response: any) => {
            note(request, 'handler')
            assert.equal(request.files.length, 2)
            await new Promise((resolve) => setTimeout(resolve, 1))
            note(request, 'after a while')
            response.end(String(activeSpan() !== null))
          })
        })
        const paths = Array.from({ length: 12 }, (_, index) => `/upload/${index}`)
        await Promise.all(
          paths.map((path) => raw((site as Listening).port, post(path, form(path), true), /true/)),
        )
        assertOwn(await settled(sink, 12), paths, [
          'filter',
          'handler',
          'after a while',
          ...(storage === 'disk' ? ['destination', 'filename'] : []),
        ])
        await site?.close()
        await shutdown()
      }
      site = undefined
    })

    it('NODE-04: an upload that is cut off tells its handler in its own span', async () => {
      const multer = load('multer')
      const sink = await serve((app) => {
        app.post('/cut/:id', multer({ storage: multer.memoryStorage() }).array('files'))
        app.use((_error: Error, request: any, response: any, _next: unknown) => {
          note(request, 'failed')
          response.destroy()
        })
      })
      const socket = connect((site as Listening).port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(post('/cut/1', form('cut')).subarray(0, 100_000))
      setTimeout(() => socket.destroy(), 20)
      assertOwn(await settled(sink, 1), ['/cut/1'], ['failed'])
    })
  })
}

function filter(request: any, _file: unknown, next: (error: null, take: boolean) => void): void {
  note(request, 'filter')
  next(null, true)
}
