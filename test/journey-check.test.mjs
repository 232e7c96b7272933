/** The check behind `npm start -- --once` has to notice every way in which a trace can be wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkTrace, checkTraces } from '../examples/journey/tour/check.mjs'

const expected = [
  'shop',
  'server',
  'POST /orders',
  { failed: true, exception: 'Refused' },
  ['shop', 'client', 'INSERT orders', { attributes: { 'db.system.name': 'postgresql' } }],
  ['shop', 'client', 'POST', ['mail', 'server', 'POST', { atLeast: 20 }]],
]

test('a trace that is as expected has no problems', () => {
  assert.deepEqual(problems(), [])
})

const mistakes = {
  'a lost span': [
    (spans) => spans.filter(({ name }) => name !== 'INSERT orders'),
    [`shop's server span "POST /orders" lacks shop's client span "INSERT orders"`],
  ],
  'a span under the wrong parent': [
    (spans) => spans.map((span) => (span.service === 'mail' ? { ...span, parent: spans[0] } : span)),
    [
      `shop's client span "POST" lacks mail's server span "POST"`,
      `shop's server span "POST /orders" has mail's server span "POST", which nobody expects there`,
    ],
  ],
  'a second span for one call': [
    (spans) => [...spans, { ...spans[1], spanId: 'twice' }],
    [`shop's server span "POST /orders" has shop's client span "INSERT orders", which nobody expects there`],
  ],
  'a second root': [
    (spans) => [...spans, { ...spans[2], parent: null }],
    [
      `2 roots instead of one (shop's server span "POST /orders", shop's client span "POST")`,
      `the root has shop's client span "POST", which nobody expects there`,
    ],
  ],
  'a parent that never arrived': [
    (spans) => [...spans, { ...spans[3], parent: undefined, parentSpanId: 'lost' }],
    [`the parent lost of mail's server span "POST" is missing`],
  ],
  'a service that is missing': [
    (spans) => spans.filter(({ service }) => service !== 'mail'),
    ['no span of mail', `shop's client span "POST" lacks mail's server span "POST"`],
  ],
  'an error that is not marked': [
    (spans) => [{ ...spans[0], failed: false }],
    [`shop's server span "POST /orders" is not marked as an error`],
  ],
  'an error without its exception': [
    (spans) => [{ ...spans[0], detail: { attributes: {}, events: [] } }],
    [`shop's server span "POST /orders" has no exception event`],
  ],
  'a wrong attribute': [
    (spans) => [spans[0], { ...spans[1], detail: { attributes: { 'db.system.name': 'mysql' }, events: [] } }],
    [`shop's client span "INSERT orders" has db.system.name=mysql, not postgresql`],
  ],
  'a span that is too short': [
    (spans) => [...spans.slice(0, 3), { ...spans[3], duration: 1 }],
    [`mail's server span "POST" lasted 1.0 ms, not 20`],
  ],
  'a span that starts before its parent': [
    (spans) => [...spans.slice(0, 3), { ...spans[3], start: -500 }],
    [`mail's server span "POST" starts before its parent`],
  ],
}

for (const [mistake, [make, wanted]] of Object.entries(mistakes)) {
  test(`the check notices ${mistake}`, () => {
    const found = problems(make)
    for (const problem of wanted)
      assert.ok(found.includes(problem), `${problem}\nis not among\n${found.join('\n')}`)
  })
}

test('a visit without a trace and a trace without a visit are both named', () => {
  const made = [{ visit: { title: 'buys boots', trace: expected }, from: 5000, to: 6000 }]
  const { problems } = checkTraces(made, [{ traceId: 'stray', spans: goodSpans() }])
  assert.equal(problems[0], 'A customer buys boots: no trace arrived')
  assert.match(problems[1], /^Trace stray belongs to no visit: /)
})

/** What the check says of the good spans after `make` has spoilt them; spans keep pointing at the spoilt parents. */
function problems(make = (spans) => spans) {
  const good = goodSpans()
  const spoilt = make(good)
  const replacement = new Map(
    good.map((span, index) => [span, spoilt.find(({ spanId }) => spanId === span.spanId) ?? good[index]]),
  )
  for (const span of spoilt) if (span.parent) span.parent = replacement.get(span.parent)
  return checkTrace(expected, spoilt)
}

function goodSpans() {
  const span = (spanId, service, kind, name, parent, more = {}) => ({
    spanId,
    service,
    kind,
    name,
    parent,
    start: 100,
    duration: 30,
    failed: false,
    detail: { attributes: {}, events: [] },
    ...more,
  })
  const exception = {
    'exception.type': 'Refused',
    'exception.message': 'no',
    'exception.stacktrace': 'Refused: no\n    at orders.js:1:1',
  }
  const root = span('1', 'shop', 'server', 'POST /orders', null, {
    failed: true,
    detail: { attributes: {}, events: [{ name: 'exception', attributes: exception }] },
  })
  const query = span('2', 'shop', 'client', 'INSERT orders', root, {
    detail: { attributes: { 'db.system.name': 'postgresql' }, events: [] },
  })
  const call = span('3', 'shop', 'client', 'POST', root)
  return [root, query, call, span('4', 'mail', 'server', 'POST', call)]
}
