import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MockTracer } from 'spoor/testing'
import { type Framework, Tracing, type TracingOptions } from '../../dist/esm/frameworks/tracing.js'

const fetched: Framework<object> = {
  name: 'fetch',
  exchange: ([request]) => (request instanceof Request ? { fetch: request } : null),
  attach: () => () => {},
}

interface Bed {
  readonly tracer: MockTracer
  readonly tracing: Tracing
  serve<Result>(handler: (request: Request) => Result, request?: Request): Result
}

function bed(options: TracingOptions = {}): Bed {
  const tracer = new MockTracer()
  const tracing = new Tracing(fetched, { tracer, ...options })
  return {
    tracer,
    tracing,
    serve: (handler, request = new Request('http://host.test:8080/path?q=1&token=x')) =>
      tracing.serveFetch({ fetch: request }, () => handler(request)),
  }
}

function only(tracer: MockTracer): ReturnType<MockTracer['finishedSpans']>[number] {
  const spans = tracer.finishedSpans()
  assert.equal(spans.length, 1)
  assert.equal(tracer.unfinishedSpans().length, 0)
  return spans[0] as (typeof spans)[number]
}

/** A body in chunks, pulled one by one. */
function chunks(...texts: (string | Error)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const next = texts.shift()
      if (next === undefined) controller.close()
      else if (next instanceof Error) controller.error(next)
      else controller.enqueue(new TextEncoder().encode(next))
    },
  })
}

describe('server spans of Fetch requests', () => {
  it('are finished when the body has been read, and tell of the request', async () => {
    const { tracer, serve } = bed({ dialect: 'both' })
    const response = serve(() => new Response('hello', { status: 201 }))
    assert.equal(tracer.finishedSpans().length, 0)
    assert.equal(await response.text(), 'hello')
    const { operationName, tags } = only(tracer)
    assert.equal(operationName, 'GET')
    assert.deepEqual(tags, {
      'span.kind': 'server',
      component: 'fetch',
      'http.request.method': 'GET',
      'http.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/path',
      'url.query': 'q=1&token=REDACTED',
      'server.address': 'host.test',
      'server.port': 8080,
      'http.url': 'http://host.test:8080/path',
      'http.response.status_code': 201,
      'http.status_code': 201,
    })
  })

  it('continue the trace of the caller', async () => {
    const { tracer, serve } = bed()
    const caller = tracer.startSpan('caller')
    const headers: { [name: string]: string } = {}
    tracer.inject(caller, 'http_headers', headers)
    await serve(() => new Response('x'), new Request('http://h/', { headers })).text()
    assert.equal(tracer.finishedSpans()[0]?.parentId, caller.context().spanId)
  })

  it('are active in the handler, after its awaits, and where the body is made', async () => {
    const { tracer, serve } = bed()
    const seen: unknown[] = []
    const response = await serve(async () => {
      seen.push(tracer.activeSpan)
      await null
      seen.push(tracer.activeSpan)
      return new Response(
        new ReadableStream(
          {
            pull(controller) {
              seen.push(tracer.activeSpan)
              controller.close()
            },
          },
          { highWaterMark: 0 },
        ),
      )
    })
    assert.equal(tracer.activeSpan, null)
    await response.text()
    const span = only(tracer)
    assert.deepEqual(seen, [span, span, span])
  })

  it('change nothing of a response', async () => {
    const { serve } = bed()
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-own', 'yes'],
    ])
    const response = serve(
      () => new Response('body', { status: 418, statusText: 'Short and stout', headers }),
    )
    assert.equal(response.status, 418)
    assert.equal(response.statusText, 'Short and stout')
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
    assert.equal(response.headers.get('x-own'), 'yes')
    assert.equal(response.headers.get('content-type'), 'text/plain;charset=UTF-8')
    assert.equal(response instanceof Response, true)
    assert.equal(await response.text(), 'body')
  })

  it('keep what a response of a proxy knows of its origin', async () => {
    const { serve } = bed()
    const answer = new Response('far away')
    Object.defineProperties(answer, { url: { value: 'http://origin/' }, redirected: { value: true } })
    const response = serve(() => answer)
    assert.deepEqual([response.url, response.redirected, response.type], ['http://origin/', true, 'default'])
    assert.equal(await response.text(), 'far away')
  })

  it('give what a handler returns synchronously, synchronously, and all else as it is', () => {
    const { tracer, serve } = bed()
    const other = { not: 'a response' }
    assert.equal(
      serve(() => other),
      other,
    )
    assert.equal(only(tracer).tags['http.status_code'], undefined)
  })

  for (const status of [204, 205, 304]) {
    it(`are finished at once for a status without a body: ${status}`, () => {
      const { tracer, serve } = bed()
      const answer = new Response(null, { status })
      assert.equal(
        serve(() => answer),
        answer,
      )
      assert.equal(only(tracer).tags['http.status_code'], status)
    })
  }

  it('are finished at once for HEAD, whose body nobody reads', () => {
    const { tracer, serve } = bed()
    const answer = new Response('unread')
    assert.equal(
      serve(() => answer, new Request('http://h/', { method: 'HEAD' })),
      answer,
    )
    assert.equal(only(tracer).operationName, 'HEAD')
  })

  it('leave a body alone that somebody else reads already', async () => {
    const { tracer, serve } = bed()
    const answer = new Response(chunks('mine'))
    const reader = answer.body?.getReader()
    assert.equal(
      serve(() => answer),
      answer,
    )
    assert.equal(only(tracer).tags['http.status_code'], 200)
    assert.equal(new TextDecoder().decode((await reader?.read())?.value), 'mine')
  })

  it('leave alone what looks like a response and is none', async () => {
    const { tracer, tracing, serve } = bed()
    const odd = { status: 99, headers: {}, body: chunks('odd') } as unknown as Response
    assert.equal(
      serve(() => odd),
      odd,
    )
    assert.equal(odd.body?.locked, false)
    assert.equal(only(tracer).tags['http.status_code'], 99)
    tracer.reset()
    // Hono 4.0 to 4.6 keeps its context for the response of a handler that gives none.
    const kept = { get: () => ({ status() {}, body() {}, headers: {} }) as never, set: () => assert.fail() }
    tracing.serveFetch({ fetch: new Request('http://h/'), kept }, () => {})
    only(tracer)
  })

  it('pull no chunk before it is asked for', async () => {
    const { tracer, serve } = bed()
    let pulls = 0
    const response = serve(
      () =>
        new Response(
          new ReadableStream(
            {
              pull(controller) {
                pulls += 1
                if (pulls > 2) controller.close()
                else controller.enqueue(new Uint8Array([pulls]))
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    )
    await new Promise(setImmediate)
    assert.equal(pulls, 0)
    const reader = response.body?.getReader()
    await reader?.read()
    assert.equal(pulls, 1)
    assert.equal(tracer.finishedSpans().length, 0)
    await reader?.read()
    assert.equal((await reader?.read())?.done, true)
    only(tracer)
  })

  it('tell of a reader who gave up, and pass that on', async () => {
    const { tracer, serve } = bed()
    let reason: unknown
    const response = serve(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(1)),
            cancel(given) {
              reason = given
            },
          }),
        ),
    )
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel('enough')
    assert.equal(reason, 'enough')
    const { tags, logs } = only(tracer)
    assert.equal(tags['http.status_code'], 200)
    assert.equal(tags['error'], undefined)
    assert.equal(logs[0]?.fields['event'], 'aborted')
  })

  it('tell of a body that fails, and pass its error on', async () => {
    const { tracer, serve } = bed()
    const error = new TypeError('torn')
    const response = serve(() => new Response(chunks('half', error)))
    await assert.rejects(response.text(), error)
    const { tags, logs } = only(tracer)
    assert.equal(tags['error'], true)
    assert.equal(logs[0]?.fields['error.object'], error)
  })

  it('tell of a client who was gone before there was a response', async () => {
    const { tracer, serve } = bed()
    const control = new AbortController()
    let resolve: (response: Response) => void = () => {}
    const promise = new Promise<Response>((settled) => {
      resolve = settled
    })
    const answer = serve(() => promise, new Request('http://h/', { signal: control.signal }))
    control.abort()
    assert.equal(only(tracer).logs[0]?.fields['event'], 'aborted')
    const late = new Response('late')
    resolve(late)
    assert.equal(await answer, late)
    only(tracer)
  })

  for (const [title, handler] of [
    [
      'thrown',
      (error: Error) => (): never => {
        throw error
      },
    ],
    ['rejected', (error: Error) => () => Promise.reject(error)],
  ] as const) {
    it(`tell of an error that is ${title}, and pass it on`, async () => {
      const { tracer, serve } = bed()
      const error = new RangeError('broken on purpose')
      await assert.rejects(async () => serve(handler(error)), error)
      const { tags, logs } = only(tracer)
      assert.equal(tags['error'], true)
      assert.deepEqual(
        logs.map(({ fields }) => fields['error.object']),
        [error],
      )
    })
  }

  it('are one per request, however often it is served, frozen or not', async () => {
    for (const request of [new Request('http://h/a'), Object.freeze(new Request('http://h/b'))]) {
      const { tracer, tracing, serve } = bed()
      const marked = tracing.trace(
        ['method', 'headers.x-own'],
        async (_request: Request) => new Response('x'),
      )
      const response = await serve(() => {
        assert.equal(tracing.getSpan(request), tracer.activeSpan)
        return marked(request)
      }, request)
      await response.text()
      assert.equal(only(tracer).tags['method'], 'GET')
      assert.equal(tracing.getSpan(request), null)
    }
  })

  it('are there for marked handlers, which keep what is theirs', async () => {
    const { tracer, tracing } = bed()
    const handler = Object.assign(async (_request: Request) => new Response('x'), { own: 1 })
    const marked = tracing.trace('headers.x-own', handler)
    assert.deepEqual([marked.name, marked.length, marked.own], [handler.name, 1, 1])
    const response = await marked(new Request('http://h/', { headers: { 'X-Own': 'mine' } }))
    await response.text()
    assert.equal(only(tracer).tags['headers.x-own'], 'mine')
  })

  it('are not there for what is ignored, nor is anything below', async () => {
    const { tracer, serve } = bed({ ignore: ['/health'] })
    const response = serve(() => {
      tracer.startSpan('below').finish()
      return new Response('fine')
    }, new Request('http://h/health?x'))
    assert.equal(await response.text(), 'fine')
    assert.equal(tracer.finishedSpans().length, 0)
  })

  it('call back with the request and the response, and are no worse for callbacks that throw', async () => {
    const seen: unknown[] = []
    const { tracer, serve } = bed({
      startSpanCallback: (_span, request) => seen.push(request.url),
      finishSpanCallback: (span, request, response) => {
        seen.push(request.url, response.status)
        span.setTag('seen', true)
        throw new Error('of the user')
      },
    })
    await serve(() => new Response('x', { status: 202 }), new Request('http://h/cb')).text()
    assert.deepEqual(seen, ['http://h/cb', 'http://h/cb', 202])
    assert.equal(only(tracer).tags['seen'], true)
  })

  it('are named by the route, and put a watched response where the framework keeps it', async () => {
    const { tracer, tracing } = bed()
    const request = new Request('http://h/users/7')
    const known = { request }
    let response: Response | undefined
    tracing.serveFetch(
      {
        fetch: request,
        request: known,
        route: () => (response === undefined ? undefined : '/users/:id'),
        kept: {
          get: () => response,
          set: (watched) => {
            response = watched
          },
        },
      },
      () => {
        response = new Response('kept')
      },
    )
    assert.equal(await response?.text(), 'kept')
    const { operationName, tags } = only(tracer)
    assert.equal(operationName, 'GET /users/:id')
    assert.equal(tags['http.route'], '/users/:id')
  })

  it('are children of a span in whose flow the request is made', async () => {
    const { tracer, serve } = bed()
    const caller = tracer.startSpan('caller')
    await tracer.scopeManager.with(caller, () => serve(() => new Response('x')).text())
    assert.equal(tracer.finishedSpans()[0]?.parentId, caller.context().spanId)
  })
})
