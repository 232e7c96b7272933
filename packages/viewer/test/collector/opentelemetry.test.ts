import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import type { SpanDetail, TraceSkeleton } from '../../dist/api.js'
import { testViewer } from '../support/viewer.js'

const exporters: [string, (url: string) => SpanExporter][] = [
  ['protobuf', (url) => new ProtobufExporter({ url })],
  ['protobuf, gzip', (url) => new ProtobufExporter({ url, compression: 'gzip' as never })],
  ['JSON', (url) => new JsonExporter({ url })],
]

for (const [name, makeExporter] of exporters) {
  test(`what OpenTelemetry's own exporter sends as ${name} arrives as it was meant`, async (t) => {
    const viewer = await testViewer(t)
    const exporter = makeExporter(`${viewer.otlpUrl}/v1/traces`)
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
    const tracer = provider.getTracer('otel-test', '1.2.3')
    const parent = tracer.startSpan('GET /items', {
      kind: SpanKind.SERVER,
      startTime: [1_795_176_000, 123_456_789],
    })
    const attributes = { text: 'café', yes: true, count: 42, ratio: 0.25, list: ['a', 'b'] }
    const child = tracer.startSpan(
      'SELECT',
      {
        kind: SpanKind.CLIENT,
        startTime: [1_795_176_000, 124_000_000],
        attributes,
        links: [{ context: parent.spanContext(), attributes: { why: 'test' } }],
      },
      trace.setSpan(ROOT_CONTEXT, parent),
    )
    child.addEvent('retry', { attempt: 2 }, [1_795_176_000, 125_000_000])
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'timeout' })
    child.end([1_795_176_000, 130_000_000])
    parent.end([1_795_176_000, 140_000_000])
    await provider.shutdown()

    const { traceId, spanId } = child.spanContext()
    const skeleton = await viewer.get<TraceSkeleton>(`/api/traces/${traceId}`)
    assert.equal(skeleton.start, '1795176000123456789')
    assert.equal(skeleton.duration, 16_543_211)
    assert.deepEqual(skeleton.parent, [-1, 0])
    assert.deepEqual(skeleton.kind, [2, 3])
    assert.deepEqual(skeleton.status, [0, 2])

    const detail = await viewer.get<SpanDetail>(`/api/traces/${traceId}/spans/${spanId}`)
    assert.deepEqual(detail.attributes, attributes)
    assert.deepEqual(detail.status, { code: 2, message: 'timeout' })
    assert.deepEqual(detail.events, [
      { name: 'retry', offset: 1_000_000, attributes: { attempt: 2 }, droppedAttributes: 0 },
    ])
    assert.equal(detail.links[0]?.spanId, parent.spanContext().spanId)
    assert.deepEqual(detail.links[0]?.attributes, { why: 'test' })
    assert.deepEqual(detail.scope, { name: 'otel-test', version: '1.2.3' })
    assert.equal(detail.resource['telemetry.sdk.language'], 'nodejs')
    assert.equal(detail.service, detail.resource['service.name'])
  })
}
