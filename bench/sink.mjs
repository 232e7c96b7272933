/**
 * The local collector of the bench: it takes what the contestants export, counts the spans and forgets them.
 *
 * - `POST /v1/traces`: OTLP protobuf (Spoor, OpenTelemetry)
 * - `PUT /v0.4/traces`, `PUT /v0.5/traces`: the Datadog agent's MessagePack
 * - `GET /counts`: `{ spans, servers, batches, bytes, malformed }` since the start
 *
 * Everything else (the agent's `/info`, telemetry, statistics) is answered with an empty object.
 */
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { countDatadogSpans, countOtlpSpans } from './harness/wire.mjs'

const counts = { spans: 0, servers: 0, batches: 0, bytes: 0, malformed: 0 }

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => answer(request, Buffer.concat(chunks), response))
})
server.keepAliveTimeout = 60_000

server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))

function answer(request, body, response) {
  switch (request.url) {
    case '/counts':
      return json(response, counts)
    case '/v1/traces':
      count(request, body, countOtlpSpans)
      response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 })
      return response.end()
    case '/v0.4/traces':
      count(request, body, (bytes) => countDatadogSpans(bytes, '0.4'))
      return json(response, { rate_by_service: { 'service:,env:': 1 } })
    case '/v0.5/traces':
      count(request, body, (bytes) => countDatadogSpans(bytes, '0.5'))
      return json(response, { rate_by_service: { 'service:,env:': 1 } })
    case '/info':
      return json(response, { version: '7.60.0', endpoints: ['/v0.4/traces'], client_drop_p0s: false })
    default:
      return json(response, {})
  }
}

function count(request, body, counter) {
  try {
    const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const { spans, servers } = counter(bytes)
    counts.spans += spans
    counts.servers += servers
    counts.batches += 1
    counts.bytes += body.length
  } catch (error) {
    counts.malformed += 1
    console.error(`${request.url}: ${error.stack}`)
  }
}

function json(response, value) {
  const body = JSON.stringify(value)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
