import assert from 'node:assert/strict'
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import express, { type Express } from 'express'
import { activeSpan, init, shutdown } from 'spoor'
import { resetGlobalTracer } from 'spoor/api'
import { ExpressTracing } from 'spoor/express'
import { HttpTracing } from 'spoor/http'
import { assertOneRoot, captureTrace, MockTracer } from 'spoor/testing'
import { captureLog } from '../export/support/log.js'

/*
 * The points in which pyramid_opentracing, flask_opentracing, tornado_opentracing and opentracing_instrumentation differ,
 * and what Spoor does: section 1.5 of docs/parity.md.
 */

const untraced = { [Symbol.for('spoor.untraced')]: true }

/** An application with a handler at `/users/:id`, traced in two ways by one tracer: all of it, and that handler alone. */
const ways = {
  attached: (tracing: ExpressTracing, app: Express, handler: express.RequestHandler) => {
    tracing.attach(app)
    app.get('/users/:id', handler)
  },
  marked: (tracing: ExpressTracing, app: Express, handler: express.RequestHandler) => {
    app.get('/users/:id', tracing.trace(handler))
  },
}

async function visit(
  listener: RequestListener,
  path = '/users/7?secret=1',
  headers: Record<string, string> = {},
): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  try {
    const response = await new Promise<IncomingMessage>((done, fail) => {
      get({ host: '127.0.0.1', port, path, headers, agent: false, ...untraced }, done).on('error', fail)
    })
    response.resume()
    await new Promise((done) => response.on('end', done))
    return response.statusCode as number
  } finally {
    server.close()
  }
}

for (const [way, trace] of Object.entries(ways)) {
  describe(`what the four libraries do differently, ${way}`, () => {
    /** One request, the status of its answer, and its span. */
    async function request(
      handler: express.RequestHandler,
      options: { headers?: Record<string, string>; tracing?: object; tracer?: MockTracer } = {},
    ): Promise<{ status: number; span: ReturnType<MockTracer['finishedSpans']>[number] }> {
      const tracer = options.tracer ?? new MockTracer()
      const app = express()
      const tracing = new ExpressTracing({ tracer, ...options.tracing })
      trace(tracing, app, handler)
      app.use((error: any, _request: unknown, response: express.Response, _next: unknown) => {
        response.status(error.status ?? 500).send('failed')
      })
      const { result, spans } = await captureTrace(() => visit(app, undefined, options.headers))
      assertOneRoot(spans)
      const [span] = tracer.finishedSpans()
      assert.ok(span)
      return { status: result, span }
    }

    test('CROSS-1, CROSS-2, CROSS-3: component in lower case, the whole URL without its query, method and route', async () => {
      const { span } = await request((_request, response) => response.send('hello'))
      assert.equal(span.tags['component'], 'express')
      assert.match(String(span.tags['http.url']), /^http:\/\/127\.0\.0\.1:\d+\/users\/7$/)
      assert.equal(span.operationName, 'GET /users/:id')
    })

    test('CROSS-4: an error has the status that was sent beside it', async () => {
      const { status, span } = await request(() => {
        throw new Error('broken')
      })
      assert.equal(status, 500)
      assert.deepEqual([span.tags['error'], span.tags['http.status_code']], [true, 500])
    })

    test('CROSS-6, CROSS-7: the error tag is the boolean, and there is one log with all five fields', async () => {
      const error = new TypeError('broken')
      const { span } = await request(() => {
        throw error
      })
      assert.equal(span.tags['error'], true)
      assert.deepEqual(
        span.logs.map(({ fields }) => fields),
        [
          {
            event: 'error',
            'error.object': error,
            'error.kind': 'TypeError',
            message: 'broken',
            stack: error.stack,
          },
        ],
      )
    })

    test('CROSS-5: a 404 that the handler raises is no error', async () => {
      const { status, span } = await request((_request, _response, next) => {
        next(Object.assign(new Error('no such user'), { status: 404 }))
      })
      assert.equal(status, 404)
      assert.equal(span.tags['http.status_code'], 404)
      assert.equal(span.tags['error'], undefined)
    })

    test('CROSS-8: whatever extract throws, the request is answered in a trace of its own', async () => {
      for (const error of [new TypeError('bad header'), 'text', null]) {
        const tracer = new MockTracer()
        tracer.extract = () => {
          throw error
        }
        const { status, span } = await request((_request, response) => response.send('hello'), { tracer })
        assert.equal(status, 200)
        assert.equal(span.parentSpanId, '')
      }
    })

    test('CROSS-9, CROSS-11: the span is active in the handler, and getSpan() without a request gives it', async () => {
      const tracer = new MockTracer()
      const tracing = new ExpressTracing({ tracer })
      const app = express()
      const seen: unknown[] = []
      trace(tracing, app, async (request, response) => {
        await null
        seen.push(tracer.activeSpan, tracing.getSpan(), tracing.getSpan(request))
        response.send('hello')
      })
      await captureTrace(() => visit(app))
      const [span] = tracer.finishedSpans()
      assert.deepEqual(seen, [span, span, span])
      assert.equal(tracing.getSpan(), null)
    })

    test('CROSS-10: a callback that throws is reported once, and changes no answer', async (t) => {
      const log = captureLog()
      t.after(() => log.restore())
      const startSpanCallback = (): never => {
        throw new Error('broken callback')
      }
      for (let n = 0; n < 2; n++) {
        const { status, span } = await request((_request, response) => response.send('hello'), {
          tracing: { startSpanCallback },
        })
        assert.equal(status, 200)
        assert.equal(span.tags['error'], undefined)
      }
      assert.equal(log.lines.filter((line) => line.includes('broken callback')).length, 1)
    })

    test('CROSS-12: the tracer may be given as a function, which is called once', async () => {
      const tracer = new MockTracer()
      let asked = 0
      const make = (): MockTracer => {
        asked += 1
        return tracer
      }
      await request((_request, response) => response.send('hello'), { tracer, tracing: { tracer: make } })
      assert.deepEqual([asked, tracer.finishedSpans().length], [1, 1])
    })
  })
}

describe('what the four libraries do differently', () => {
  afterEach(async () => {
    await shutdown()
    resetGlobalTracer()
  })

  test('CROSS-1, CROSS-3: a server without a framework is `http`, and a request without a route is its method', async () => {
    const tracer = new MockTracer()
    const tracing = new HttpTracing({ tracer })
    const listener = tracing.trace((_request: unknown, response: any) => response.end('hello'))
    await captureTrace(() => visit(listener))
    const [span] = tracer.finishedSpans()
    assert.deepEqual([span?.tags['component'], span?.operationName], ['http', 'GET'])
  })

  test('CROSS-9: what answers a client runs in the span of the caller, not in that of the client', async () => {
    const tracer = new MockTracer()
    init({ tracer, logLevel: 'silent' })
    const server = createServer((_request, response) => response.end('hello'))
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    await tracer.startActiveSpan('caller', async (caller) => {
      await new Promise<void>((done, fail) => {
        get({ host: '127.0.0.1', port }, (response) => {
          assert.equal(activeSpan(), caller)
          response.resume().on('end', done)
        }).on('error', fail)
      })
      assert.equal(activeSpan(), caller)
    })
    server.close()
    assert.ok(tracer.finishedSpans().some(({ tags }) => tags['span.kind'] === 'client'))
  })

  for (const former of ['ot.trace_all', 'opentracing_trace_all', 'trace_all_requests', 'start_span_cb']) {
    test(`CROSS-13: ${former} is refused, and the error has its present name`, () => {
      assert.throws(() => init({ [former]: true } as never), {
        code: 'SPOOR_UNKNOWN_OPTION',
        message: /traceAll|startSpanCallback/,
      })
    })
  }
})
