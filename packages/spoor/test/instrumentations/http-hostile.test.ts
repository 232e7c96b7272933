import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, afterEach, before, describe, it } from 'node:test'
import type { MemorySink } from 'spoor/export'
import { finished, type Listening, listen, raw, serverSpan, shutdown, trace } from './support/web.ts'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const big = (length: number): string => 'x'.repeat(length)

/** Headers as bytes on the wire, and whether the trace is continued in spite of them. */
const headers: [title: string, bytes: string, continues: boolean][] = [
  ['a traceparent that is none', 'traceparent: hello', false],
  ['an empty traceparent', 'traceparent:', false],
  ['a traceparent of zeros', `traceparent: 00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, false],
  ['a traceparent in capitals', `traceparent: ${PARENT.toUpperCase()}`, false],
  ['two traceparents', `traceparent: ${PARENT}\r\nTraceparent: ${PARENT}`, false],
  ['a traceparent of eight kilobytes', `traceparent: ${PARENT}${big(8000)}`, false],
  ['a traceparent of a later version', `traceparent: 01${PARENT.slice(2)}-more`, true],
  ['a tracestate of eight kilobytes', `traceparent: ${PARENT}\r\ntracestate: a=${big(8000)}`, true],
  ['a tracestate that is none', `traceparent: ${PARENT}\r\ntracestate: ,,;=\x80\xff`, true],
  ['two hundred tracestates', `traceparent: ${PARENT}\r\n${'tracestate: a=1\r\n'.repeat(200)}x: y`, true],
  [
    'baggage that cannot be decoded',
    `traceparent: ${PARENT}\r\nbaggage: a=%E0%A4%A, =, %=%, \xc3\x28=1`,
    true,
  ],
  ['baggage of eight kilobytes', `traceparent: ${PARENT}\r\nbaggage: ${'key=value,'.repeat(800)}`, true],
  ['baggage for the prototype', `traceparent: ${PARENT}\r\nbaggage: __proto__=1, constructor=2`, true],
  ['names of the prototype', `traceparent: ${PARENT}\r\n__proto__: x\r\nconstructor: y`, true],
  ['bytes that are not ASCII', 'x-name: \xe9\xa4\xff\r\nuser-agent: \xf0\x9f\x92\xa9', false],
  ['a thousand headers', Array.from({ length: 1000 }, (_, i) => `h${i}: ${i}`).join('\r\n'), false],
  ['a host that is none', 'x-forwarded-host: [::\r\nx-forwarded-port: nine', false],
]

describe('hostile requests', () => {
  let sink: MemorySink
  let site: Listening

  before(async () => {
    sink = trace()
    const server = createServer({ maxHeaderSize: 32_768 }, (_, response) => {
      response.setHeader('date', 'now')
      response.end('the answer')
    })
    server.maxHeadersCount = 0
    site = await listen(server)
  })
  afterEach(() => sink.reset())
  after(async () => {
    await site.close()
    await shutdown()
  })

  const answerTo = (target: string, head: string, method = 'GET'): Promise<string> =>
    raw(
      site.port,
      Buffer.from(
        `${method} ${target} HTTP/1.1\r\nHost: x\r\n${head}\r\nConnection: close\r\n\r\n`,
        'latin1',
      ),
    )

  const usual = 'HTTP/1.1 200 OK\r\ndate: now\r\nConnection: close\r\nContent-Length: 10\r\n\r\nthe answer'

  for (const [title, head, continues] of headers) {
    it(`get the same answer, and one span, with ${title}`, async () => {
      assert.equal(await answerTo('/', head), usual)
      const span = await serverSpan(sink)
      assert.equal(span.traceId === '0af7651916cd43dd8448eb211c80319c', continues)
      assert.equal(span.parentSpanId, continues ? 'b7ad6b7169203331' : '')
      assert.equal(span.attributes['http.response.status_code'], 200)
    })
  }

  const hosts = [
    '',
    ':',
    ':80',
    'a:b',
    '[::1]',
    '[::1]:80',
    'x:99999999999999999999',
    `${big(4000)}:1`,
    '%00',
  ]
  for (const host of hosts) {
    it(`get the same answer with the host ${JSON.stringify(host.slice(0, 30))}`, async () => {
      const answer = await raw(site.port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      assert.equal(answer, usual)
      const { attributes } = await serverSpan(sink)
      assert.ok(attributes['server.port'] === undefined || Number.isFinite(attributes['server.port']))
    })
  }

  const targets = [
    '/%',
    '/%E0%A4%A?%E0%A4%A=1&%zz',
    `/${big(8000)}`,
    '/?',
    '/??&&==&',
    '//evil.test/x',
    '*',
    'x://',
    '/\xff',
  ]
  for (const target of targets) {
    it(`get the same answer for the target ${JSON.stringify(target.slice(0, 30))}`, async () => {
      const answer = await answerTo(target, 'x: y')
      // What Node's parser refuses never comes to a span.
      if (answer.startsWith('HTTP/1.1 400')) await finished(sink, 0)
      else {
        assert.equal(answer, usual)
        await serverSpan(sink)
      }
    })
  }

  it('that Node refuses are refused as ever, and leave no span behind', async () => {
    assert.match(await raw(site.port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400/)
    assert.match(
      await raw(site.port, `GET / HTTP/1.1\r\nHost: x\r\nx: ${big(40_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431/,
    )
    await finished(sink, 0)
  })

  it('of HTTP/1.0, without a host, are traced as well', async () => {
    assert.match(await raw(site.port, 'GET /old HTTP/1.0\r\n\r\n'), /the answer$/)
    const span = await serverSpan(sink)
    assert.equal(span.attributes['network.protocol.version'], '1.0')
    assert.equal(span.attributes['server.address'], undefined)
  })
})
