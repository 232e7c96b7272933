// dd-trace: its own tracer, processor and MessagePack encoder; what leaves is thrown away instead of sent.
import { createRequire } from 'node:module'
import { add, incoming, names, path } from './cases.mjs'
import { clock, report } from './clock.mjs'

const require = createRequire(new URL('../contestants/package.json', import.meta.url))
const tracer = require('dd-trace').init({
  service: 'bench',
  plugins: false,
  sampleRate: 1,
  rateLimit: -1,
  startupLogs: false,
  remoteConfig: { pollInterval: 3600 },
})
const disabled = process.env.DD_TRACE_ENABLED === 'false'
let bytes = 0
// No public way leads to the encoder without a socket. If this path is gone, so is the measurement, loudly.
const writer = disabled ? undefined : tracer._tracer._exporter._writer
if (!disabled) {
  writer._sendPayload = (payload, _count, done) => {
    bytes += payload.length ?? 0
    done()
  }
}

const wrapped = tracer.wrap('work', add)
const parent = tracer.startSpan('parent')

const cases = {
  [names.span](times) {
    for (let i = 0; i < times; i++) {
      const span = tracer.startSpan('web.request')
      span.setTag('http.method', 'GET')
      span.setTag('http.route', '/orders/:id')
      span.setTag('http.url', path(i))
      span.setTag('http.status_code', 200)
      span.finish()
    }
    return bytes
  },
  [names.active](times) {
    let total = 0
    for (let i = 0; i < times; i++) {
      tracer.trace('work', () => {
        total = add(total, i)
      })
    }
    return total + bytes
  },
  [names.inject](times) {
    let headers
    for (let i = 0; i < times; i++) {
      headers = {}
      tracer.inject(parent, 'http_headers', headers)
    }
    return headers
  },
  [names.extract](times) {
    let found
    for (let i = 0; i < times; i++) found = tracer.extract('http_headers', incoming)
    return found
  },
}

const disabledCases = {
  [names.disabled](times) {
    let total = 0
    for (let i = 0; i < times; i++) total = wrapped(total, i)
    return total
  },
}

// Flushing is a timer's work in dd-trace: between batches the payload is made and thrown away, in its own time, so
// what is measured is the encoding of every span and not the joining of the payload.
report(disabled ? await clock(disabledCases) : await clock(cases, () => writer.flush()))
