import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { init, shutdown } from 'spoor'
import { startServerSpan, traceLambda } from 'spoor/http'
import { type MockSpan, MockTracer } from 'spoor/testing'
import { runNode } from '../compliance/processes.ts'
import { httpApi, loadBalancer, loadBalancerMulti, queue, restApi } from './support/lambda-events.ts'
import { invoke, type LambdaAnswer } from './support/lambda-runtime.ts'

let tracer: MockTracer
let flushes: number
const cleanup: (() => unknown)[] = []

beforeEach(() => {
  flushes = 0
  tracer = new MockTracer({ strictExtract: false })
  tracer.flush = async () => {
    await sleep(2)
    flushes += 1
  }
})
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

/** Calls a traced handler as AWS does. `seen` are the spans that were sent before the freeze. */
async function run(handler: any, event: unknown, options = {}): Promise<LambdaAnswer & { span: MockSpan }> {
  const answer = await invoke(traceLambda(handler, { tracer, ...options }), event, () =>
    flushes > 0 ? tracer.finishedSpans().length : 0,
  )
  const spans = tracer.finishedSpans()
  assert.equal(spans.length, 1)
  return { ...answer, span: spans[0] as MockSpan }
}

describe('OPI-A07: startServerSpan understands events of AWS Lambda', () => {
  const cases: [title: string, event: object, expected: object][] = [
    [
      'API Gateway, payload format 1.0',
      restApi,
      {
        'http.method': 'GET',
        'http.url':
          'https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod/users/7?tag=a&tag=b%20c&token=REDACTED',
        'peer.address': '198.51.100.9',
        'peer.ipv4': '198.51.100.9',
      },
    ],
    [
      'API Gateway and function URLs, payload format 2.0',
      httpApi,
      {
        'http.method': 'POST',
        'http.url':
          'https://d-a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/orders/9?page=1&page=2&token=REDACTED',
        'peer.address': '2001:db8::17',
        'peer.ipv6': '2001:db8::17',
      },
    ],
    [
      'a load balancer, which adds the address that it sees at the end',
      loadBalancer,
      {
        'http.method': 'GET',
        'http.url': 'http://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda?query=1234%20ABCD',
        'peer.address': '72.12.164.125',
        'peer.ipv4': '72.12.164.125',
      },
    ],
    [
      'a load balancer with multi-value headers',
      loadBalancerMulti,
      {
        'http.method': 'GET',
        'http.url':
          'http://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda?query=1234%20ABCD&query=2',
        'peer.address': '72.12.164.125',
        'peer.ipv4': '72.12.164.125',
      },
    ],
  ]
  for (const [title, event, expected] of cases) {
    it(title, () => {
      const { tags } = startServerSpan(event, { tracer }) as MockSpan
      assert.deepEqual(tags, { 'span.kind': 'server', component: 'http', ...expected })
    })
  }
})

describe('traceLambda', () => {
  it('gives a request a server span: route, status, the facts of the function, and all of it sent before the freeze', async () => {
    const { span, result, seen } = await run(async () => {
      await sleep(1)
      assert.notEqual(tracer.activeSpan, null)
      return { statusCode: 404, body: 'no' }
    }, restApi)
    assert.deepEqual(result, { statusCode: 404, body: 'no' })
    assert.equal(seen, 1)
    assert.equal(span.operationName, 'GET /users/{id}')
    assert.equal(span.tags['http.status_code'], 404)
    assert.equal(span.tags['component'], 'aws-lambda')
    assert.equal(span.tags['error'], undefined)
    assert.equal(span.tags['faas.trigger'], 'http')
    assert.equal(span.tags['faas.name'], 'orders')
    assert.equal(span.tags['cloud.account.id'], '123456789012')
    assert.match(String(span.tags['faas.invocation_id']), /^0{8}-/)
  })

  it('names a request by its method where the gateway has no route', async () => {
    const event = { ...httpApi, routeKey: '$default' }
    const { span } = await run(async () => 'plain text is the body of a 200', event)
    assert.equal(span.operationName, 'POST')
    assert.equal(span.tags['http.status_code'], 200)
  })

  it('continues the trace of the caller', async () => {
    const headers = { ...httpApi.headers, 'ot-tracer-traceid': 'a', 'ot-tracer-spanid': 'b' }
    const { span } = await run(async () => ({ statusCode: 200 }), { ...httpApi, headers })
    assert.equal(span.parentSpanId, 'b')
  })

  it('gives any other event a span with the name of the function', async () => {
    const { span, seen } = await run(async () => ({ batchItemFailures: [] }), queue)
    assert.equal(span.operationName, 'orders')
    assert.equal(span.tags['faas.trigger'], 'pubsub')
    assert.equal(span.tags['span.kind'], 'server')
    assert.equal(seen, 1)
    tracer.reset()
    const schedule = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }
    assert.equal((await run(async () => {}, schedule)).span.tags['faas.trigger'], 'timer')
    tracer.reset()
    const authorizer = { type: 'REQUEST', methodArn: 'arn:aws:execute-api:…', ...restApi }
    assert.equal((await run(async () => ({ isAuthorized: true }), authorizer)).span.operationName, 'orders')
    tracer.reset()
    assert.equal((await run(async () => {}, 'any JSON')).span.tags['faas.trigger'], 'other')
  })

  it('tells and passes on what a handler rejects with or throws, and what it gives to its callback', async () => {
    const thrown = new TypeError('broken')
    const handlers = [
      async () => {
        throw thrown
      },
      () => {
        throw thrown
      },
      (_: unknown, __: unknown, callback: (error: unknown) => void) => {
        setTimeout(() => callback(thrown), 1)
      },
    ]
    for (const event of [restApi, queue]) {
      for (const handler of handlers) {
        tracer.reset()
        flushes = 0
        const { span, error, seen } = await run(handler, event)
        assert.equal(error, thrown)
        assert.equal(seen, 1)
        assert.equal(span.tags['error'], true)
        assert.deepEqual(
          span.logs.map(({ fields }) => fields['error.object']),
          [thrown],
        )
      }
    }
  })

  it('waits for the callback of a handler that takes one, whatever it returns', async () => {
    const { span, result, seen } = await run(
      (_: unknown, __: unknown, callback: (error: unknown, result: unknown) => void) => {
        setTimeout(() => callback(null, { statusCode: 201 }), 2)
        return 'not the answer'
      },
      restApi,
    )
    assert.deepEqual(result, { statusCode: 201 })
    assert.equal(seen, 1)
    assert.equal(span.tags['http.status_code'], 201)
  })

  it('keeps name, arity, `this` and properties of the handler, and leaves one that streams alone', () => {
    const handler = Object.assign(
      function orders(this: unknown, _event: unknown, _context: unknown) {
        return Promise.resolve(this)
      },
      { extra: 1 },
    )
    const traced = traceLambda(handler, { tracer })
    assert.equal(traced.name, 'orders')
    assert.equal(traced.length, 2)
    assert.equal(traced.extra, 1)
    const streaming = Object.assign(async () => {}, {
      [Symbol.for('aws.lambda.runtime.handler.streaming')]: 'response',
    })
    assert.equal(traceLambda(streaming, { tracer }), streaming)
  })

  it('does not wait longer for the tracer than it may, and survives one that fails', async () => {
    for (const flush of [() => new Promise<void>(() => {}), () => Promise.reject(new Error('down'))]) {
      tracer.reset()
      tracer.flush = flush
      assert.deepEqual((await run(async () => 1, queue, { flushTimeout: 5 })).result, 1)
    }
    tracer.reset()
    tracer.flush = () => new Promise(() => {})
    const traced = traceLambda(async () => 2, { tracer, flushTimeout: 60_000 })
    assert.equal((await invoke(traced, queue, () => 0, { remaining: 110 })).result, 2)
  })

  it('says of the first invocation of a process alone that it is a cold start', async () => {
    const program = `
      import { traceLambda } from 'spoor/http'
      import { MockTracer } from 'spoor/testing'
      const tracer = new MockTracer()
      const handler = traceLambda(async () => {}, { tracer })
      for (let i = 0; i < 3; i += 1) await handler({}, { functionName: 'f' })
      console.log(tracer.finishedSpans().map(({ tags }) => tags['faas.coldstart']).join())`
    const { stdout, stderr } = await runNode(['--input-type=module', '--eval', program], {
      cwd: import.meta.dirname,
    })
    assert.equal(stdout.trim(), 'true,false,false', stderr)
  })

  it('uses the tracer of init(), whose spans are sent when the invocation ends', async () => {
    init({ tracer, logLevel: 'silent', callerNameHeaders: ['x-caller'] })
    cleanup.push(shutdown)
    const event = { ...httpApi, headers: { ...httpApi.headers, 'x-caller': 'basket' } }
    const { seen } = await invoke(
      traceLambda(async () => ({ statusCode: 200 })),
      event,
      () => flushes,
    )
    assert.equal(seen, 1)
    assert.equal(tracer.finishedSpans()[0]?.tags['peer.service'], 'basket')
  })

  it('refuses at once what is no handler, and options that there are not', () => {
    assert.throws(() => traceLambda('index.handler' as never), { code: 'SPOOR_INVALID_OPTION' })
    assert.throws(() => traceLambda(async () => {}, { flushTimout: 1 } as never), {
      code: 'SPOOR_UNKNOWN_OPTION',
      message: /flushTimeout/,
    })
  })
})
