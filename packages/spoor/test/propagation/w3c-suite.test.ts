import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { TraceContext } from 'spoor/api'
import { carrierAccess, type Propagator, traceContext, traceContextLevel1 } from 'spoor/propagation'

/*
 * The cases of W3C's own test suite (github.com/w3c/trace-context, test/test.py, all of them with STRICT_LEVEL 2), each
 * read from the list of headers itself and once more from what Node.js makes of it on a real connection.
 *
 * The suite still judges keys of tracestate by Level 1, where `@` parts tenant and vendor. Level 2 lets it stand
 * anywhere but at the beginning (https://www.w3.org/TR/trace-context-2/#key); the cases in which that matters say what
 * each level expects.
 */

type Headers = [name: string, value: string][]

interface Case {
  readonly headers: Headers
  /** Whether the trace is continued. */
  readonly continued: boolean
  /** The tracestate that is sent on; by default none. */
  readonly state?: string
  /** Where Level 2 differs. */
  readonly level2?: { readonly state: string }
}

const TRACE = '12345678901234567890123456789012'
const SPAN = '1234567890123456'
const VALID = `00-${TRACE}-${SPAN}-01`

const parent = (value: string, continued: boolean): Case => ({ headers: [['traceparent', value]], continued })
const state = (values: string[], expected: string, level2?: string): Case => ({
  headers: [
    ['traceparent', `00-${TRACE}-${SPAN}-00`],
    ...values.map((value): [string, string] => ['tracestate', value]),
  ],
  continued: true,
  state: expected,
  ...(level2 === undefined ? {} : { level2: { state: level2 } }),
})
const range = (from: number, to: number): string => {
  let characters = ''
  for (let code = from; code <= to; code++) characters += String.fromCharCode(code)
  return characters
}
const members = (from: number, to: number): string => {
  const list: string[] = []
  for (let i = from; i <= to; i++) list.push(`bar${String(i).padStart(2, '0')}=${String(i).padStart(2, '0')}`)
  return list.join(',')
}

const keyCharacters = `${range(0x61, 0x7a)}0123456789_-*/`
const valueCharacters = range(0x20, 0x2b) + range(0x2d, 0x3c) + range(0x3e, 0x7e)

const suite: Record<string, Case[]> = {
  both_traceparent_and_tracestate_missing: [{ headers: [], continued: false }],
  traceparent_included_tracestate_missing: [parent(VALID, true)],
  traceparent_duplicated: [
    {
      headers: [
        ['traceparent', `00-12345678901234567890123456789011-${SPAN}-01`],
        ['traceparent', VALID],
      ],
      continued: false,
    },
  ],
  traceparent_header_name: [
    { headers: [['trace-parent', VALID]], continued: false },
    { headers: [['trace.parent', VALID]], continued: false },
  ],
  traceparent_header_name_valid_casing: [
    { headers: [['TraceParent', VALID]], continued: true },
    { headers: [['TrAcEpArEnT', VALID]], continued: true },
    { headers: [['TRACEPARENT', VALID]], continued: true },
  ],
  traceparent_version_0x00: [
    parent(`${VALID}.`, false),
    parent(`${VALID}-what-the-future-will-be-like`, false),
  ],
  traceparent_version_0xcc: [
    parent(`cc-${TRACE}-${SPAN}-01`, true),
    parent(`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, true),
    parent(`cc-${TRACE}-${SPAN}-01.what-the-future-will-be-like`, false),
  ],
  traceparent_version_0xff: [parent(`ff-${TRACE}-${SPAN}-01`, false)],
  traceparent_version_illegal_characters: [
    parent(`.0-${TRACE}-${SPAN}-01`, false),
    parent(`0.-${TRACE}-${SPAN}-01`, false),
  ],
  traceparent_version_too_long: [
    parent(`000-${TRACE}-${SPAN}-01`, false),
    parent(`0000-${TRACE}-${SPAN}-01`, false),
  ],
  traceparent_version_too_short: [parent(`0-${TRACE}-${SPAN}-01`, false)],
  traceparent_trace_id_all_zero: [parent(`00-${'0'.repeat(32)}-${SPAN}-01`, false)],
  traceparent_trace_id_illegal_characters: [
    parent(`00-.2345678901234567890123456789012-${SPAN}-01`, false),
    parent(`00-1234567890123456789012345678901.-${SPAN}-01`, false),
  ],
  traceparent_trace_id_too_long: [parent(`00-${TRACE}3-${SPAN}-01`, false)],
  traceparent_trace_id_too_short: [parent(`00-${TRACE.slice(1)}-${SPAN}-01`, false)],
  traceparent_parent_id_all_zero: [parent(`00-${TRACE}-${'0'.repeat(16)}-01`, false)],
  traceparent_parent_id_illegal_characters: [
    parent(`00-${TRACE}-.234567890123456-01`, false),
    parent(`00-${TRACE}-123456789012345.-01`, false),
  ],
  traceparent_parent_id_too_long: [parent(`00-${TRACE}-${SPAN}7-01`, false)],
  traceparent_parent_id_too_short: [parent(`00-${TRACE}-123456789012345-01`, false)],
  traceparent_trace_flags_illegal_characters: [
    parent(`00-${TRACE}-${SPAN}-.0`, false),
    parent(`00-${TRACE}-${SPAN}-0.`, false),
  ],
  traceparent_trace_flags_too_long: [parent(`00-${TRACE}-${SPAN}-001`, false)],
  traceparent_trace_flags_too_short: [parent(`00-${TRACE}-${SPAN}-1`, false)],
  traceparent_ows_handling: [
    parent(` ${VALID}`, true),
    parent(`\t${VALID}`, true),
    parent(`${VALID} `, true),
    parent(`${VALID}\t`, true),
    parent(`\t ${VALID} \t`, true),
  ],
  tracestate_included_traceparent_missing: [
    { headers: [['tracestate', 'foo=1']], continued: false },
    { headers: [['tracestate', 'foo=1,bar=2']], continued: false },
  ],
  tracestate_included_traceparent_included: [state(['foo=1,bar=2'], 'foo=1,bar=2')],
  tracestate_header_name: [
    {
      headers: [
        ['traceparent', VALID],
        ['trace-state', 'foo=1'],
      ],
      continued: true,
    },
    {
      headers: [
        ['traceparent', VALID],
        ['trace.state', 'foo=1'],
      ],
      continued: true,
    },
  ],
  tracestate_header_name_valid_casing: ['TraceState', 'TrAcEsTaTe', 'TRACESTATE'].map((name) => ({
    headers: [
      ['traceparent', VALID],
      [name, 'foo=1'],
    ],
    continued: true,
    state: 'foo=1',
  })),
  tracestate_empty_header: [state([''], ''), state(['foo=1', ''], 'foo=1'), state(['', 'foo=1'], 'foo=1')],
  tracestate_multiple_headers_different_keys: [
    state(['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'], 'foo=1,bar=2,rojo=1,congo=2,baz=3'),
  ],
  tracestate_duplicated_keys: [
    state(['foo=1,foo=1'], ''),
    state(['foo=1,foo=2'], ''),
    state(['foo=1', 'foo=1'], ''),
    state(['foo=1', 'foo=2'], ''),
  ],
  tracestate_all_allowed_characters: [
    state([`${keyCharacters}=${valueCharacters}`], `${keyCharacters}=${valueCharacters}`),
    state(
      [`${keyCharacters}@a-z0-9_-*/=${valueCharacters}`],
      `${keyCharacters}@a-z0-9_-*/=${valueCharacters}`,
    ),
  ],
  tracestate_ows_handling: [
    state(['foo=1 \t , \t bar=2, \t baz=3'], 'foo=1,bar=2,baz=3'),
    state(['foo=1\t \t,\t \tbar=2,\t \tbaz=3'], 'foo=1,bar=2,baz=3'),
    state([' foo=1'], 'foo=1'),
    state(['\tfoo=1'], 'foo=1'),
    state(['foo=1 '], 'foo=1'),
    state(['foo=1\t'], 'foo=1'),
    state(['\t foo=1 \t'], 'foo=1'),
  ],
  tracestate_key_illegal_characters: [state(['foo =1'], ''), state(['FOO=1'], ''), state(['foo.bar=1'], '')],
  tracestate_key_illegal_vendor_format: [
    state(['foo@=1,bar=2'], '', 'foo@=1,bar=2'),
    state(['@foo=1,bar=2'], ''),
    state(['foo@@bar=1,bar=2'], '', 'foo@@bar=1,bar=2'),
    state(['foo@bar@baz=1,bar=2'], '', 'foo@bar@baz=1,bar=2'),
  ],
  tracestate_member_count_limit: [
    state([members(1, 10), members(11, 20), members(21, 30), members(31, 32)], members(1, 32)),
    state([members(1, 10), members(11, 20), members(21, 30), members(31, 33)], ''),
  ],
  tracestate_key_length_limit: [
    state(['foo=1', `${'z'.repeat(256)}=1`], `foo=1,${'z'.repeat(256)}=1`),
    state(['foo=1', `${'z'.repeat(257)}=1`], ''),
    state(
      ['foo=1', `${'t'.repeat(241)}@${'v'.repeat(14)}=1`],
      `foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`,
    ),
    state(['foo=1', `${'t'.repeat(242)}@v=1`], '', `foo=1,${'t'.repeat(242)}@v=1`),
    state(['foo=1', `t@${'v'.repeat(15)}=1`], '', `foo=1,t@${'v'.repeat(15)}=1`),
  ],
  tracestate_value_illegal_characters: [state(['foo=bar=baz'], ''), state(['foo=,bar=3'], '')],
  multiple_requests_with_illegal_traceparent: [parent(`00-${'0'.repeat(32)}-${SPAN}-01`, false)],
}

for (const [level, propagator] of [
  [1, traceContextLevel1],
  [2, traceContext],
] as const) {
  describe(`W3C's test suite, Level ${level}`, () => {
    const expected = (one: Case): Expected => ({
      traceId: one.continued ? TRACE : '',
      spanId: one.continued ? SPAN : '',
      traceState: (level === 2 ? one.level2?.state : undefined) ?? one.state ?? '',
    })

    for (const [title, cases] of Object.entries(suite)) {
      it(`test_${title} holds for the headers as they are`, () => {
        for (const one of cases) assert.deepEqual(read(propagator, one.headers), expected(one), show(one))
      })

      it(`test_${title} holds over a connection`, async () => {
        for (const one of cases) {
          const received = await echo(one.headers)
          assert.deepEqual(read(propagator, received), expected(one), show(one))
        }
      })
    }
  })
}

interface Expected {
  traceId: string
  spanId: string
  traceState: string
}

function read(propagator: Propagator, carrier: unknown): Expected {
  const context = new TraceContext('', '', 0)
  const found = propagator.extract(context, carrier, carrierAccess)
  assert.equal(found, context.traceId !== '')
  return { traceId: context.traceId, spanId: context.spanId, traceState: context.traceState }
}

function show(one: Case): string {
  return JSON.stringify(one.headers)
}

// The server keeps what it received last; requests come one after the other.
let received: http.IncomingHttpHeaders = {}
const server = http.createServer((request, response) => {
  received = request.headers
  response.end()
})
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

before(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)))
after(() => {
  agent.destroy()
  server.close()
})

function echo(headers: Headers): Promise<http.IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo
    const names = new Map<string, string[]>()
    for (const [name, value] of headers) names.set(name, [...(names.get(name) ?? []), value])
    const request = http.request({ port, host: '127.0.0.1', agent, headers: Object.fromEntries(names) })
    request.on('error', reject)
    request.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(received))
    })
    request.end()
  })
}
