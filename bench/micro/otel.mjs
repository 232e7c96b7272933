// OpenTelemetry: the SDK with a processor that collects 512 spans and serialises them, as the batch processor and the
// OTLP exporter do; what leaves is thrown away instead of sent.
import { createRequire } from 'node:module'
import { add, incoming, names, path } from './cases.mjs'
import { clock, report } from './clock.mjs'

const require = createRequire(new URL('../contestants/package.json', import.meta.url))
const {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ProxyTracerProvider,
  ROOT_CONTEXT,

  trace,
} = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const { W3CTraceContextPropagator } = require('@opentelemetry/core')
const { ProtobufTraceSerializer } = require('@opentelemetry/otlp-transformer')
const { resourceFromAttributes } = require('@opentelemetry/resources')
const { AlwaysOffSampler, TracerProvider } = require('@opentelemetry/sdk-trace')

const batch = []
let bytes = 0

const processor = {
  onStart() {},
  onEnd(span) {
    batch.push(span)
    if (batch.length < 512) return
    bytes += ProtobufTraceSerializer.serializeRequest(batch).length
    batch.length = 0
  },
  forceFlush: async () => {},
  shutdown: async () => {},
}

const resource = resourceFromAttributes({ 'service.name': 'bench' })
const off = process.env.OTEL_SDK_DISABLED === 'true'
if (!off) context.setGlobalContextManager(new AsyncLocalStorageContextManager())
const tracer = new TracerProvider({ resource, spanProcessors: [processor] }).getTracer('bench')
const unsampled = new TracerProvider({
  resource,
  spanProcessors: [processor],
  sampler: new AlwaysOffSampler(),
}).getTracer('bench')
// What an application has that calls the API while no SDK is installed.
const disabled = new ProxyTracerProvider().getTracer('bench')

const propagator = new W3CTraceContextPropagator()
const active = trace.setSpan(ROOT_CONTEXT, tracer.startSpan('parent'))

const cases = {
  [names.span]: (times) => spans(tracer, times),
  [names.unsampled]: (times) => spans(unsampled, times),
  [names.active](times) {
    let total = 0
    for (let i = 0; i < times; i++) {
      tracer.startActiveSpan('work', (span) => {
        total = add(total, i)
        span.end()
      })
    }
    return total + bytes
  },
  [names.inject](times) {
    let headers
    for (let i = 0; i < times; i++) {
      headers = {}
      propagator.inject(active, headers, defaultTextMapSetter)
    }
    return headers
  },
  [names.extract](times) {
    let found
    for (let i = 0; i < times; i++) found = propagator.extract(ROOT_CONTEXT, incoming, defaultTextMapGetter)
    return found
  },
}

const disabledCases = {
  [names.disabled](times) {
    let total = 0
    for (let i = 0; i < times; i++) {
      total = disabled.startActiveSpan('work', (span) => {
        const sum = add(total, i)
        span.end()
        return sum
      })
    }
    return total
  },
}

report(await clock(off ? disabledCases : cases))

function spans(from, times) {
  for (let i = 0; i < times; i++) {
    const span = from.startSpan('GET /orders/:id')
    span.setAttribute('http.request.method', 'GET')
    span.setAttribute('http.route', '/orders/:id')
    span.setAttribute('url.path', path(i))
    span.setAttribute('http.response.status_code', 200)
    span.end()
  }
  return bytes
}
