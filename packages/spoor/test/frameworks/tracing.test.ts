import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { SpoorError } from 'spoor/api'
import { ExpressTracing } from 'spoor/express'
import { MockTracer } from 'spoor/testing'
import { globalTracer, resetGlobalTracer, setGlobalTracer } from '../../dist/esm/api/global.js'
import { resetLog, setLogLevel, setLogWriter } from '../../dist/esm/log.js'
import { get, only, withApp } from './support/client.ts'
import { load } from './support/express-server.ts'

const express = load('express')
const ok = (_: unknown, response: any): void => response.send('ok')

function application(): any {
  const app = express()
  app.set('env', 'test')
  return app
}

function code(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof SpoorError && error.code === expected
}

describe('a tracing object is made', () => {
  afterEach(() => {
    resetGlobalTracer()
    resetLog()
  })

  it('PYR-A01, PYR-T01, FLK-A01, FLK-T01, TOR-A03: of nothing, of a tracer, and of a tracer, an app and attributes', async () => {
    assert.ok(new ExpressTracing())
    const tracer = new MockTracer()
    assert.equal(new ExpressTracing({ tracer }).tracer, tracer)
    const app = application()
    app.get('/', ok)
    const tracing = new ExpressTracing({ tracer, traceAll: true, app, tracedAttributes: ['method'] })
    await withApp(app, (url) => get(url))
    assert.equal((await only(tracing.tracer as MockTracer)).tags['method'], 'GET')
  })

  it('PYR-A03, PYR-T05, FLK-A06, FLK-T02, TOR-A03: without a tracer it has the global one, whichever that is when a request comes', async () => {
    const app = application()
    app.get('/', ok)
    const tracing = new ExpressTracing({ app })
    assert.equal(tracing.tracer, globalTracer())
    await withApp(app, async (url) => {
      for (const tracer of [new MockTracer(), new MockTracer()]) {
        setGlobalTracer(tracer)
        await get(url)
        assert.equal((await only(tracer)).operationName, 'GET /')
      }
    })
  })

  it('FLK-A03, FLK-T07: a function that gives the tracer is called once, when it is first needed', async () => {
    let calls = 0
    const tracer = new MockTracer()
    const app = application()
    app.get('/', ok)
    const tracing = new ExpressTracing({
      app,
      tracer: () => {
        calls += 1
        return tracer
      },
    })
    const seen: { request: object; span: unknown }[] = []
    app.get('/seen', (request: any, response: any) => {
      seen.push({ request, span: tracing.getSpan(request) })
      response.send('ok')
    })
    assert.equal(calls, 0)
    await withApp(app, (url) => get(`${url}/seen`))
    const span = await only(tracer)
    assert.equal(span.operationName, 'GET /seen')
    assert.equal(seen[0]?.span, span)
    assert.equal(tracing.getSpan(seen[0]?.request as object), null)
    assert.equal(tracing.tracer, tracer)
    assert.equal(calls, 1)
  })

  it('FLK-A03: a function may give a promise; until it is kept, requests belong to the global tracer', async () => {
    const early = new MockTracer()
    const late = new MockTracer()
    setGlobalTracer(early)
    let keep: (tracer: MockTracer) => void = () => {}
    const promise = new Promise<MockTracer>((resolve) => (keep = resolve))
    const app = application()
    app.get('/', ok)
    const tracing = new ExpressTracing({ app, tracer: () => promise })
    await withApp(app, async (url) => {
      await get(url)
      assert.equal((await only(early)).operationName, 'GET /')
      keep(late)
      await new Promise(setImmediate)
      assert.equal(tracing.tracer, late)
      await get(url)
      assert.equal((await only(late)).operationName, 'GET /')
    })
  })

  for (const [how, tracer] of [
    [
      'throws',
      () => {
        throw new Error('no tracer today')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no tracer today'))],
    ['gives no tracer', () => ({}) as any],
  ] as [string, () => any][]) {
    it(`FLK-A03: a function that ${how} is reported once, and the global tracer goes on`, async () => {
      const lines: string[] = []
      setLogLevel('warn')
      const restore = setLogWriter((line: string) => lines.push(line))
      const fallback = new MockTracer({ strictExtract: false })
      setGlobalTracer(fallback)
      const app = application()
      app.get('/', ok)
      new ExpressTracing({ app, tracer })
      try {
        await withApp(app, async (url) => {
          await get(url)
          assert.equal((await get(url)).body, 'ok')
        })
      } finally {
        restore()
      }
      assert.equal(fallback.finishedSpans().length, 2)
      assert.equal(lines.length, 1, lines.join('\n'))
    })
  }

  it('FLK-A04, FLK-T03: all requests are traced once there is an app, and none where traceAll is false', async () => {
    const tracer = new MockTracer()
    const app = application()
    const { handle } = app
    const tracing = new ExpressTracing({ tracer, app, traceAll: false })
    assert.equal(app.handle, handle)
    app.get('/', ok)
    app.get('/marked', tracing.trace(ok))
    await withApp(app, async (url) => {
      await get(url)
      await get(`${url}/marked`)
    })
    assert.equal((await only(tracer)).operationName, 'GET /marked')
  })

  function refuses(ids: string, what: string, options: object, expected: string): void {
    it(`${ids}: ${what} is refused, with a code`, () => {
      assert.throws(() => new ExpressTracing(options as any), code(expected))
    })
  }
  const invalid = 'SPOOR_INVALID_OPTION'
  const secret = 'SPOOR_SECRET_ATTRIBUTE'
  refuses('FLK-A05, FLK-T04', 'traceAll without an app', { traceAll: true }, 'SPOOR_TRACE_ALL_WITHOUT_APP')
  refuses(
    'PYR-A01, PYR-T02, FLK-A05, FLK-T05',
    'a start callback that is none',
    { startSpanCallback: 'rename' },
    invalid,
  )
  refuses('PYR-A01, FLK-A05', 'a finish callback that is none', { finishSpanCallback: {} }, invalid)
  refuses('PYR-Q08', 'an option that does not exist', { startSpanCalback: ok }, 'SPOOR_UNKNOWN_OPTION')
  refuses('PYR-A01', 'something that is no tracer', { tracer: { startSpan() {} } }, invalid)
  refuses('FLK-A01', 'something that is no app', { app: 7 }, invalid)
  refuses('PYR-B05', 'a header that is a secret', { tracedAttributes: ['headers.authorization'] }, secret)
  refuses('PYR-B05', 'a cookie', { tracedAttributes: { who: 'cookies.sid' } }, secret)
  refuses('PYR-B05', 'all headers at once', { tracedAttributes: 'method headers' }, secret)
  refuses('PYR-B05', 'a function without a name', { tracedAttributes: [() => 1] }, invalid)
  refuses('FLK-A01', 'a rule that does not exist', { ignore: { path: ['/'] } }, 'SPOOR_UNKNOWN_RULE')
  refuses('FLK-A01', 'a rule that is no list', { ignore: { paths: '/' } }, invalid)

  it('FLK-Q01: it does not pretend to be a tracer', () => {
    const tracing = new ExpressTracing({ tracer: new MockTracer() })
    for (const method of ['startSpan', 'startActiveSpan', 'inject', 'extract'])
      assert.ok(!(method in tracing))
  })

  it('PYR-Q08: an option that does not exist is answered with the nearest that does', () => {
    assert.throws(
      () => new ExpressTracing({ startSpanCalback: ok } as any),
      /Did you mean "startSpanCallback"/,
    )
  })

  it('FLK-Q10: an app can be attached later, but not twice, and not what is no app', () => {
    const app = application()
    const tracing = new ExpressTracing({ tracer: new MockTracer() })
    assert.equal(tracing.attach(app), tracing)
    assert.throws(() => tracing.attach(app), code('SPOOR_ATTACHED_TWICE'))
    for (const nothing of [null, undefined, 'app', 7]) {
      assert.throws(() => tracing.attach(nothing as any), code('SPOOR_NOT_AN_APP'))
    }
    tracing.detach(app)
    assert.equal(tracing.attach(app), tracing)
  })
})
