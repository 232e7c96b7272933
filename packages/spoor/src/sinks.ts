import type { BatchEncoder } from './export/batch.ts'
import { BatchSink, defaultBatchOptions } from './export/batch.ts'
import { ConsoleSink } from './export/console.ts'
import { FileSink } from './export/file.ts'
import { OtlpHttpSender } from './export/otlp/http.ts'
import { JsonBatchEncoder } from './export/otlp/json-batch.ts'
import { ProtobufBatchEncoder } from './export/otlp/protobuf-batch.ts'
import { detectResource } from './export/resource.ts'
import { SCHEMA_URL, SDK_NAME, SDK_VERSION } from './export/sdk.ts'
import type { PlainAttributes } from './export/span-data.ts'
import { report } from './log.ts'
import type { ResolvedOptions } from './options.ts'
import type { SpanSink } from './tracer/finished-span.ts'

/** The sinks that the options name. */
export function makeSinks(options: ResolvedOptions): SpanSink[] {
  let detected: PlainAttributes | null = null
  const resource = (): PlainAttributes =>
    (detected ??= detectResource({
      env: options.env,
      serviceName: options.serviceName,
      attributes: options.resourceAttributes,
    }))
  const sinks: SpanSink[] = []
  for (const exporter of options.exporters) {
    if (typeof exporter !== 'string') sinks.push(exporter)
    else if (exporter === 'otlp') sinks.push(otlp(options, resource))
    else if (exporter === 'console')
      sinks.push(new ConsoleSink({ serviceName: String(resource()['service.name']), env: options.env }))
    else if (exporter === 'file')
      sinks.push(new FileSink({ path: options.settings.file ?? 'spoor.jsonl', resource: resource() }))
  }
  return sinks
}

function otlp(
  { settings, endpoint, headers, env }: ResolvedOptions,
  resource: () => PlainAttributes,
): SpanSink {
  const protocol = settings.tracesProtocol ?? settings.protocol ?? 'http/protobuf'
  if (protocol === 'grpc') {
    report('env.OTEL_EXPORTER_OTLP_PROTOCOL', 'spans go by http/protobuf: the gRPC exporter is not there yet')
  }
  const json = protocol === 'http/json'
  const encoder: BatchEncoder = json
    ? new JsonBatchEncoder(resource)
    : new ProtobufBatchEncoder(() => ({
        resource: Object.entries(resource()).flat(),
        scopeName: SDK_NAME,
        scopeVersion: SDK_VERSION,
        schemaUrl: SCHEMA_URL,
      }))
  const sender = new OtlpHttpSender({
    url: urlOf(endpoint, settings.tracesEndpoint, settings.endpoint),
    headers: headers ?? { ...settings.headers, ...settings.tracesHeaders },
    contentType: json ? 'application/json' : 'application/x-protobuf',
    compression: settings.tracesCompression ?? settings.compression,
    timeout: settings.tracesTimeout ?? settings.timeout,
    maxRetryTime: settings.exportTimeout,
    tls: {
      certificate: settings.tracesCertificate ?? settings.certificate,
      clientKey: settings.tracesClientKey ?? settings.clientKey,
      clientCertificate: settings.tracesClientCertificate ?? settings.clientCertificate,
    },
    spillDirectory: settings.spillDirectory,
    env,
  })
  return new BatchSink(encoder, sender, {
    maxSpans: settings.maxBatchSize ?? defaultBatchOptions.maxSpans,
    delay: settings.scheduleDelay ?? defaultBatchOptions.delay,
    maxQueueSpans: settings.maxQueueSize,
  })
}

/** A base address gets the path of the signal appended; the address for traces is used as it is. */
function urlOf(option: string | undefined, traces: string | undefined, base: string | undefined): string {
  if (option === undefined && traces !== undefined) return traces
  return `${(option ?? base ?? 'http://localhost:4318').replace(/\/+$/, '')}/v1/traces`
}
