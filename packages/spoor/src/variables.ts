import {
  choice,
  flag,
  list,
  pairs,
  phrases,
  specifier,
  text,
  type Variable,
  whole,
} from './variable-kinds.ts'

/**
 * The environment, in one table. The generated reference and the messages about mistyped names come from here too.
 * Names that OpenTelemetry has are OpenTelemetry's, with its meaning.
 */

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'ratelimited',
  'parentbased_ratelimited',
] as const

const PROPAGATORS = [
  'tracecontext',
  'baggage',
  'b3',
  'b3multi',
  'jaeger',
  'datadog',
  'xray',
  'ottrace',
  'none',
] as const

const OTLP = ['http/protobuf', 'http/json', 'grpc'] as const

/** What the environment says; what it does not say is missing. The table below tells what each one means. */
export interface Settings {
  disabled?: boolean
  serviceName?: string
  resourceAttributes?: string
  propagators?: string[]
  sampler?: (typeof SAMPLERS)[number]
  samplerArgument?: string
  exporters?: string[]
  endpoint?: string
  tracesEndpoint?: string
  protocol?: (typeof OTLP)[number]
  tracesProtocol?: (typeof OTLP)[number]
  headers?: { [key: string]: string }
  tracesHeaders?: { [key: string]: string }
  compression?: 'none' | 'gzip'
  tracesCompression?: 'none' | 'gzip'
  timeout?: number
  tracesTimeout?: number
  certificate?: string
  tracesCertificate?: string
  clientKey?: string
  tracesClientKey?: string
  clientCertificate?: string
  tracesClientCertificate?: string
  insecure?: boolean
  scheduleDelay?: number
  exportTimeout?: number
  maxQueueSize?: number
  maxBatchSize?: number
  attributes?: number
  attributeLength?: number
  spanAttributes?: number
  spanAttributeLength?: number
  events?: number
  links?: number
  eventAttributes?: number
  linkAttributes?: number
  logLevel?: 'none' | 'error' | 'warn' | 'info' | 'debug' | 'verbose' | 'all'
  spoorLogLevel?: 'silent' | 'error' | 'warn' | 'info' | 'debug'
  dialect?: 'otel' | 'opentracing' | 'both'
  disable?: string[]
  remoteParent?: 'continue' | 'restart' | 'ignore'
  statements?: 'masked' | 'raw'
  secretParameters?: string[]
  file?: string
  spillDirectory?: string
  doctor?: boolean
  config?: string
  tracer?: string
  traceAll?: boolean
  tracedAttributes?: string[]
  startSpanCallback?: string
  finishSpanCallback?: string
  ignorePaths?: string[]
  ignoreMethods?: string[]
  ignoreUserAgents?: string[]
  ignoreRoutes?: string[]
  callerNameHeaders?: string[]
  calleeNameHeaders?: string[]
  calleeEndpointHeaders?: string[]
  trustProxy?: boolean
}

export const variables: { readonly [Key in keyof Settings]-?: Variable<NonNullable<Settings[Key]>> } = {
  disabled: flag('OTEL_SDK_DISABLED', 'Switches everything off: nothing is patched, nothing recorded.'),
  serviceName: text(
    'OTEL_SERVICE_NAME',
    'Name of this service in every trace. Default: the name in package.json.',
  ),
  resourceAttributes: text('OTEL_RESOURCE_ATTRIBUTES', 'Facts about this process, `key=value,key=value`.'),
  propagators: list(
    'OTEL_PROPAGATORS',
    'Wire formats: `tracecontext`, `baggage`, `b3`, `b3multi`, `jaeger`, `datadog`, `xray`, `ottrace`, `none`. Default `tracecontext,baggage`.',
    PROPAGATORS,
  ),
  sampler: choice(
    'OTEL_TRACES_SAMPLER',
    SAMPLERS,
    'Which traces are kept. Default `parentbased_always_on`. `ratelimited` is ours.',
  ),
  samplerArgument: text(
    'OTEL_TRACES_SAMPLER_ARG',
    'The ratio (0 to 1) of `traceidratio`, or the traces a second of `ratelimited`.',
  ),
  exporters: list(
    'OTEL_TRACES_EXPORTER',
    'Where spans go: `otlp` (default), `console`, `file`, `none`; several are allowed.',
    ['otlp', 'console', 'file', 'none'],
  ),
  endpoint: text(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'Base address of the collector, `/v1/traces` is appended. Default `http://localhost:4318`.',
  ),
  tracesEndpoint: text(
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    'Address of the collector for traces, used as it is.',
  ),
  protocol: choice('OTEL_EXPORTER_OTLP_PROTOCOL', OTLP, '`http/protobuf` (default) or `http/json`.'),
  tracesProtocol: choice('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', OTLP, 'The same, for traces alone.'),
  headers: pairs('OTEL_EXPORTER_OTLP_HEADERS', 'Headers of every export request.'),
  tracesHeaders: pairs('OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'The same, for traces alone.'),
  compression: choice('OTEL_EXPORTER_OTLP_COMPRESSION', ['none', 'gzip'], '`none` (default) or `gzip`.'),
  tracesCompression: choice(
    'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION',
    ['none', 'gzip'],
    'The same, for traces alone.',
  ),
  timeout: whole('OTEL_EXPORTER_OTLP_TIMEOUT', 'Milliseconds for one export request. Default 10000.', 1),
  tracesTimeout: whole('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'The same, for traces alone.', 1),
  certificate: text('OTEL_EXPORTER_OTLP_CERTIFICATE', 'Path of the certificates to trust, PEM.'),
  tracesCertificate: text('OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE', 'The same, for traces alone.'),
  clientKey: text('OTEL_EXPORTER_OTLP_CLIENT_KEY', 'Path of the key that we prove ourselves with, PEM.'),
  tracesClientKey: text('OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY', 'The same, for traces alone.'),
  clientCertificate: text(
    'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
    'Path of the certificate of that key, PEM.',
  ),
  tracesClientCertificate: text(
    'OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE',
    'The same, for traces alone.',
  ),
  insecure: flag('OTEL_EXPORTER_OTLP_INSECURE', 'Part of the gRPC exporter; over HTTP the address decides.'),
  scheduleDelay: whole(
    'OTEL_BSP_SCHEDULE_DELAY',
    'Milliseconds a finished span waits for company. Default 1000.',
  ),
  exportTimeout: whole(
    'OTEL_BSP_EXPORT_TIMEOUT',
    'Milliseconds after which a batch is given up. Default 60000.',
    1,
  ),
  maxQueueSize: whole(
    'OTEL_BSP_MAX_QUEUE_SIZE',
    'Spans that may wait. Default: not counted, 16 MiB may wait.',
    1,
  ),
  maxBatchSize: whole('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'Spans in one request. Default 2048, and 1 MiB.', 1),
  attributes: whole('OTEL_ATTRIBUTE_COUNT_LIMIT', 'Attributes of a span, an event or a link. Default 128.'),
  attributeLength: whole('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'Characters of a value. Default 4096.'),
  spanAttributes: whole('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'Attributes of a span. Default 128.'),
  spanAttributeLength: whole(
    'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    'Characters of a value. Default 4096.',
  ),
  events: whole('OTEL_SPAN_EVENT_COUNT_LIMIT', 'Events (logs) of a span. Default 128.'),
  links: whole('OTEL_SPAN_LINK_COUNT_LIMIT', 'Links of a span. Default 128.'),
  eventAttributes: whole('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'Attributes of an event. Default 128.'),
  linkAttributes: whole('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 'Attributes of a link. Default 128.'),
  logLevel: choice(
    'OTEL_LOG_LEVEL',
    ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'],
    'How much Spoor says about itself. Default `warn`.',
  ),
  spoorLogLevel: choice(
    'SPOOR_LOG_LEVEL',
    ['silent', 'error', 'warn', 'info', 'debug'],
    'The same, for Spoor alone.',
  ),
  dialect: choice(
    'SPOOR_DIALECT',
    ['otel', 'opentracing', 'both'],
    'Vocabulary of the attributes. Default `otel` for our exporters, `opentracing` for foreign tracers.',
  ),
  disable: list('SPOOR_DISABLE', 'Instrumentations to leave out, by name: `pg,redis`.'),
  remoteParent: choice(
    'SPOOR_REMOTE_PARENT',
    ['continue', 'restart', 'ignore'],
    'What to do with a trace that a caller began. Default `continue`.',
  ),
  statements: choice(
    'SPOOR_STATEMENTS',
    ['masked', 'raw'],
    'Whether SQL leaves the process with its literals. Default `masked`.',
  ),
  secretParameters: list('SPOOR_SECRET_PARAMETERS', 'Further query parameters whose values are masked.'),
  file: text(
    'SPOOR_FILE',
    'Where `OTEL_TRACES_EXPORTER=file` appends OTLP JSON lines. Default `spoor.jsonl`.',
  ),
  spillDirectory: text('SPOOR_SPILL_DIRECTORY', 'A folder that keeps batches while the collector is away.'),
  doctor: flag('SPOOR_DOCTOR', 'Tells at the end what was seen of every library. `spoor doctor` sets it.'),
  config: text('SPOOR_CONFIG', 'The configuration file, instead of the one that would be found.'),
  tracer: specifier(
    'SPOOR_TRACER',
    'A tracer or a function that makes one, by name: `./tracing.js#createTracer`, `package#export`.',
  ),
  traceAll: flag(
    'SPOOR_TRACE_ALL',
    'Whether every request is traced, or only those that tracing objects and marked handlers ask for. Default `true`.',
  ),
  tracedAttributes: list(
    'SPOOR_TRACED_ATTRIBUTES',
    'Properties of a request that its span tells of: `method, headers.user-agent`.',
  ),
  startSpanCallback: specifier(
    'SPOOR_START_SPAN_CALLBACK',
    'The function that is called with the span of each request, by name: `./hooks.js#onStart`.',
  ),
  finishSpanCallback: specifier('SPOOR_FINISH_SPAN_CALLBACK', 'The same, right before the span is finished.'),
  ignorePaths: list('SPOOR_IGNORE_PATHS', 'Paths of requests that are not traced: `/health, /static/*`.'),
  ignoreMethods: list('SPOOR_IGNORE_METHODS', 'Methods of requests that are not traced: `OPTIONS`.'),
  ignoreUserAgents: phrases(
    'SPOOR_IGNORE_USER_AGENTS',
    'Parts of the `User-Agent` of requests that are not traced: `kube-probe, GoogleHC`.',
  ),
  ignoreRoutes: list(
    'SPOOR_IGNORE_ROUTES',
    'Templates of routes whose requests are not traced: `/users/:id/avatar`.',
  ),
  callerNameHeaders: list(
    'SPOOR_CALLER_NAME_HEADERS',
    'Headers that may name the caller; the first that is there becomes the tag `peer.service`.',
  ),
  calleeNameHeaders: list(
    'SPOOR_CALLEE_NAME_HEADERS',
    'Headers of outgoing requests that may name the service called: the tag `peer.service`.',
  ),
  calleeEndpointHeaders: list(
    'SPOOR_CALLEE_ENDPOINT_HEADERS',
    'Headers of outgoing requests that may name the endpoint called: the name of the span, `GET orders.list`.',
  ),
  trustProxy: flag(
    'SPOOR_TRUST_PROXY',
    'Whether `Forwarded` and `X-Forwarded-*` are believed: only where a proxy of yours sets them. Default `false`.',
  ),
}

/** The whole table, for the reference and for the doctor. */
export const environmentTable: readonly Variable<unknown>[] = Object.values(variables)
