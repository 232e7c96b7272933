// Spoor: the tracer that init() makes, with the real encoder and queue; what leaves is thrown away instead of sent.
import { init, traced } from 'spoor'
import { FORMAT_HTTP_HEADERS } from 'spoor/api'
import { BatchSink, ProtobufBatchEncoder } from 'spoor/export'
import { add, incoming, names, path } from './cases.mjs'
import { clock, report } from './clock.mjs'

let bytes = 0

const sender = {
  async send(batch) {
    bytes += batch.bytes
    return { outcome: 'sent', rejected: 0, message: '' }
  },
  sendSync() {},
  hurry() {},
  async close() {},
}
const envelope = {
  resource: ['service.name', 'bench'],
  scopeName: 'spoor',
  scopeVersion: '0',
  schemaUrl: '',
}
const sink = new BatchSink(new ProtobufBatchEncoder(() => envelope), sender)

// OTEL_SDK_DISABLED and OTEL_TRACES_SAMPLER of the environment say which of the cases this process is for.
const tracer = init({ serviceName: 'bench', exporters: [sink], propagators: ['tracecontext'] })
const work = traced(add)

const parent = tracer.startSpan('parent').context()

const cases = {
  [names.span]: spans,
  [names.active](times) {
    let total = 0
    for (let i = 0; i < times; i++) {
      tracer.startActiveSpan('work', () => {
        total = add(total, i)
      })
    }
    return total + bytes
  },
  [names.inject](times) {
    let headers
    for (let i = 0; i < times; i++) {
      headers = {}
      tracer.inject(parent, FORMAT_HTTP_HEADERS, headers)
    }
    return headers
  },
  [names.extract](times) {
    let found
    for (let i = 0; i < times; i++) found = tracer.extract(FORMAT_HTTP_HEADERS, incoming)
    return found
  },
}

const unsampledCases = { [names.unsampled]: spans }

const disabledCases = {
  [names.disabled](times) {
    let total = 0
    for (let i = 0; i < times; i++) total = work(total, i)
    return total
  },
}

const { OTEL_SDK_DISABLED, OTEL_TRACES_SAMPLER } = process.env
const figures = await clock(
  OTEL_SDK_DISABLED === 'true'
    ? disabledCases
    : OTEL_TRACES_SAMPLER === 'always_off'
      ? unsampledCases
      : cases,
)
// A queue that was full has saved itself the encoding.
if (sink.dropped > 0) throw new Error(`${sink.dropped} spans were dropped, so the figures are too low`)
report(figures)

function spans(times) {
  for (let i = 0; i < times; i++) {
    const span = tracer.startSpan('GET /orders/:id')
    span.setTag('http.request.method', 'GET')
    span.setTag('http.route', '/orders/:id')
    span.setTag('url.path', path(i))
    span.setTag('http.response.status_code', 200)
    span.finish()
  }
  return bytes
}
