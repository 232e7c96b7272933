import * as runner from 'node:test'
import { FLAG_DEBUG, FLAG_DEFERRED, FLAG_RANDOM, FLAG_SAMPLED, TraceContext } from 'spoor/api'
import * as formats from 'spoor/propagation'
import { composite } from 'spoor/propagation'
import { describePropagator } from 'spoor/testing'

/*
 * Every format passes the contract kit, with the examples of its specification as samples.
 */

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

const traceContextSamples = [
  {
    shows: 'a sampled span',
    carrier: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' },
    context: {
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: FLAG_SAMPLED,
      traceState: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    },
  },
  {
    shows: 'a span that is not sampled',
    carrier: { traceparent: `00-${TRACE}-${SPAN}-00` },
    context: { traceId: TRACE, spanId: SPAN, traceFlags: 0, traceState: '' },
  },
  {
    shows: 'the random flag',
    carrier: { traceparent: `00-${TRACE}-${SPAN}-03` },
    context: { traceFlags: FLAG_SAMPLED | FLAG_RANDOM },
  },
  {
    shows: 'no other flag than the two that are defined',
    carrier: { traceparent: `00-${TRACE}-${SPAN}-fe` },
    context: { traceFlags: FLAG_RANDOM },
  },
  {
    shows: 'of a later version, the sampled flag alone',
    carrier: { traceparent: `01-${TRACE}-${SPAN}-ff-later` },
    context: { traceId: TRACE, spanId: SPAN, traceFlags: FLAG_SAMPLED },
  },
  {
    shows: 'nothing in upper case',
    carrier: { traceparent: `00-${TRACE.toUpperCase()}-${SPAN}-01` },
    context: null,
  },
]

describePropagator(runner, {
  name: 'tracecontext',
  make: () => formats.traceContext,
  samples: traceContextSamples,
})

describePropagator(runner, {
  name: 'tracecontext, Level 1',
  make: () => formats.traceContextLevel1,
  samples: traceContextSamples,
})

describePropagator(runner, {
  name: 'baggage',
  make: () => formats.baggage,
  carries: { ids: false, baggage: true },
  samples: [
    {
      shows: 'the example of the specification',
      carrier: {
        baggage: 'key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue',
      },
      context: { traceId: '', spanId: '', baggage: { key1: 'value1', key2: 'value2', key3: 'value3' } },
    },
    {
      shows: 'percent-encoded UTF-8',
      carrier: { baggage: 'userId=Am%C3%A9lie,serverNode=DF%2028,isProduction=false' },
      context: { baggage: { userId: 'Amélie', serverNode: 'DF 28', isProduction: 'false' } },
    },
    {
      shows: 'equals signs in a value, and an empty value',
      carrier: { baggage: 'a=SomeValue=equals,b=' },
      context: { baggage: { a: 'SomeValue=equals', b: '' } },
    },
  ],
})

const b3Trace = '80f198ee56343ba864fe8b2a57d3eff7'
const b3Span = 'e457b5a2e4d86bd1'
const b3Samples = [
  {
    shows: 'the single header of the specification',
    carrier: { b3: `${b3Trace}-${b3Span}-1-05e3ac9a4f6e3b90` },
    context: { traceId: b3Trace, spanId: b3Span, traceFlags: FLAG_SAMPLED },
  },
  {
    shows: 'a single header without parent, not sampled',
    carrier: { b3: `${b3Trace}-${b3Span}-0` },
    context: { traceId: b3Trace, traceFlags: 0 },
  },
  {
    shows: 'debug',
    carrier: { b3: `${b3Trace}-${b3Span}-d` },
    context: { traceFlags: FLAG_SAMPLED | FLAG_DEBUG },
  },
  {
    shows: 'no state, which defers the decision',
    carrier: { b3: `${b3Trace}-${b3Span}` },
    context: { traceId: b3Trace, traceFlags: FLAG_DEFERRED },
  },
  {
    shows: 'a trace id of 64 bits',
    carrier: { b3: `a3ce929d0e0e4736-${SPAN}-1` },
    context: { traceId: '0000000000000000a3ce929d0e0e4736', spanId: SPAN },
  },
  {
    shows: 'deny',
    carrier: { b3: '0' },
    context: { traceId: '', spanId: '', traceFlags: 0 },
  },
  {
    shows: 'several headers',
    carrier: {
      'x-b3-traceid': b3Trace,
      'x-b3-parentspanid': '05e3ac9a4f6e3b90',
      'x-b3-spanid': b3Span,
      'x-b3-sampled': '1',
    },
    context: { traceId: b3Trace, spanId: b3Span, traceFlags: FLAG_SAMPLED },
  },
  {
    shows: 'several headers with the debug flag',
    carrier: { 'x-b3-traceid': b3Trace, 'x-b3-spanid': b3Span, 'x-b3-flags': '1' },
    context: { traceFlags: FLAG_SAMPLED | FLAG_DEBUG },
  },
  {
    shows: 'several headers without a state',
    carrier: { 'x-b3-traceid': 'a3ce929d0e0e4736', 'x-b3-spanid': b3Span },
    context: { traceId: '0000000000000000a3ce929d0e0e4736', traceFlags: FLAG_DEFERRED },
  },
  {
    shows: 'the early spelling of the state',
    carrier: { 'x-b3-sampled': 'false' },
    context: { traceId: '', traceFlags: 0 },
  },
  {
    shows: 'the single header before the several',
    carrier: { b3: `${b3Trace}-${b3Span}-1`, 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN },
    context: { traceId: b3Trace, spanId: b3Span },
  },
  { shows: 'nothing in a trace id of odd length', carrier: { b3: `${b3Trace}0-${b3Span}-1` }, context: null },
  {
    shows: 'nothing where the span id is missing',
    carrier: { 'x-b3-traceid': b3Trace, 'x-b3-sampled': '1' },
    context: null,
  },
]

describePropagator(runner, { name: 'b3', make: () => formats.b3, samples: b3Samples })
describePropagator(runner, { name: 'b3multi', make: () => formats.b3Multi, samples: b3Samples })

describePropagator(runner, {
  name: 'jaeger',
  make: () => formats.jaeger,
  carries: { baggage: true },
  samples: [
    {
      shows: 'ids without leading zeros',
      carrier: { 'uber-trace-id': '48485a3953bb6124:5391e59f7cdc3b:0:1' },
      context: {
        traceId: '000000000000000048485a3953bb6124',
        spanId: '005391e59f7cdc3b',
        traceFlags: FLAG_SAMPLED,
      },
    },
    {
      shows: 'a URL-encoded value',
      carrier: { 'uber-trace-id': `${TRACE}%3A${SPAN}%3A0%3A3` },
      context: { traceId: TRACE, spanId: SPAN, traceFlags: FLAG_SAMPLED | FLAG_DEBUG },
    },
    {
      shows: 'baggage, of which it decodes the values',
      carrier: {
        'uber-trace-id': `${TRACE}:${SPAN}:0:00`,
        'uberctx-user': 'Zo%C3%AB',
        'uberctx-plan': 'a b',
        'jaeger-baggage': 'k1=v1, k2 = v2',
      },
      context: { traceFlags: 0, baggage: { user: 'Zoë', plan: 'a b', k1: 'v1', k2: 'v2' } },
    },
    {
      shows: 'a debug id',
      carrier: { 'jaeger-debug-id': 'find-me' },
      context: { traceId: '', traceFlags: FLAG_SAMPLED | FLAG_DEBUG },
    },
    {
      shows: 'nothing in a trace id of zero',
      carrier: { 'uber-trace-id': '0:5391e59f7cdc3b:0:1' },
      context: null,
    },
    {
      shows: 'nothing in three fields',
      carrier: { 'uber-trace-id': `${TRACE}:${SPAN}:1` },
      context: null,
    },
  ],
})

describePropagator(runner, {
  name: 'datadog',
  make: () => formats.datadog,
  samples: [
    {
      shows: 'decimal ids of 64 bits',
      carrier: {
        'x-datadog-trace-id': '7113815193012475748',
        'x-datadog-parent-id': '18446744073709551615',
        'x-datadog-sampling-priority': '1',
      },
      context: {
        traceId: '000000000000000062b9593a39491764',
        spanId: 'ffffffffffffffff',
        traceFlags: FLAG_SAMPLED,
        traceState: 'dd=s:1',
      },
    },
    {
      shows: 'the upper half of the trace id, origin and tags',
      carrier: {
        'x-datadog-trace-id': '1311768467284833366',
        'x-datadog-parent-id': '1',
        'x-datadog-sampling-priority': '2',
        'x-datadog-origin': 'synthetics',
        'x-datadog-tags': '_dd.p.dm=-4,_dd.p.tid=640cfd8d00000000,other=1,_dd.p.usr=ab=',
      },
      context: {
        traceId: '640cfd8d000000001234567890123456',
        spanId: '0000000000000001',
        traceFlags: FLAG_SAMPLED | FLAG_DEBUG,
        traceState: 'dd=s:2;o:synthetics;t.dm:-4;t.usr:ab~',
      },
    },
    {
      shows: 'a rejected trace',
      carrier: {
        'x-datadog-trace-id': '1',
        'x-datadog-parent-id': '2',
        'x-datadog-sampling-priority': '-1',
      },
      context: { traceFlags: 0, traceState: 'dd=s:-1' },
    },
    {
      shows: 'no priority, which defers the decision',
      carrier: { 'x-datadog-trace-id': '1', 'x-datadog-parent-id': '2' },
      context: { traceFlags: FLAG_DEFERRED, traceState: '' },
    },
    {
      shows: 'nothing in an id of more than 64 bits',
      carrier: { 'x-datadog-trace-id': '18446744073709551616', 'x-datadog-parent-id': '1' },
      context: null,
    },
    {
      shows: 'nothing in a parent of zero',
      carrier: { 'x-datadog-trace-id': '1', 'x-datadog-parent-id': '0' },
      context: null,
    },
  ],
})

describePropagator(runner, {
  name: 'xray',
  make: () => formats.xray,
  samples: [
    {
      shows: 'the example of the documentation',
      carrier: {
        'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
      },
      context: {
        traceId: '5759e988bd862e3fe1be46a994272793',
        spanId: '53995c3f42cd8ad8',
        traceFlags: FLAG_SAMPLED,
      },
    },
    {
      shows: 'the fields in another order, with spaces, among others',
      carrier: {
        'x-amzn-trace-id':
          'Self=1-67891234-12456789abcdef012345678; Sampled=0 ;Parent=53995c3f42cd8ad8;' +
          'Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a87bd80c:1|68fd508a:5|c512fbe3:2',
      },
      context: { traceId: '5759e988bd862e3fe1be46a994272793', traceFlags: 0 },
    },
    {
      shows: 'a question mark, which defers the decision',
      carrier: {
        'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=?',
      },
      context: { traceFlags: FLAG_DEFERRED },
    },
    {
      shows: 'nothing without a parent',
      carrier: { 'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1' },
      context: null,
    },
    {
      shows: 'nothing in another version',
      carrier: { 'x-amzn-trace-id': 'Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8' },
      context: null,
    },
  ],
})

const otSamples = [
  {
    shows: 'ids of 64 bits',
    carrier: {
      'ot-tracer-traceid': 'a3ce929d0e0e4736',
      'ot-tracer-spanid': SPAN,
      'ot-tracer-sampled': 'true',
      'ot-baggage-User': 'Zoe',
    },
    context: {
      traceId: '0000000000000000a3ce929d0e0e4736',
      spanId: SPAN,
      traceFlags: FLAG_SAMPLED,
      baggage: { user: 'Zoe' },
    },
  },
  {
    shows: 'MT-07: the short ids of the mock tracer, whose baggage comes back in lower case',
    carrier: { 'ot-tracer-traceid': '1', 'ot-tracer-spanid': '2f', 'ot-baggage-KEY': 'Value' },
    context: {
      traceId: '00000000000000000000000000000001',
      spanId: '000000000000002f',
      traceFlags: FLAG_DEFERRED,
      baggage: { key: 'Value' },
    },
  },
  {
    shows: 'a trace that is not sampled',
    carrier: { 'ot-tracer-traceid': TRACE, 'ot-tracer-spanid': SPAN, 'ot-tracer-sampled': 'false' },
    context: { traceId: TRACE, traceFlags: 0 },
  },
  {
    shows: 'nothing without a span id',
    carrier: { 'ot-tracer-traceid': TRACE, 'ot-tracer-sampled': 'true' },
    context: null,
  },
]

describePropagator(runner, {
  name: 'ottrace',
  make: () => formats.ottrace,
  carries: { baggage: true },
  samples: otSamples,
  roundTrip: new TraceContext(
    '0000000000000000a3ce929d0e0e4736',
    SPAN,
    FLAG_SAMPLED,
    '',
    new Map([['user', ' Zoë, 100% "quoted"; \\ ']]),
  ),
})

describePropagator(runner, {
  name: 'ottrace of 128 bits',
  make: () => formats.ottrace128,
  carries: { baggage: true },
  samples: otSamples,
})

describePropagator(runner, {
  name: 'all of them at once',
  make: () =>
    composite([
      formats.traceContext,
      formats.baggage,
      formats.b3,
      formats.b3Multi,
      formats.jaeger,
      formats.datadog,
      formats.xray,
      formats.ottrace,
    ]),
  carries: { baggage: true },
  samples: [
    {
      shows: 'the first that has ids, and the baggage of all',
      carrier: {
        'uber-trace-id': `${b3Trace}:${b3Span}:0:1`,
        'uberctx-from-jaeger': '1',
        'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0',
        baggage: 'from-w3c=1',
        'ot-baggage-from-ot': '1',
      },
      context: {
        traceId: b3Trace,
        spanId: b3Span,
        traceFlags: FLAG_SAMPLED,
        baggage: { 'from-w3c': '1', 'from-jaeger': '1', 'from-ot': '1' },
      },
    },
  ],
})
