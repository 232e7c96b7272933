import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captureTrace, MockTracer, type TestedSpan, traceTree } from 'spoor/testing'
import { spoorBed } from '../compliance/support.ts'

/** A request with a query and a call that fails, and what else a test may look at. */
function shop(tracer: MockTracer | ReturnType<typeof spoorBed>['tracer']): void {
  const request = tracer.startSpan('GET /orders/:id', {
    startTime: 1000,
    tags: { 'span.kind': 'server', 'http.response.status_code': 200 },
  })
  const child = { childOf: request, tags: { 'span.kind': 'client' } }
  const call = tracer.startSpan('GET', { ...child, startTime: 1003 })
  const query = tracer.startSpan('SELECT orders', { ...child, startTime: 1002 })
  query.setTag('db.query.text', 'SELECT * FROM orders WHERE id = ?').setTag('server.port', 5432)
  tracer.startSpan('parse', { childOf: query, startTime: 1002.5 }).finish(1002.6)
  call.setTag('error', true).log({ event: 'error', message: 'timeout' })
  call.finish(1004)
  query.finish(1004)
  request.finish(1005)
}

const expected = `GET /orders/:id  server  200
├─ SELECT orders  client
│  └─ parse
└─ GET  client  error: timeout`

const span = (fields: Partial<TestedSpan>): TestedSpan => ({
  traceId: '1',
  spanId: '1',
  parentSpanId: '',
  ...fields,
})

test('a tree is the same for the spans of a mock tracer, of a sink and of a capture', async () => {
  const mock = new MockTracer()
  shop(mock)
  assert.equal(traceTree(mock.finishedSpans()), expected)
  const { tracer, finished } = spoorBed()
  shop(tracer)
  assert.equal(traceTree(finished()), expected)
  assert.equal((await captureTrace(() => shop(new MockTracer()))).tree, expected)
})

test('tags are shown that are asked for, in that order, and ports are hidden in them', () => {
  const mock = new MockTracer()
  shop(mock)
  const [, , line] = traceTree(mock.finishedSpans(), {
    tags: ['server.port', 'db.query.text', 'nothing'],
  }).split('\n')
  assert.equal(line, '│  └─ parse')
  assert.match(
    traceTree(mock.finishedSpans(), { tags: ['server.port', 'db.query.text'] }),
    /SELECT orders {2}client {2}server\.port=<port> {2}db\.query\.text=SELECT \* FROM orders WHERE id = \?$/m,
  )
})

test('several roots stand one below the other, and siblings in the order of their start', () => {
  const tree = traceTree([
    span({ name: 'second', spanId: '2', startTime: 2 }),
    span({ name: 'first', spanId: '1', startTime: 1 }),
    span({ name: 'of another trace', traceId: '2', spanId: '3', parentSpanId: '1', startTime: 3 }),
  ])
  assert.equal(tree, 'first\nsecond\nof another trace')
})

const steady = {
  'identifiers in UUIDs': ['job 3f2504e0-4f89-11d3-9a0c-0305e82c3301', 'job <id>'],
  'identifiers in hexadecimal': ['trace 0af7651916cd43dd8448eb211c80319c', 'trace <id>'],
  'points in time': ['at 2026-11-24T11:10:13.120Z or 1700000000000', 'at <time> or <time>'],
  'durations to the last digit': ['after 504.7338123456789012 ms, 0.1234567890123 s', 'after <time>, <time>'],
  durations: ['timed out after 1003 ms', 'timed out after <time>'],
  'ports of addresses': ['connect ECONNREFUSED 127.0.0.1:45123', 'connect ECONNREFUSED 127.0.0.1:<port>'],
  'ports of hosts': ['GET localhost:3000 db.example.org:5432', 'GET localhost:<port> db.example.org:<port>'],
  'ports of IPv6': ['connect [::1]:45123', 'connect [::1]:<port>'],
  'ends of lines': ['one\n  two', 'one two'],
  nothing: [
    'GET /v2/orders/:id SELECT abcdefabcdefabcdef 404',
    'GET /v2/orders/:id SELECT abcdefabcdefabcdef 404',
  ],
}

for (const [what, [given, shown]] of Object.entries(steady)) {
  test(`${what} hidden in names and errors: what differs from run to run`, () => {
    assert.equal(traceTree([span({ name: given as string })]), shown)
    const status = { code: 'error', message: given as string }
    assert.equal(traceTree([span({ name: 'call', tags: { error: true }, status })]), `call  error: ${shown}`)
  })
}

test('a mask of one’s own comes last', () => {
  const mask = (text: string): string => text.replace(/order \d+/, 'order <n>')
  assert.equal(traceTree([span({ name: 'order 17' })], { mask }), 'order <n>')
})

test('an error without a message is an error, and a span without a finish is unfinished', () => {
  assert.equal(
    traceTree([span({ name: 'a', tags: { error: true }, finished: false })]),
    'a  error  unfinished',
  )
})

test('no spans are no text', () => {
  assert.equal(traceTree([]), '')
})
