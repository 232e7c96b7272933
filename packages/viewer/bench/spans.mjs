/**
 * A deterministic stream of spans, encoded as the requests that an SDK would send: about 15 spans to a trace, twelve
 * services, HTTP and database attributes, an exception with its stack on two percent.
 */
import { Writer } from '../dist/collector/wire.js'

const SERVICES = Array.from(
  { length: 12 },
  (_, i) => `${['cart', 'catalogue', 'orders', 'mailer'][i % 4]}-${i}`,
)
const ROUTES = Array.from(
  { length: 24 },
  (_, i) => `/api/v1/${['items', 'users', 'orders', 'search'][i % 4]}/${i}/:id`,
)
const STACK = Array.from(
  { length: 12 },
  (_, i) => `    at handler${i} (/srv/app/dist/routes/file${i}.js:${i * 17}:9)`,
).join('\n')

/** @yields {{ body: Buffer, traceId: string }} requests of `batch` spans; `traceId` is one of those in it */
export function* requests(spans, { batch = 512, seed = 1, start = Date.now() * 1000 - 3600e6 } = {}) {
  const random = generator(seed)
  let trace = newTrace(random, start)
  let micros = start
  const step = 3600e6 / spans
  for (let sent = 0; sent < spans; sent += batch) {
    const byService = new Map()
    const traceId = trace.id.toString('hex')
    for (let i = 0; i < Math.min(batch, spans - sent); i++) {
      if (trace.left === 0) trace = newTrace(random, micros)
      micros += step
      const span = nextSpan(trace, random)
      const list = byService.get(span.service) ?? []
      byService.set(span.service, list)
      list.push(span)
    }
    yield { body: encode(byService), traceId }
  }
}

function newTrace(random, micros) {
  return { id: bytes(random, 16), micros, ids: [], left: 3 + Math.floor(random() * 25) }
}

function nextSpan(trace, random) {
  trace.left--
  const id = bytes(random, 8)
  const parent = trace.ids.length ? trace.ids[Math.floor(random() * trace.ids.length)] : undefined
  trace.ids.push(id)
  const isDatabase = parent !== undefined && random() < 0.4
  const start =
    BigInt(Math.floor(trace.micros + trace.ids.length * 700)) * 1000n + BigInt(Math.floor(random() * 1000))
  return {
    traceId: trace.id,
    id,
    parent,
    service: Math.floor(random() * SERVICES.length),
    route: Math.floor(random() * ROUTES.length),
    isDatabase,
    isError: random() < 0.02,
    start,
    end: start + BigInt(Math.floor(random() * 50e6)),
    port: 30000 + Math.floor(random() * 30000),
    row: Math.floor(random() * 1e6),
  }
}

function encode(byService) {
  const writer = new Writer(256 * 1024)
  for (const [service, spans] of byService) {
    message(writer, 1, () => {
      message(writer, 1, () => {
        attribute(writer, 1, 'service.name', SERVICES[service])
        attribute(writer, 1, 'service.version', '1.4.2')
        attribute(writer, 1, 'process.pid', 4000 + service)
        attribute(writer, 1, 'host.name', `host-${service % 3}.example`)
        attribute(writer, 1, 'telemetry.sdk.name', 'spoor')
      })
      message(writer, 2, () => {
        message(writer, 1, () => writer.tag(1, 2).string('spoor/http').tag(2, 2).string('0.1.0'))
        for (const span of spans) message(writer, 2, () => encodeSpan(writer, span))
      })
    })
  }
  return Buffer.from(writer.written())
}

function encodeSpan(writer, span) {
  const route = ROUTES[span.route]
  writer.tag(1, 2).bytes(span.traceId).tag(2, 2).bytes(span.id)
  if (span.parent) writer.tag(4, 2).bytes(span.parent)
  writer.tag(5, 2).string(span.isDatabase ? `SELECT ${route.split('/')[3]}` : `GET ${route}`)
  writer.tag(6, 0).varint(span.isDatabase ? 3 : 2)
  writer.tag(7, 1).fixed64(span.start).tag(8, 1).fixed64(span.end)
  const tag = (key, value) => attribute(writer, 9, key, value)
  if (span.isDatabase) {
    tag('db.system.name', 'postgresql')
    tag('db.namespace', 'shop')
    tag('db.operation.name', 'SELECT')
    tag('db.collection.name', route.split('/')[3])
    tag('db.query.text', `SELECT id, name, price FROM ${route.split('/')[3]} WHERE id = $1 AND region = $2`)
    tag('db.response.returned_rows', span.row % 50)
    tag('server.address', 'db.internal.example')
    tag('server.port', 5432)
    tag('thread.id', span.row % 8)
  } else {
    tag('http.request.method', 'GET')
    tag('http.route', route)
    tag('url.path', route.replace(':id', String(span.row)))
    tag('url.scheme', 'https')
    tag('server.address', 'shop.example')
    tag('server.port', 443)
    tag('client.address', `10.0.${span.row % 256}.${span.port % 256}`)
    tag('network.peer.port', span.port)
    tag('network.protocol.version', '1.1')
    tag('user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0')
    tag('http.response.status_code', span.isError ? 500 : 200)
    tag('http.response.body.size', span.row)
  }
  if (!span.isError) return
  message(writer, 11, () => {
    writer.tag(1, 1).fixed64(span.end).tag(2, 2).string('exception')
    attribute(writer, 3, 'exception.type', 'TypeError')
    attribute(writer, 3, 'exception.message', `cannot read row ${span.row}`)
    attribute(writer, 3, 'exception.stacktrace', STACK)
  })
  message(writer, 15, () => writer.tag(2, 2).string('cannot read').tag(3, 0).varint(2))
}

function attribute(writer, field, key, value) {
  message(writer, field, () => {
    writer.tag(1, 2).string(key)
    message(writer, 2, () =>
      typeof value === 'string' ? writer.tag(1, 2).string(value) : writer.tag(3, 0).varint(value),
    )
  })
}

function message(writer, field, write) {
  writer.tag(field, 2).nested(write)
}

function bytes(random, length) {
  const result = Buffer.alloc(length)
  for (let i = 0; i < length; i += 4) result.writeUInt32LE(Math.floor(random() * 2 ** 32), i)
  return result
}

/** mulberry32 */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
